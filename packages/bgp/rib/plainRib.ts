/**
 * A RIB as one would write it without a thought for speed: maps and lists of values, everything worked out anew at each
 * question. The tests hold the real one against it.
 */
import { toHex } from '@patronus/wire';
import { asPathLength } from '../codec/attributes/asPath.ts';
import { AttributeCode, Flag, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST } from '../codec/families.ts';
import { attributeValue } from '../codec/update.ts';
import type { PeerSettings } from './peers.ts';

export interface PlainRoute {
  readonly peer: number;
  readonly pathId: number;
  readonly attributes: readonly PathAttribute[];
  isStale: boolean;
}

const NO_EXPORT = 0xffff_ff01;
const NO_ADVERTISE = 0xffff_ff02;
const NO_EXPORT_SUBCONFED = 0xffff_ff03;
const LLGR_STALE = 0xffff_0006;
const CLUSTER = 0x0a00_00ff;

export class PlainRib {
  readonly routes = new Map<string, PlainRoute[]>();
  readonly peers = new Map<number, PeerSettings>();

  learn(peer: number, prefix: string, pathId: number, attributes: readonly PathAttribute[]): void {
    this.withdraw(peer, prefix, pathId);
    const routes = this.routes.get(prefix) ?? [];
    routes.push({ peer, pathId, attributes, isStale: false });
    this.routes.set(prefix, routes);
  }

  withdraw(peer: number, prefix: string, pathId: number): void {
    this.#keep(prefix, (route) => route.peer !== peer || route.pathId !== pathId);
  }

  forget(peer: number): void {
    for (const prefix of this.routes.keys()) this.#keep(prefix, (route) => route.peer !== peer);
  }

  markStale(peer: number): void {
    for (const route of [...this.routes.values()].flat()) if (route.peer === peer) route.isStale = true;
  }

  sweep(peer: number): void {
    for (const prefix of this.routes.keys()) this.#keep(prefix, (route) => route.peer !== peer || !route.isStale);
  }

  /** Routes that may be chosen. */
  eligible(prefix: string): PlainRoute[] {
    return (this.routes.get(prefix) ?? []).filter(({ peer, attributes }) => !this.#isRefused(peer, attributes));
  }

  best(prefix: string): PlainRoute | undefined {
    let left = this.eligible(prefix);
    const lowest = (score: (route: PlainRoute) => number | bigint) => {
      const scores = left.map(score);
      const least = scores.reduce((one, other) => (other < one ? other : one), scores[0] ?? 0);
      left = left.filter((_, at) => scores[at] === least);
    };
    const settings = ({ peer }: PlainRoute) => this.peers.get(peer)!;
    lowest(({ attributes }) => (communities(attributes).includes(LLGR_STALE) ? 1 : 0));
    lowest(({ attributes }) => -(attributeValue(attributes, AttributeCode.localPreference) ?? 100));
    lowest(({ attributes }) => attributeValue(attributes, AttributeCode.aigp)?.metric ?? 2n ** 70n);
    lowest(({ attributes }) => asPathLength(path(attributes)));
    lowest(({ attributes }) => ['igp', 'egp', 'incomplete'].indexOf(attributeValue(attributes, AttributeCode.origin)!));
    const med = ({ attributes }: PlainRoute) => attributeValue(attributes, AttributeCode.multiExitDiscriminator) ?? 0;
    left = left.filter(
      (route) => !left.some((other) => neighbour(other) === neighbour(route) && med(other) < med(route)),
    );
    lowest((route) => (settings(route).kind === 'external' ? 0 : 1));
    lowest((route) => attributeValue(route.attributes, AttributeCode.originatorId) ?? settings(route).identifier);
    lowest(({ attributes }) => attributeValue(attributes, AttributeCode.clusterList)?.length ?? 0);
    lowest((route) => Number.parseInt(toHex(settings(route).address), 16));
    lowest(({ pathId }) => pathId);
    return left[0];
  }

  /** What the peer has to be told of a route; undefined: nothing. */
  told(target: number, route: PlainRoute | undefined, family: FamilyKey): string | undefined {
    if (route === undefined || route.peer === target) return undefined;
    const to = this.peers.get(target)!;
    const from = this.peers.get(route.peer)!;
    const tags = communities(route.attributes);
    const isExternal = to.kind === 'external';
    if (tags.includes(NO_ADVERTISE) || tags.includes(LLGR_STALE)) return undefined;
    if (isExternal && (tags.includes(NO_EXPORT) || tags.includes(NO_EXPORT_SUBCONFED))) return undefined;
    if (from.kind === 'internal' && to.kind === 'internal') return undefined;
    const own = family === IPV4_UNICAST ? to.ownNextHops.ipv4! : to.ownNextHops.ipv6!;
    const isReflected = from.kind !== 'external';
    const told: Record<string, unknown> = {};
    for (const one of route.attributes) {
      if (one.code === 'unknown') {
        if ((one.flags & Flag.transitive) !== 0) told[one.number] = [one.flags | Flag.partial, toHex(one.value)];
      } else if (one.code !== AttributeCode.mpUnreach) told[one.code] = one.value;
    }
    const nextHop = nextHopOf(route.attributes);
    delete told[AttributeCode.mpReach];
    delete told[AttributeCode.nextHop];
    told['next hop'] = isExternal ? own : nextHop;
    if (isExternal) {
      for (const code of [4, 5, 9, 10, 26]) delete told[code];
      told[AttributeCode.asPath] = prepend(path(route.attributes), to.localAs);
    } else {
      told[AttributeCode.localPreference] ??= 100;
      if (isReflected) {
        told[AttributeCode.originatorId] ??= from.identifier;
        told[AttributeCode.clusterList] = [
          CLUSTER,
          ...(attributeValue(route.attributes, AttributeCode.clusterList) ?? []),
        ];
      }
    }
    return asText(told);
  }

  #keep(prefix: string, isKept: (route: PlainRoute) => boolean): void {
    const left = (this.routes.get(prefix) ?? []).filter(isKept);
    if (left.length === 0) this.routes.delete(prefix);
    else this.routes.set(prefix, left);
  }

  #isRefused(peer: number, attributes: readonly PathAttribute[]): boolean {
    const { kind, as, localAs } = this.peers.get(peer)!;
    const segments = path(attributes);
    if (segments.some(({ numbers }) => numbers.includes(localAs))) return true;
    if (kind === 'external') return segments[0]?.type !== 'sequence' || segments[0].numbers[0] !== as;
    return attributeValue(attributes, AttributeCode.clusterList)?.includes(CLUSTER) === true;
  }
}

/** What a peer makes of what it was told, in words that can be compared. */
export function heard(attributes: readonly PathAttribute[]): string {
  const told: Record<string, unknown> = {};
  for (const one of attributes) {
    if (one.code === 'unknown') told[one.number] = [one.flags, toHex(one.value)];
    else if (one.code !== AttributeCode.mpUnreach) told[one.code] = one.value;
  }
  delete told[AttributeCode.mpReach];
  delete told[AttributeCode.nextHop];
  told['next hop'] = nextHopOf(attributes);
  return asText(told);
}

function asText(told: Record<string, unknown>): string {
  return JSON.stringify(told, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value);
    return typeof value === 'bigint' ? String(value) : value;
  });
}

function nextHopOf(attributes: readonly PathAttribute[]): Uint8Array | undefined {
  const reach = attributeValue(attributes, AttributeCode.mpReach);
  return reach?.nextHop ?? attributeValue(attributes, AttributeCode.nextHop);
}

function communities(attributes: readonly PathAttribute[]): readonly number[] {
  return attributeValue(attributes, AttributeCode.communities) ?? [];
}

function path(attributes: readonly PathAttribute[]) {
  return attributeValue(attributes, AttributeCode.asPath) ?? [];
}

function neighbour({ attributes }: PlainRoute): number {
  const [first] = path(attributes);
  return first?.type === 'sequence' ? first.numbers[0]! : 0;
}

function prepend(segments: ReturnType<typeof path>, as: number): ReturnType<typeof path> {
  const [first, ...others] = segments;
  if (first?.type !== 'sequence' || first.numbers.length === 255) {
    return [{ type: 'sequence', numbers: [as] }, ...segments];
  }
  return [{ type: 'sequence', numbers: [as, ...first.numbers] }, ...others];
}
