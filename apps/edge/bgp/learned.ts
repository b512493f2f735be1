/** What BGP has brought, as forwarder and kernel want it. Pure. */
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

export interface Change {
  readonly prefix: Prefix;
  /** Of the best route; undefined: there is none any more. */
  readonly nextHop: Uint8Array | undefined;
}

/** Best routes by prefix; where their next hops lead is asked when they are told. */
export class BestRoutes {
  readonly #routes = new Map<string, { readonly prefix: Prefix; readonly nextHop: Uint8Array }>();

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

  /** What leads nowhere now is left out. */
  learned(edgeAt: (nextHop: Uint8Array) => string | undefined, hopTo: (nextHop: Uint8Array) => LanHop | undefined) {
    const fabric: { prefix: Prefix; edgeId: string }[] = [];
    const lan: (LanHop & { prefix: Prefix })[] = [];
    for (const { prefix, nextHop } of this.#routes.values()) {
      const edgeId = edgeAt(nextHop);
      const hop = edgeId === undefined ? hopTo(nextHop) : undefined;
      if (edgeId !== undefined) fabric.push({ prefix, edgeId });
      else if (hop !== undefined) lan.push({ prefix, ...hop });
    }
    return { fabric, lan } satisfies Learned;
  }
}

/** `100.127.0.1`, also where an IPv6 route names it; the key of an edge. */
export function overlayKey(nextHop: Uint8Array): string {
  const mapped = nextHop.length === 16 && nextHop.subarray(0, 10).every((byte) => byte === 0);
  return (mapped && nextHop[10] === 0xff && nextHop[11] === 0xff ? nextHop.subarray(12) : nextHop).join('.');
}

export function inSegment(prefix: Prefix): SegmentPrefix {
  return { segment: 0, prefix: formatPrefix(prefix) };
}
