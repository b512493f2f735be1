/**
 * One question about the flow table: which flows fit, newest first. The table is looked through in stretches, so that no
 * packet waits for all of it; flows that come and go meanwhile may be missed.
 */
import { type Family, formatAddress, parseAddress } from '@patronus/net';
import type { FlowReport, FlowsCommand } from './control.ts';
import { NO_TUNNEL } from './fastSwitch.ts';
import type { PathContext } from './path/context.ts';
import { NO_APPLICATION, NO_EDGE } from './tables/flows.ts';

/** Entries a turn: some tens of microseconds. */
const STRETCH = 4_096;
const MOST_FLOWS = 64;

interface Filter {
  readonly source: Uint8Array | undefined;
  readonly destination: Uint8Array | undefined;
  readonly protocol: number | undefined;
  readonly port: number | undefined;
}

/** One flow as its key and its beginner tell it. */
interface Ends {
  readonly segment: number;
  readonly family: Family;
  readonly protocol: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export class FlowQuery {
  readonly id: number;
  readonly #context: PathContext;
  readonly #filter: Filter;
  /** Newest first. */
  readonly #found: { readonly entry: number; readonly lastUsedMs: number }[] = [];
  #next = 0;

  private constructor(context: PathContext, id: number, filter: Filter) {
    this.id = id;
    this.#context = context;
    this.#filter = filter;
  }

  /** undefined: an address cannot be read, so nothing fits. */
  static read(context: PathContext, command: FlowsCommand): FlowQuery | undefined {
    const { source, destination, protocol, port } = command;
    const [from, to] = [source, destination].map((text) =>
      text === undefined ? undefined : parseAddress(text)?.bytes,
    );
    if ((source !== undefined && from === undefined) || (destination !== undefined && to === undefined))
      return undefined;
    return new FlowQuery(context, command.id, { source: from, destination: to, protocol, port });
  }

  /** Looks through the next stretch; true when all was seen. */
  step(): boolean {
    const { flows } = this.#context;
    const end = Math.min(this.#next + STRETCH, flows.capacity);
    for (let entry = this.#next; entry < end; entry++) {
      if (!flows.isTaken(entry)) continue;
      const lastUsedMs = flows.lastUsedMs(entry);
      if (this.#found.length === MOST_FLOWS && lastUsedMs <= this.#found.at(-1)!.lastUsedMs) continue;
      if (this.#fits(entry)) this.#keep(entry, lastUsedMs);
    }
    this.#next = end;
    return end === flows.capacity;
  }

  flows(): FlowReport[] {
    return this.#found.map(({ entry }) => this.#report(entry));
  }

  #keep(entry: number, lastUsedMs: number): void {
    const at = this.#found.findIndex((other) => other.lastUsedMs < lastUsedMs);
    this.#found.splice(at === -1 ? this.#found.length : at, 0, { entry, lastUsedMs });
    if (this.#found.length > MOST_FLOWS) this.#found.pop();
  }

  #fits(entry: number): boolean {
    const { source, destination, protocol, port } = this.#filter;
    const key = this.#context.flows.keyOf(entry);
    if (protocol !== undefined && (key[0]! & 0xff) !== protocol) return false;
    if (port !== undefined && key[1]! >>> 16 !== port && (key[1]! & 0xffff) !== port) return false;
    if (source === undefined && destination === undefined) return true;
    const ends = this.#ends(entry);
    return isSame(source, ends.source) && isSame(destination, ends.destination);
  }

  #ends(entry: number): Ends {
    const { flows } = this.#context;
    const key = flows.keyOf(entry);
    const family: Family = ((key[0]! >>> 8) & 0xff) === 4 ? 4 : 6;
    const length = family === 4 ? 4 : 16;
    const ends = [
      { address: addressBytes(key, 2, length), port: key[1]! >>> 16 },
      { address: addressBytes(key, 6, length), port: key[1]! & 0xffff },
    ] as const;
    const beginner = flows.initiators[entry] === 0 ? 0 : 1;
    const [from, to] = [ends[beginner], ends[beginner === 0 ? 1 : 0]];
    return {
      segment: key[0]! >>> 16,
      family,
      protocol: key[0]! & 0xff,
      ...{ source: from.address, sourcePort: from.port, destination: to.address, destinationPort: to.port },
    };
  }

  #report(entry: number): FlowReport {
    const { flows, groups, links, policies, applications } = this.#context;
    const { family, source, destination, ...rest } = this.#ends(entry);
    const policy = policies.at(flows.policies[entry]!);
    const sides = [flows.edges[entry * 2]!, flows.edges[entry * 2 + 1]!];
    const edge = sides.find((side) => side !== NO_EDGE);
    const tunnel =
      edge === undefined ? NO_TUNNEL : groups.tunnelOf(groups.of(edge, policy.treatment), flows.buckets[entry]!);
    const application = flows.applications[entry]!;
    return {
      ...rest,
      source: formatAddress({ family, bytes: source }),
      destination: formatAddress({ family, bytes: destination }),
      policyId: policy.id,
      treatment: groups.treatments.nameOf(policy.treatment)!,
      edgeId: edge === undefined ? null : (groups.edges.nameOf(edge) ?? null),
      tunnelId: policy.isDenied ? null : (links.at(tunnel)?.tunnel?.id ?? null),
      application: application === NO_APPLICATION ? null : (applications.nameOf(application) ?? null),
      lastUsedMs: flows.lastUsedMs(entry),
    };
  }
}

function addressBytes(key: Uint32Array, at: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, byte) => key[at + (byte >>> 2)]! >>> (24 - (byte & 3) * 8));
}

function isSame(wanted: Uint8Array | undefined, address: Uint8Array): boolean {
  return wanted === undefined || (wanted.length === address.length && wanted.every((byte, at) => byte === address[at]));
}
