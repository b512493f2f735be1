/**
 * Flows that are watched from outside: which wires the packets of each pass, told by their length, which is unlike any
 * other's. A flow whose uplinks nothing happened to has no reason to be seen on another wire.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { end } from '../../test/interop/fixtures/ending.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import type { Stand } from './streams.ts';

const program = fileURLToPath(new URL('./flow.ts', import.meta.url));
/** Lengths of UDP payload, far enough apart for the padding of WireGuard (16 bytes). */
const LEAST_BYTES = 404;
const APART_BYTES = 32;
/** What sealing adds to the payload, beside the padding: IPv4 and UDP inside, UDP, header and tag outside. */
const INNER_HEADERS = 28;
const OUTER_HEADERS = 8 + 16 + 16;
const PADDING = 16;
/** A single packet of that length may be somebody else's: a probe for the path's MTU. */
const FEW = 2;

export interface OutgoingFlow {
  readonly address: string;
  readonly port: number;
  readonly bytes: number;
}

export interface WatchedFlow extends OutgoingFlow {
  readonly from: Stand;
}

/** Ports that flows are steered by: they prefer the first of two uplinks, or the second. */
export const FLOW_PORTS = [7_101, 7_102] as const;

/** From every stand to every other: so many flows of each of `FLOW_PORTS`. */
export function flowsBetween(stands: readonly Stand[], ofEach = 1): WatchedFlow[] {
  const ports = FLOW_PORTS.flatMap((port) => Array.from({ length: ofEach }, () => port));
  const pairs = stands.flatMap((from) => stands.filter((to) => to !== from).map((to) => ({ from, to })));
  return pairs.flatMap(({ from, to }, at) =>
    ports.map((port, order) => ({
      ...{ from, address: to.address, port },
      bytes: LEAST_BYTES + APART_BYTES * (at * ports.length + order),
    })),
  );
}

export function startFlows(context: Cleanup, flows: readonly WatchedFlow[]): void {
  for (const from of new Set(flows.map((flow) => flow.from))) {
    const own = flows
      .filter((flow) => flow.from === from)
      .map(({ address, port, bytes }) => ({ address, port, bytes }));
    const args = ['netns', 'exec', from.namespace, process.execPath, program, from.address, JSON.stringify(own)];
    const child = spawn('ip', args, { stdio: ['pipe', 'inherit', 'inherit'] });
    context.after(() => end(child, () => child.stdin.end()));
  }
}

/** Length of its UDP datagrams on the outer wire, with their header. */
function wireLength({ bytes }: WatchedFlow): number {
  return Math.ceil((bytes + INNER_HEADERS) / PADDING) * PADDING + OUTER_HEADERS;
}

/** Where packets are counted: what comes from (`ingress`) or is sent to (`egress`) this device. */
export interface Place {
  readonly hook: 'ingress' | 'egress';
  readonly device: string;
}

/** Counts datagrams by length at some places of one namespace. */
export class LengthCounter {
  readonly #nft: (...args: string[]) => string;
  readonly #places: readonly Place[];

  /** `nft`: runs it in the namespace that is meant, and gives what it printed. */
  constructor(nft: (...args: string[]) => string, places: readonly Place[]) {
    this.#nft = nft;
    this.#places = places;
    const chains = places.map(
      ({ hook, device }, at) =>
        `set lengths${at} { typeof udp length; size 4096; flags dynamic; counter; }; ` +
        `chain count${at} { type filter hook ${hook} device "${device}" priority -50; update @lengths${at} { udp length }; };`,
    );
    this.#nft(`table netdev ptlengths { ${chains.join(' ')} }`);
  }

  /** By place, in the order they were given: packets of each length so far. */
  read(): ReadonlyMap<number, number>[] {
    const { nftables } = JSON.parse(this.#nft('-j', 'list', 'table', 'netdev', 'ptlengths')) as {
      nftables: readonly { readonly set?: { readonly name: string; readonly elem?: readonly Counted[] } }[];
    };
    return this.#places.map((_, at) => {
      const elements = nftables.find(({ set }) => set?.name === `lengths${at}`)?.set?.elem ?? [];
      return new Map(elements.map(({ elem }) => [elem.val, elem.counter?.packets ?? 0]));
    });
  }
}

interface Counted {
  readonly elem: { readonly val: number; readonly counter?: { readonly packets: number } };
}

/** Of each flow: the places, by their number over all counters, at which it was seen since the last look. */
export class FlowWatch {
  readonly flows: readonly WatchedFlow[];
  readonly #counters: readonly LengthCounter[];
  #before: readonly ReadonlyMap<number, number>[];

  constructor(flows: readonly WatchedFlow[], counters: readonly LengthCounter[]) {
    this.flows = flows;
    this.#counters = counters;
    this.#before = this.#read();
  }

  look(): ReadonlySet<number>[] {
    const before = this.#before;
    const now = this.#read();
    this.#before = now;
    return this.flows.map((flow) => {
      const length = wireLength(flow);
      const grown = now.flatMap((counts, at) =>
        (counts.get(length) ?? 0) - (before[at]!.get(length) ?? 0) > FEW ? [at] : [],
      );
      return new Set(grown);
    });
  }

  #read(): ReadonlyMap<number, number>[] {
    return this.#counters.flatMap((counter) => counter.read());
  }
}
