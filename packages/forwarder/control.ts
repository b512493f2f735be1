/**
 * What an edge says to its forwarder and hears from it, over a Unix stream socket: frames of JSON, some of which
 * bring a descriptor along (SCM_RIGHTS). The edge owns every descriptor and keeps it open, so that a forwarder that
 * died is replaced by one that is handed the same ones.
 *
 * Every command carries the whole of what it sets, or (`routes`) what is different: sending it again changes nothing.
 */

import type {
  BfdStateName,
  FlowReport,
  LinkState,
  NeighbourReport,
  PeerReport,
  PolicyReport,
  ProtectionReport,
  QualityReport,
  ShapingReport,
  TunnelReport,
} from './reports.ts';

export * from './commands.ts';
export * from './reports.ts';

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
  /** Sent at once when a neighbour's session changes its state, and the reason for a person. */
  | {
      readonly type: 'bfdPeerState';
      readonly id: string;
      readonly state: BfdStateName;
      /** What it was before, and what the other end says of itself: RFC 5882 §3.2 asks for both. */
      readonly previous: BfdStateName;
      readonly remoteState: BfdStateName;
      readonly reason: string;
      readonly atMs: number;
    }
  /**
   * A tunnel that was talking fell silent while its edge is heard elsewhere (`silence`), or the other end says that it hears
   * nothing on it (`otherEnd`); or that is over. It is up by BFD, and used only where there is no other.
   */
  | {
      readonly type: 'suspected';
      readonly tunnelId: string;
      readonly isSuspected: boolean;
      readonly by: 'silence' | 'otherEnd';
      readonly atMs: number;
    }
  /** The group's sending tunnel changed (null: none is up). */
  | {
      readonly type: 'switched';
      readonly edgeId: string;
      /** Absent: the default treatment. */
      readonly treatment?: string;
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
      readonly policies: readonly PolicyReport[];
      /** Of uplinks whose rate is known. */
      readonly shaping?: readonly ShapingReport[];
      readonly protection?: ProtectionReport;
      readonly neighbours?: readonly NeighbourReport[];
      readonly counters: Readonly<Record<string, number>>;
    }
  | { readonly type: 'quality'; readonly atMs: number; readonly tunnels: readonly QualityReport[] }
  | { readonly type: 'flows'; readonly id: number; readonly flows: readonly FlowReport[] }
  /** To be kept on disk before the label is used next: the highest handshake timestamp per uplink (24 hex digits). */
  | { readonly type: 'timestamp'; readonly uplinkId: string; readonly label: string }
  | { readonly type: 'fault'; readonly code: string; readonly message: string; readonly fatal: boolean };
