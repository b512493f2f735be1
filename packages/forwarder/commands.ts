/** What an edge says to its forwarder. Every command but `routes` carries the whole of what it sets. */
import type { AuthenticationType } from '@patronus/bfd';

/** A descriptor handed over travels with the frame that names it. */
export interface DescriptorCommand {
  readonly type: 'descriptor';
  /**
   * `tun`, or `uplink:ID:4` and `uplink:ID:6`. For neighbours (neighbourNames.ts): `bfd:4`, `bfd:6`, `bfdm:4`, `bfdm:6`, which
   * hear, and `neighbour:ID`, which speaks. A name given again replaces (and closes) the earlier one.
   */
  readonly name: string;
}

export interface ForwarderUplink {
  readonly id: string;
  /** Base64, 32 bytes. Goes over the socket only, never to a log or an argument list. */
  readonly privateKey: string;
  /** Handshake timestamps stay above this TAI64N label (24 hex digits), whatever the clock says. */
  readonly timestampFloor: string | null;
  /** What the uplink carries at most, if a person said so: what would exceed it waits here, by priority. */
  readonly bitsPerSecond?: number;
}

export interface ForwarderTunnel {
  readonly id: string;
  readonly uplinkId: string;
  readonly edgeId: string;
  readonly publicKey: string;
  readonly family: 4 | 6;
  /** `address:port`, in order of trial. */
  readonly endpoints: readonly string[];
  /** How often its BFD session sends; DEFAULT_BFD_TIMERS unless given. */
  readonly bfd?: ForwarderBfdTimers;
  /** Whether it is suspected when it falls silent while it talks (talk/); yes unless given. */
  readonly suspectsSilence?: boolean;
}

/** ms; RFC 5880 §6.8.1 counts µs. */
export interface ForwarderBfdTimers {
  readonly intervalMs: number;
  /** While it carries nothing. */
  readonly idleIntervalMs: number;
  readonly multiplier: number;
}

/** A remote edge: the sources its site may send from. */
export interface ForwarderEdge {
  readonly id: string;
  readonly allowed: readonly SegmentPrefix[];
  /** Its own address inside the fabric, of the family of ours: where its BFD packets come from (RFC 5881 §4). */
  readonly overlayAddress: string;
  /**
   * ICMP echo requests from our overlay address with this identifier (RFC 792) go to this edge, also where the route would
   * take another one first: they ask for the LAN behind it.
   */
  readonly reachIdentifier?: number;
}

/** A stock WireGuard peer: plain packets of segment 0, no overlay frames. */
export interface ForwarderPeer {
  readonly id: string;
  readonly uplinkId: string;
  readonly publicKey: string;
  readonly presharedKey: string | null;
  readonly allowed: readonly SegmentPrefix[];
}

export interface SegmentPrefix {
  readonly segment: number;
  readonly prefix: string;
}

/** (segment, prefix) → next-hop edges by preference, or a stock peer of this edge. */
export interface ForwarderRoute extends SegmentPrefix {
  readonly nextHops: readonly string[];
  readonly peerId?: string;
}

/** Which packets belong to a policy: all that is given has to hold; nothing given holds for every packet. */
export interface TrafficMatch {
  readonly segment?: number;
  /** Any of these prefixes holds the source (destination). */
  readonly sources?: readonly string[];
  readonly destinations?: readonly string[];
  /** IP protocol number: 6 TCP, 17 UDP. */
  readonly protocol?: number;
  /** Source or destination port lies in one of these ranges, both ends included. */
  readonly ports?: readonly (readonly [number, number])[];
  /** One of these code points (RFC 2474), 0…63. */
  readonly dscp?: readonly number[];
  /** Any of these, by their id in `applications`. */
  readonly applications?: readonly string[];
}

/** How an application is known: any of these. A name also stands for what is below it. */
export interface ForwarderApplication {
  readonly id: string;
  readonly ports: readonly { readonly protocol: 6 | 17; readonly first: number; readonly last: number }[];
  readonly prefixes: readonly string[];
  readonly names: readonly string[];
}

/** Which goes first on an uplink that is full: strictly in this order. */
export type ForwarderPriority = 'realtime' | 'high' | 'normal' | 'bulk';

/** A policy. The first in the list that matches a flow's first packet is the flow's. */
export interface ForwarderPolicy {
  readonly id: string;
  readonly match: TrafficMatch;
  /** LZ4 level 0…16 (higher compresses more and costs more) towards edges that can expand; null: never compressed. */
  readonly compression: number | null;
  /** `allow` unless given. Denied at both ends, from the first packet that shows it. */
  readonly action?: 'allow' | 'deny';
  /** Which of an edge's path groups its flows take; `default` unless given. */
  readonly treatment?: string;
  /** `normal` unless given. */
  readonly priority?: ForwarderPriority;
  /** Most of the uplink's rate, 1…100; null or absent: all that is free. */
  readonly limitPercent?: number | null;
  /** Code point its packets get, 0…63; null or absent: theirs stays. */
  readonly mark?: number | null;
}

/** A router outside of the fabric that BFD runs with, on the LAN or beyond an uplink (RFC 5881, 5883). */
export interface ForwarderNeighbour {
  readonly id: string;
  /** Its address, the one that it sends from. */
  readonly address: string;
  readonly isMultihop: boolean;
  readonly intervalMs: number;
  readonly multiplier: number;
  /** Silent until it is spoken to (RFC 5880 §6.1). */
  readonly isPassive: boolean;
  /** `key` goes over the socket only, never to a log or an argument list. */
  readonly authentication: {
    readonly type: AuthenticationType;
    readonly keyId: number;
    readonly key: string;
  } | null;
}

/**
 * Everything the packet path knows, as a whole. Keys and peers that stay keep their sessions; the sockets of uplinks
 * that it does not name are closed and forgotten.
 */
export interface ConfigureCommand {
  readonly type: 'configure';
  readonly serial: number;
  readonly mtu: number;
  readonly overlayAddress: string;
  /** Sources this edge's own LAN side may use towards the fabric: other sources from the TUN are dropped. */
  readonly local: readonly SegmentPrefix[];
  readonly uplinks: readonly ForwarderUplink[];
  readonly tunnels: readonly ForwarderTunnel[];
  readonly edges: readonly ForwarderEdge[];
  readonly peers: readonly ForwarderPeer[];
  readonly routes: readonly ForwarderRoute[];
  /** In order of priority. What none matches belongs to no policy and is never compressed. */
  readonly policies?: readonly ForwarderPolicy[];
  /** Those that policies name. */
  readonly applications?: readonly ForwarderApplication[];
  readonly neighbours?: readonly ForwarderNeighbour[];
}

/**
 * Routes that come and go by themselves, while the configuration stays. What it says of a prefix counts more; a `configure`
 * leaves them as they are. Unlike other commands this one tells what is different: of thousands one may change, many times a
 * second. Of a prefix the last word counts, so telling it again changes nothing.
 */
export interface RoutesCommand {
  readonly type: 'routes';
  readonly set: readonly LearnedRoute[];
  readonly gone: readonly SegmentPrefix[];
}

export interface LearnedRoute extends SegmentPrefix {
  /** Edges by preference. */
  readonly nextHops: readonly string[];
}

/**
 * How a group uses its tunnels, of those that are up: the first alone; spread over all by weight, each flow on one; every
 * packet over the first two; over the first, with parity.
 */
export type GroupMode = 'single' | 'balance' | 'duplicate' | 'fec';

/** A path group as steering publishes it: flows of this treatment to this edge, through these tunnels. */
export interface PathGroup {
  readonly edgeId: string;
  /** `default` unless given; it also serves treatments that have no group of their own. */
  readonly treatment?: string;
  /** By preference. */
  readonly tunnelIds: readonly string[];
  /** `single` unless given. */
  readonly mode?: GroupMode;
  /** `balance`: one for each tunnel, 1…100. */
  readonly weights?: readonly number[];
}
export interface GroupsCommand {
  readonly type: 'groups';
  readonly generation: number;
  readonly groups: readonly PathGroup[];
}

/** Asks for a `telemetry` event. */
export interface ReportCommand {
  readonly type: 'report';
}

/** Asks which flows are known that fit, newest first, at most 64: answered by a `flows` event with the same `id`. */
export interface FlowsCommand {
  readonly type: 'flows';
  readonly id: number;
  /** All that is given has to hold; addresses as text. */
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: number;
  /** Source or destination port. */
  readonly port?: number;
}

export type ForwarderCommand =
  | DescriptorCommand
  | ConfigureCommand
  | RoutesCommand
  | GroupsCommand
  | ReportCommand
  | FlowsCommand;
