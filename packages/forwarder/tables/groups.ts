/**
 * Path groups: for each treatment and edge the tunnels that lead there, in the order steering wants, and those in use now.
 * Which ones those are, fastSwitch.ts says; here is only what was last published and last chosen.
 *
 * A flow remembers its edge and its policy, and a policy names a treatment: the two together find the group. So neither a
 * publication nor a switch touches a flow.
 */
import type { GroupMode } from '../control.ts';
import {
  BUCKETS,
  chooseTunnel,
  fillBuckets,
  NO_TUNNEL,
  prepareSpread,
  type Spread,
  switchGroups,
  type TunnelStates,
} from '../fastSwitch.ts';
import { Numbering } from './numbering.ts';

export const NO_GROUP = -1;
export const DEFAULT_TREATMENT = 'default';
const DEFAULT = 0;

export interface Group {
  readonly edgeId: string;
  readonly treatment: string;
  /** Link numbers by preference, and what the tunnels are called. */
  readonly tunnels: readonly number[];
  readonly tunnelIds: readonly string[];
  readonly mode: GroupMode;
  /** `balance`: one for each tunnel. */
  readonly weights: readonly number[];
}

export class Groups {
  generation = 0;
  readonly edges = new Numbering();
  readonly treatments = new Numbering();
  #groups: readonly Group[] = [];
  #tunnels: readonly (readonly number[])[] = [];
  #spreads: readonly (Spread | undefined)[] = [];
  /** Group of each (edge, treatment), by `edge * treatments known + treatment`; filled up with each edge's default. */
  #of = new Int32Array(0);
  #treatmentCount = 1;
  #tunnelsOfEdge: readonly (readonly number[])[] = [];
  #active = new Int32Array(0);
  #second = new Int32Array(0);
  /** Of groups that balance: BUCKETS numbers from `group * BUCKETS` on. */
  #buckets = new Int32Array(0);
  #isUsed = new Uint8Array(0);

  constructor() {
    this.treatments.of(DEFAULT_TREATMENT);
  }

  get all(): readonly Group[] {
    return this.#groups;
  }

  /** The group of this treatment that leads to this edge, the edge's default where it has none, or NO_GROUP. */
  of(edge: number, treatment: number): number {
    const known = treatment < this.#treatmentCount ? treatment : DEFAULT;
    return this.#of[edge * this.#treatmentCount + known] ?? NO_GROUP;
  }

  /** Link number that this group now sends through, or NO_TUNNEL; of one that balances, the first that is up. */
  activeOf(group: number): number {
    return this.#active[group] ?? NO_TUNNEL;
  }

  /** The second tunnel of a group that sends twice, or NO_TUNNEL. */
  secondOf(group: number): number {
    return this.#second[group] ?? NO_TUNNEL;
  }

  modeOf(group: number): GroupMode {
    return this.#groups[group]?.mode ?? 'single';
  }

  /** Whether any group to this edge numbers its packets, which takes room. */
  protects(edge: number): boolean {
    for (let treatment = 0; treatment < this.#treatmentCount; treatment++) {
      const mode = this.modeOf(this.of(edge, treatment));
      if (mode === 'duplicate' || mode === 'fec') return true;
    }
    return false;
  }

  /** Link number that this group sends flows of this bucket (0…63) through, or NO_TUNNEL. */
  tunnelOf(group: number, bucket: number): number {
    if (this.#spreads[group] === undefined) return this.#active[group] ?? NO_TUNNEL;
    return this.#buckets[group * BUCKETS + bucket]!;
  }

  /** Every tunnel that a group to this edge may come to use. */
  tunnelsTo(edge: number): readonly number[] {
    return this.#tunnelsOfEdge[edge] ?? [];
  }

  /** Whether any group now sends through this link. */
  uses(link: number): boolean {
    return this.#isUsed[link] === 1;
  }

  /** Publishes new groups. What was last chosen stays known, so that only real changes are reported. */
  publish(generation: number, groups: readonly Group[]): void {
    const before = new Map(this.#groups.map((group, at) => [nameOf(group), this.#active[at]!]));
    this.generation = generation;
    this.#groups = groups;
    this.#tunnels = groups.map((group) => group.tunnels);
    this.#spreads = groups.map(({ mode, tunnels, tunnelIds, weights }) =>
      mode === 'balance' && tunnels.length > 0 ? prepareSpread(tunnels, tunnelIds, weights) : undefined,
    );
    this.#active = Int32Array.from(groups, (group) => before.get(nameOf(group)) ?? NO_TUNNEL);
    this.#second = new Int32Array(groups.length).fill(NO_TUNNEL);
    this.#buckets = new Int32Array(groups.length * BUCKETS).fill(NO_TUNNEL);
    this.#index(groups);
  }

  /** Chooses anew after a change of groups or states. */
  switch(states: TunnelStates, changed: (group: Group, tunnel: number) => void): void {
    switchGroups(this.#tunnels, states, this.#active, (at, tunnel) => changed(this.#groups[at]!, tunnel));
    this.#isUsed = new Uint8Array(states.isUp.length);
    for (let at = 0; at < this.#groups.length; at++) this.#settle(at, states);
  }

  /** What goes with the first tunnel of a group: its second, or its buckets. */
  #settle(at: number, states: TunnelStates): void {
    const group = this.#groups[at]!;
    const active = this.#active[at]!;
    const spread = this.#spreads[at];
    if (spread !== undefined) {
      fillBuckets(spread, states, this.#buckets, at * BUCKETS);
      for (let bucket = 0; bucket < BUCKETS; bucket++) this.#use(this.#buckets[at * BUCKETS + bucket]!);
      return;
    }
    this.#use(active);
    if (group.mode !== 'duplicate' && group.mode !== 'fec') return;
    const second = active === NO_TUNNEL ? NO_TUNNEL : chooseTunnel(group.tunnels, states, active);
    this.#second[at] = second;
    if (group.mode === 'duplicate') this.#use(second);
  }

  #use(link: number): void {
    if (link !== NO_TUNNEL) this.#isUsed[link] = 1;
  }

  #index(groups: readonly Group[]): void {
    const numbered = groups.map(({ edgeId, treatment }, at) => ({
      at,
      edge: this.edges.of(edgeId),
      treatment: this.treatments.of(treatment),
    }));
    this.#treatmentCount = this.treatments.size;
    this.#of = new Int32Array(this.edges.size * this.#treatmentCount).fill(NO_GROUP);
    for (const { at, edge, treatment } of numbered) {
      if (treatment !== DEFAULT) continue;
      this.#of.fill(at, edge * this.#treatmentCount, (edge + 1) * this.#treatmentCount);
    }
    const tunnels = Array.from({ length: this.edges.size }, () => new Set<number>());
    for (const { at, edge, treatment } of numbered) {
      this.#of[edge * this.#treatmentCount + treatment] = at;
      for (const tunnel of groups[at]!.tunnels) tunnels[edge]!.add(tunnel);
    }
    this.#tunnelsOfEdge = tunnels.map((set) => [...set]);
  }
}

function nameOf({ treatment, edgeId }: Group): string {
  return `${treatment}\n${edgeId}`;
}
