/**
 * Path groups: for each edge the tunnels that lead to it, in the order steering wants, and the one in use now. Which
 * one that is, fastSwitch.ts says; here is only what was last published and last chosen.
 */
import { NO_TUNNEL, switchGroups } from '../fastSwitch.ts';

export interface Group {
  readonly edgeId: string;
  /** Link numbers by preference. */
  readonly tunnels: readonly number[];
}

export class Groups {
  generation = 0;
  #groups: readonly Group[] = [];
  #tunnels: readonly (readonly number[])[] = [];
  #active = new Int32Array(0);

  get all(): readonly Group[] {
    return this.#groups;
  }

  /** Link number that this group now sends through, or NO_TUNNEL. */
  activeOf(group: number): number {
    return this.#active[group] ?? NO_TUNNEL;
  }

  /** Publishes new groups. What each edge was reached through stays known, so that only real changes are reported. */
  publish(generation: number, groups: readonly Group[]): void {
    const before = new Map(this.#groups.map((group, at) => [group.edgeId, this.#active[at]!]));
    this.generation = generation;
    this.#groups = groups;
    this.#tunnels = groups.map((group) => group.tunnels);
    this.#active = Int32Array.from(groups, (group) => before.get(group.edgeId) ?? NO_TUNNEL);
  }

  /** Chooses anew after a change of groups or states. */
  switch(isUp: Uint8Array, changed: (group: Group, tunnel: number) => void): void {
    switchGroups(this.#tunnels, isUp, this.#active, (at, tunnel) => changed(this.#groups[at]!, tunnel));
  }
}
