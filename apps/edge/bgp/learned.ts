/** What BGP has brought, as forwarder and kernel want it: all of it, and what has changed since the last time. Pure. */
import { formatPrefix, type Prefix } from '@patronus/net';
import type { SegmentPrefix } from '@patronus/protocol';

/** Where a packet for a router's route is given to. */
export interface LanHop {
  readonly gateway: { readonly family: 4 | 6; readonly bytes: Uint8Array };
  readonly interfaceIndex: number;
}

export interface Learned {
  /** Behind other edges. */
  readonly fabric: readonly { readonly prefix: Prefix; readonly edgeId: string }[];
  /** Behind routers of this site. */
  readonly lan: readonly (LanHop & { readonly prefix: Prefix })[];
}

export const nothingLearned: Learned = { fabric: [], lan: [] };

export interface LearnedChange {
  readonly all: Learned;
  /** New, or leading elsewhere than before. */
  readonly set: Learned;
  /** As they were; one that leads to a router now and led to an edge is in both. */
  readonly gone: Learned;
}

export interface Change {
  readonly prefix: Prefix;
  /** Of the best route; undefined: there is none any more. */
  readonly nextHop: Uint8Array | undefined;
}

type Way =
  | { readonly kind: 'fabric'; readonly route: Learned['fabric'][number] }
  | { readonly kind: 'lan'; readonly route: Learned['lan'][number] };

/** Best routes by prefix; where their next hops lead is asked when they are told. */
export class BestRoutes {
  readonly #routes = new Map<string, { readonly prefix: Prefix; readonly nextHop: Uint8Array }>();
  #told: ReadonlyMap<string, Way> = new Map();

  get size(): number {
    return this.#routes.size;
  }

  apply(changes: readonly Change[]): void {
    for (const { prefix, nextHop } of changes) {
      const key = formatPrefix(prefix);
      // All zero: a route of our own.
      if (nextHop === undefined || nextHop.every((byte) => byte === 0)) this.#routes.delete(key);
      else this.#routes.set(key, { prefix, nextHop });
    }
  }

  clear(): void {
    this.#routes.clear();
  }

  /** What leads nowhere now is left out. undefined: all is as it was told the last time. */
  learn(
    edgeAt: (nextHop: Uint8Array) => string | undefined,
    hopTo: (nextHop: Uint8Array) => LanHop | undefined,
  ): LearnedChange | undefined {
    const ways = new Map<string, Way>();
    for (const [key, { prefix, nextHop }] of this.#routes) {
      const edgeId = edgeAt(nextHop);
      const hop = edgeId === undefined ? hopTo(nextHop) : undefined;
      if (edgeId !== undefined) ways.set(key, { kind: 'fabric', route: { prefix, edgeId } });
      else if (hop !== undefined) ways.set(key, { kind: 'lan', route: { prefix, ...hop } });
    }
    const before = this.#told;
    this.#told = ways;
    const set = [...ways].filter(([key, way]) => !leadsTo(before.get(key), way)).map(([, way]) => way);
    const gone = [...before].filter(([key, { kind }]) => ways.get(key)?.kind !== kind).map(([, way]) => way);
    if (set.length === 0 && gone.length === 0) return undefined;
    return { all: sorted(ways.values()), set: sorted(set), gone: sorted(gone) };
  }
}

/** Whether both lead to the same place. */
function leadsTo(one: Way | undefined, other: Way): boolean {
  if (one?.kind === 'fabric') return other.kind === 'fabric' && one.route.edgeId === other.route.edgeId;
  if (one?.kind !== 'lan' || other.kind !== 'lan') return false;
  const [a, b] = [one.route, other.route];
  return a.interfaceIndex === b.interfaceIndex && String(a.gateway.bytes) === String(b.gateway.bytes);
}

function sorted(ways: Iterable<Way>): Learned {
  const fabric: Learned['fabric'][number][] = [];
  const lan: Learned['lan'][number][] = [];
  for (const way of ways) {
    if (way.kind === 'fabric') fabric.push(way.route);
    else lan.push(way.route);
  }
  return { fabric, lan };
}

/** `100.127.0.1`, also where an IPv6 route names it; the key of an edge. */
export function overlayKey(nextHop: Uint8Array): string {
  const mapped = nextHop.length === 16 && nextHop.subarray(0, 10).every((byte) => byte === 0);
  return (mapped && nextHop[10] === 0xff && nextHop[11] === 0xff ? nextHop.subarray(12) : nextHop).join('.');
}

export function inSegment(prefix: Prefix): SegmentPrefix {
  return { segment: 0, prefix: formatPrefix(prefix) };
}
