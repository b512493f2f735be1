/** What the parts of one packet path share: memory, kernels, the outside, and the tables they look into. */
import type { QuicCrypto } from '@patronus/applications';
import { PrefixTrie } from '@patronus/net';
import { Arena } from '../arena.ts';
import type { Cipher } from '../cipher.ts';
import { Drop, DropCounters } from '../drops.ts';
import type { PacketIo } from '../io.ts';
import type { Kernels } from '../kernels/index.ts';
import { type Link, LinkTable } from '../links.ts';
import { Area, type PacketMemory } from '../memory.ts';
import { Protection } from '../protection/protection.ts';
import { Shapers } from '../shaping/shapers.ts';
import { ApplicationTable } from '../tables/applications.ts';
import { FlowTable } from '../tables/flows.ts';
import { Groups } from '../tables/groups.ts';
import { PolicyTable } from '../tables/policies.ts';
import { type EdgesTarget, RouteTable } from '../tables/routes.ts';
import { SessionTable } from '../tables/sessions.ts';
import { Classifier } from './classify.ts';
import { Coalescer } from './coalescing.ts';
import { Recognition } from './recognition.ts';

/** Replaced as a whole by a configuration, but for the routes that were learned. */
export interface Routing {
  readonly routes: RouteTable;
  /** Sources that the LAN side may use. */
  readonly ownSources: PrefixTrie<true>;
  /** Largest inner packet, bytes, on any path. */
  readonly mtu: number;
  /** Where errors about IPv4 and IPv6 packets come from; empty: the destination that could not be reached. */
  readonly ownAddress: Uint8Array;
  /** Edges whose LAN is asked for, by the identifier of the echo requests that do. */
  readonly reach: ReadonlyMap<number, EdgesTarget>;
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
  readonly policies: PolicyTable;
  readonly applications: ApplicationTable;
  readonly recognition: Recognition;
  readonly classifier: Classifier;
  readonly drops: DropCounters;
  /** What waits before uplinks that carry only so much. */
  readonly shapers: Shapers;
  /** What is sent twice or with parity. */
  readonly protection: Protection;
  /** Where datagrams are built: runs of segments, fragments, frames. */
  readonly outgoing: Arena;
  /** Where packets are put of which it is not known yet what becomes of them: expanded ones, single segments, transit. */
  readonly staging: Arena;
  /** Packets on their way to the TUN. */
  readonly coalescer: Coalescer;
  /** Sends and writes all that waits, so that nothing in either arena is needed any more. Set by whoever knows it all. */
  drain: () => void;
  /** A link that is idle carries a packet. Set by whoever looks after tunnels. */
  woken: (link: Link, now: number) => void;
  routing: Routing;
}

export interface ContextParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly cipher: Cipher;
  readonly io: PacketIo;
  readonly quic: QuicCrypto;
  /** Random, so that nobody can choose flows that meet in the table. */
  readonly seed: number;
}

/** Flows a forwarder remembers: room for 100,000 without one being in another's way, 20 MB when all of it is used. */
export const FLOWS = 262_144;

/** A path that knows nobody yet. */
export function createContext({ memory, kernels, cipher, io, quic, seed }: ContextParts): PathContext {
  const drops = new DropCounters();
  const coalescer = new Coalescer(memory, kernels, io, (packets) => drops.count(Drop.tunFailed, packets));
  const groups = new Groups();
  const flows = new FlowTable(FLOWS, seed);
  const applications = new ApplicationTable();
  const recognition = new Recognition(quic, applications, flows.capacity);
  const policies = new PolicyTable({ treatments: groups.treatments, applications });
  const context: PathContext = {
    memory,
    kernels,
    cipher,
    io,
    links: new LinkTable(),
    sessions: new SessionTable(memory),
    groups,
    flows,
    policies,
    applications,
    recognition,
    classifier: new Classifier({ flows, policies, recognition, seed }),
    drops,
    shapers: new Shapers(memory, drops),
    protection: new Protection({ memory, kernels, take: (length) => context.staging.take(length), seed }),
    outgoing: new Arena(Area.outgoing, () => context.drain()),
    staging: new Arena(Area.staging, () => context.drain()),
    coalescer,
    drain: () => undefined,
    woken: () => undefined,
    routing: {
      routes: new RouteTable(),
      ownSources: new PrefixTrie(),
      mtu: 1280,
      ownAddress: new Uint8Array(0),
      reach: new Map(),
    },
  };
  return context;
}
