/** What a forwarder counts and measures, as it tells its edge; what it tells when is in control.ts. */
import type { ForwarderPriority } from './commands.ts';

export type LinkState = 'up' | 'down' | 'connecting';

/** What LZ4 did on one tunnel or for one policy, totals since the start. Bytes are of inner packets. */
export interface CompressionReport {
  /** Sent: packets that were compressed, their bytes before, and what they became. */
  readonly packets: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  /** Sent as they were although their policy compresses: they would not have become smaller. */
  readonly skipped: number;
  /** Received: compressed packets, what came, and what it was expanded to. */
  readonly expandedPackets: number;
  readonly expandedFromBytes: number;
  readonly expandedToBytes: number;
  /** Received frames that could not be expanded. */
  readonly errors: number;
}

/** What one policy sent, totals since the start; `id` null: what no policy matches. */
export interface PolicyReport {
  readonly id: string | null;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly compressedPackets: number;
  readonly compressedFromBytes: number;
  readonly compressedToBytes: number;
  readonly skippedPackets: number;
  /** Flows that it was found for, and packets that it denied. */
  readonly flows?: number;
  readonly deniedPackets?: number;
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
  /** Part of what was sent over the last 10 s that did not arrive, in the worse direction, 0…1; null: not measured yet. */
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
  readonly quality?: TunnelQuality;
  readonly bfd: BfdReport;
}

/** One direction of a tunnel: over the last second or two in `quality` events, over the last ten in telemetry. */
export interface DirectionQuality {
  /** Packets sent into it meanwhile: what the loss is a part of. */
  readonly packets: number;
  /** 0…1. */
  readonly loss: number;
  /** Interarrival jitter (RFC 3550 §6.4.1). */
  readonly jitterUs: number;
  /** One-way delay above the window's least, corrected for drift of the clocks. */
  readonly delayChangeUs: number;
}

export interface TunnelQuality {
  /** From here to the other end; null until it reported. */
  readonly outgoing: DirectionQuality | null;
  readonly incoming: DirectionQuality | null;
  /** 1…4.5 (G.107 simplified); null: not measured. */
  readonly mos: number | null;
  /** What it delivered while it was full; null: it never was. */
  readonly capacityBitsPerSecond: number | null;
}

export type BfdStateName = 'adminDown' | 'down' | 'init' | 'up';

/** RFC 5880 §6.8.1, ms where the RFC has µs. */
export interface BfdReport {
  readonly state: BfdStateName;
  readonly remoteState: BfdStateName;
  readonly localDiscriminator: number;
  readonly remoteDiscriminator: number;
  readonly diagnostic: number;
  readonly remoteDiagnostic: number;
  readonly transmitIntervalMs: number;
  readonly detectionTimeMs: number;
  /** Times it left Up since it was made. */
  readonly downs: number;
}

export interface NeighbourReport {
  readonly id: string;
  readonly address: string;
  readonly session: BfdReport;
}

/** What steering goes by: told every 250 ms of tunnels that carry traffic, every 5 s of the others. */
export interface QualityReport {
  readonly id: string;
  readonly roundTripUs: number | null;
  readonly outgoing: DirectionQuality | null;
  readonly incoming: DirectionQuality | null;
}

export interface FlowReport {
  readonly segment: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** null: no policy matches it. */
  readonly policyId: string | null;
  readonly treatment: string;
  /** Where it goes from here; null: it only came, or goes to a stock peer. */
  readonly edgeId: string | null;
  /** What it is sent through now; null: nothing is up, or it is denied. */
  readonly tunnelId: string | null;
  /** Application it was recognised as. */
  readonly application: string | null;
  /** Monotonic ms. */
  readonly lastUsedMs: number;
}

/** What was sent twice or with parity, and what that was good for; totals since the start. */
export interface ProtectionReport {
  /** Numbered packets sent, copies of them sent besides, and parity. */
  readonly sent: number;
  readonly copies: number;
  readonly paritySent: number;
  /** Numbered packets that came for the first time, and those that came again. */
  readonly received: number;
  readonly duplicates: number;
  /** Rebuilt from parity. */
  readonly repaired: number;
  /** Given up after waiting; of those, passed on after one with a higher number; and too old to tell whether they were new. */
  readonly lost: number;
  readonly late: number;
  readonly tooLate: number;
}

/** What waited before one uplink, and for how long. */
export interface ShapingReport {
  readonly uplinkId: string;
  readonly bitsPerSecond: number;
  /** Now; bytes as on the wire. */
  readonly waitingPackets: number;
  readonly waitingBytes: number;
  readonly priorities: readonly PriorityReport[];
}

/** Totals since the uplink was given its rate; bytes of inner packets. */
export interface PriorityReport {
  readonly priority: ForwarderPriority;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly droppedPackets: number;
  /** Marked instead of dropped (RFC 3168). */
  readonly markedPackets: number;
  /** Over the last 10 to 20 s; null: nothing was sent. */
  readonly delayP50Us: number | null;
  readonly delayP99Us: number | null;
  readonly delayMostUs: number;
}

export interface PeerReport {
  readonly id: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly lastHandshakeMs: number | null;
  readonly remoteEndpoint: string | null;
}
