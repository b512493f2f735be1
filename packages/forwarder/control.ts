/**
 * What an edge says to its forwarder and hears from it, over a Unix stream socket: frames of JSON, some of which
 * bring a descriptor along (SCM_RIGHTS). The edge owns every descriptor and keeps it open, so that a forwarder that
 * died is replaced by one that is handed the same ones.
 *
 * Every command carries the whole of what it sets: sending it again changes nothing.
 */

/** A descriptor handed over travels with the frame that names it. */
export interface DescriptorCommand {
  readonly type: 'descriptor';
  /** `tun`, or `uplink:ID:4` and `uplink:ID:6`. A name given again replaces (and closes) the earlier one. */
  readonly name: string;
}

export interface ForwarderUplink {
  readonly id: string;
  /** Base64, 32 bytes. Goes over the socket only, never to a log or an argument list. */
  readonly privateKey: string;
  /** Handshake timestamps stay above this TAI64N label (24 hex digits), whatever the clock says. */
  readonly timestampFloor: string | null;
  /** What the uplink carries at most, if a person said so: bursts are cut to what it sends in 2 ms. */
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
}

/** A remote edge: the sources its site may send from. */
export interface ForwarderEdge {
  readonly id: string;
  readonly allowed: readonly SegmentPrefix[];
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

/** Which packets belong to a class: all that is given has to hold; nothing given holds for every packet. */
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
}

/** A policy class. The first in the list that matches a flow's first packet is the flow's. */
export interface ForwarderClass {
  readonly id: string;
  readonly match: TrafficMatch;
  /** LZ4 level 0…16 (higher compresses more and costs more) towards edges that can expand; null: never compressed. */
  readonly compression: number | null;
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
  /** In order of priority. What none matches belongs to no class and is never compressed. */
  readonly classes?: readonly ForwarderClass[];
}

/** A path group as steering publishes it: to this edge, through the first of these tunnels that is up. */
export interface PathGroup {
  readonly edgeId: string;
  readonly tunnelIds: readonly string[];
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

export type ForwarderCommand = DescriptorCommand | ConfigureCommand | GroupsCommand | ReportCommand;

export type LinkState = 'up' | 'down' | 'connecting';

/** What LZ4 did on one tunnel or for one class, totals since the start. Bytes are of inner packets. */
export interface CompressionReport {
  /** Sent: packets that were compressed, their bytes before, and what they became. */
  readonly packets: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  /** Sent as they were although their class compresses: they would not have become smaller. */
  readonly skipped: number;
  /** Received: compressed packets, what came, and what it was expanded to. */
  readonly expandedPackets: number;
  readonly expandedFromBytes: number;
  readonly expandedToBytes: number;
  /** Received frames that could not be expanded. */
  readonly errors: number;
}

/** What one policy class sent, totals since the start; `id` null: what no class matches. */
export interface ClassReport {
  readonly id: string | null;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly compressedPackets: number;
  readonly compressedFromBytes: number;
  readonly compressedToBytes: number;
  readonly skippedPackets: number;
}

export interface TunnelReport {
  readonly id: string;
  readonly state: LinkState;
  /** Monotonic ms of the forwarder's clock (the same CLOCK_MONOTONIC as the edge's). */
  readonly sinceMs: number;
  /** Whether its group now sends through it. */
  readonly active: boolean;
  readonly roundTripUs: number | null;
  readonly minRoundTripUs: number | null;
  /** Probes lost of those sent over the last 10 s, 0…1; null before the first. */
  readonly loss: number | null;
  /** Inner packets alone: neither probes and keepalives nor what sealing adds. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly sentPackets: number;
  /** Monotonic ms of the last completed handshake. */
  readonly lastHandshakeMs: number | null;
  readonly remoteEndpoint: string | null;
  /** Largest inner packet that fits through, bytes: 1,280 until probes have found more. */
  readonly mtu: number;
  readonly compression: CompressionReport;
}

/**
 * What the forwarder found out about the machine, in words for a person: `cipher` (`wasm-simd`, `openssl`), `tun`
 * (`tso4 tso6 uso4 uso6`, or `none`), `udpSend` (`segment`, or `batch` where a socket refused), `udpReceive` (`gro`,
 * `batch`), `node`.
 */
export type Capabilities = Readonly<Record<string, string>>;

export type ForwarderEvent =
  | { readonly type: 'ready'; readonly capabilities: Capabilities }
  /** Descriptors came, or one of them refused an offload: what is used from now on. */
  | { readonly type: 'capabilities'; readonly capabilities: Capabilities }
  | { readonly type: 'configured'; readonly serial: number }
  | { readonly type: 'groupsApplied'; readonly generation: number }
  /** Sent at once when a tunnel's state changes. */
  | {
      readonly type: 'tunnelState';
      readonly tunnelId: string;
      readonly state: LinkState;
      readonly atMs: number;
      readonly reason: string;
    }
  /** The group's sending tunnel changed (null: none is up). */
  | {
      readonly type: 'switched';
      readonly edgeId: string;
      readonly tunnelId: string | null;
      readonly generation: number;
      readonly atMs: number;
    }
  | {
      readonly type: 'telemetry';
      readonly atMs: number;
      /** More of the same report follows: it is told in parts, between packets. Owners get it whole (host/process.ts). */
      readonly more?: true;
      readonly tunnels: readonly TunnelReport[];
      readonly peers: readonly PeerReport[];
      readonly classes: readonly ClassReport[];
      readonly counters: Readonly<Record<string, number>>;
    }
  /** To be kept on disk before the label is used next: the highest handshake timestamp per uplink (24 hex digits). */
  | { readonly type: 'timestamp'; readonly uplinkId: string; readonly label: string }
  | { readonly type: 'fault'; readonly code: string; readonly message: string; readonly fatal: boolean };

export interface PeerReport {
  readonly id: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly lastHandshakeMs: number | null;
  readonly remoteEndpoint: string | null;
}
