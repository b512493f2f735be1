/** What the parts of one packet path share: memory, kernels, the outside, and the tables they look into. */
import { PrefixTrie } from '@patronus/net';
import { Arena } from '../arena.ts';
import type { Cipher } from '../cipher.ts';
import { Drop, DropCounters } from '../drops.ts';
import type { PacketIo } from '../io.ts';
import type { Kernels } from '../kernels/index.ts';
import { LinkTable } from '../links.ts';
import { Area, type PacketMemory } from '../memory.ts';
import { ClassTable } from '../tables/classes.ts';
import { FlowTable } from '../tables/flows.ts';
import { Groups } from '../tables/groups.ts';
import type { Target } from '../tables/routes.ts';
import { SessionTable } from '../tables/sessions.ts';
import { Coalescer } from './coalescing.ts';

/** Replaced as a whole by a configuration. */
export interface Routing {
  readonly routes: PrefixTrie<Target>;
  /** Sources that the LAN side may use. */
  readonly ownSources: PrefixTrie<true>;
  /** Largest inner packet, bytes, on any path. */
  readonly mtu: number;
  /** Where errors about IPv4 and IPv6 packets come from; empty: the destination that could not be reached. */
  readonly ownAddress: Uint8Array;
}

export interface PathContext {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly cipher: Cipher;
  readonly io: PacketIo;
  readonly links: LinkTable;
  readonly sessions: SessionTable;
  readonly groups: Groups;
  readonly flows: FlowTable;
  readonly classes: ClassTable;
  readonly drops: DropCounters;
  /** Where datagrams are built: runs of segments, fragments, frames. */
  readonly outgoing: Arena;
  /** Where packets are put of which it is not known yet what becomes of them: expanded ones, single segments, transit. */
  readonly staging: Arena;
  /** Packets on their way to the TUN. */
  readonly coalescer: Coalescer;
  /** Sends and writes all that waits, so that nothing in either arena is needed any more. Set by whoever knows it all. */
  drain: () => void;
  routing: Routing;
}

export interface ContextParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly cipher: Cipher;
  readonly io: PacketIo;
  /** Random, so that nobody can choose flows that meet in the table. */
  readonly seed: number;
}

/** Flows a forwarder remembers: room for 100,000 without one being in another's way, 16 MB when all of it is used. */
export const FLOWS = 262_144;

/** A path that knows nobody yet. */
export function createContext({ memory, kernels, cipher, io, seed }: ContextParts): PathContext {
  const drops = new DropCounters();
  const coalescer = new Coalescer(memory, kernels, io, (packets) => drops.count(Drop.tunFailed, packets));
  const context: PathContext = {
    memory,
    kernels,
    cipher,
    io,
    links: new LinkTable(),
    sessions: new SessionTable(memory),
    groups: new Groups(),
    flows: new FlowTable(FLOWS, seed),
    classes: new ClassTable(),
    drops,
    outgoing: new Arena(Area.outgoing, () => context.drain()),
    staging: new Arena(Area.staging, () => context.drain()),
    coalescer,
    drain: () => undefined,
    routing: { routes: new PrefixTrie(), ownSources: new PrefixTrie(), mtu: 1280, ownAddress: new Uint8Array(0) },
  };
  return context;
}
