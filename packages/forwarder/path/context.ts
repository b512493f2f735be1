/** What the parts of one packet path share: memory, kernels, the outside, and the tables they look into. */
import { PrefixTrie } from '@patronus/net';
import { DropCounters } from '../drops.ts';
import type { PacketIo } from '../io.ts';
import type { Kernels } from '../kernels/index.ts';
import { LinkTable } from '../links.ts';
import type { PacketMemory } from '../memory.ts';
import { FlowTable } from '../tables/flows.ts';
import { Groups } from '../tables/groups.ts';
import type { Target } from '../tables/routes.ts';
import { SessionTable } from '../tables/sessions.ts';

/** Replaced as a whole by a configuration. */
export interface Routing {
  readonly routes: PrefixTrie<Target>;
  /** Sources that the LAN side may use. */
  readonly ownSources: PrefixTrie<true>;
  /** Largest inner packet, bytes. */
  readonly mtu: number;
  /** Where errors about IPv4 and IPv6 packets come from; empty: the destination that could not be reached. */
  readonly ownAddress: Uint8Array;
}

export interface PathContext {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly io: PacketIo;
  readonly links: LinkTable;
  readonly sessions: SessionTable;
  readonly groups: Groups;
  readonly flows: FlowTable;
  readonly drops: DropCounters;
  routing: Routing;
}

/** Flows a forwarder remembers: 5 MB. */
const FLOWS = 65_536;

/** A path that knows nobody yet. `seed` is random. */
export function createContext(memory: PacketMemory, kernels: Kernels, io: PacketIo, seed: number): PathContext {
  return {
    memory,
    kernels,
    io,
    links: new LinkTable(),
    sessions: new SessionTable(memory),
    groups: new Groups(),
    flows: new FlowTable(FLOWS, seed),
    drops: new DropCounters(),
    routing: { routes: new PrefixTrie(), ownSources: new PrefixTrie(), mtu: 1280, ownAddress: new Uint8Array(0) },
  };
}
