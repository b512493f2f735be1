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
}

export type ForwarderEvent =
  | { readonly type: 'ready'; readonly capabilities: Readonly<Record<string, string>> }
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
      readonly tunnels: readonly TunnelReport[];
      readonly peers: readonly PeerReport[];
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
