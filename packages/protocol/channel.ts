/**
 * What edge and controller say on the mutual-TLS WebSocket of port 8444: one JSON object a text frame.
 * Unknown message types and unknown fields are passed over (one release of difference is served).
 */
import { MAX_BFD_PEERS, MAX_BGP_NEIGHBOURS, priorities } from '@patronus/fabric';
import { z } from 'zod';
import { bgpTelemetrySchema } from './bgp.ts';
import { signedConfigurationSchema, versionSchema } from './configuration.ts';
import { identifierSchema, wireguardKeySchema } from './names.ts';

/** Raised when a message's meaning changes; both ends serve the previous one as well. */
export const PROTOCOL_VERSION = 1;

export const tunnelStateSchema = z.enum(['up', 'down', 'connecting']);
export type TunnelStateName = z.infer<typeof tunnelStateSchema>;

/** An edge counts; whoever adds its numbers up must not be led below zero or to infinity. */
const counter = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** What one report holds at most. An edge with more tunnels tells of the first so many. */
export const MAX_REPORTED_TUNNELS = 4096;
/** The policies of a configuration, and what belongs to none. */
const MAX_REPORTED_POLICIES = 257;
export const MAX_REPORTED_UPLINKS = 64;
const MAX_CAPABILITIES = 32;
const MAX_COUNTERS = 256;

/** What LZ4 did on one tunnel; totals since the forwarder's start, bytes of inner packets. */
export const compressionTelemetrySchema = z.object({
  packets: counter,
  fromBytes: counter,
  toBytes: counter,
  /** Sent as they were although their policy compresses: they would not have become smaller. */
  skipped: counter,
  expandedPackets: counter,
  expandedFromBytes: counter,
  expandedToBytes: counter,
  errors: counter,
});
export type CompressionTelemetry = z.infer<typeof compressionTelemetrySchema>;

/** What one policy did at this edge; `id` null: what no policy matches. */
export const policyTelemetrySchema = z.object({
  id: identifierSchema.nullable(),
  sentPackets: counter,
  sentBytes: counter,
  compressedPackets: counter,
  compressedFromBytes: counter,
  compressedToBytes: counter,
  skippedPackets: counter,
  /** Flows that it was found for, and packets that it denied. Absent from an edge one release older. */
  flows: counter.optional(),
  deniedPackets: counter.optional(),
});
export type PolicyTelemetry = z.infer<typeof policyTelemetrySchema>;

/** What was measured of one direction of a tunnel over the last seconds. */
export const directionQualitySchema = z.object({
  /** Packets that were sent into it meanwhile: what the loss is a part of. */
  packets: counter,
  /** 0…1. */
  loss: z.number().min(0).max(1),
  /** Interarrival jitter (RFC 3550 §6.4.1). */
  jitterUs: counter,
  /** One-way delay above the least of the window: absolute one-way delay cannot be known. */
  delayChangeUs: counter,
});
export type DirectionQuality = z.infer<typeof directionQualitySchema>;

export const tunnelQualitySchema = z.object({
  /** From here to the other end; null until the other end reported. */
  outgoing: directionQualitySchema.nullable(),
  incoming: directionQualitySchema.nullable(),
  /** 1…4.5 (G.107 simplified); null: not measured. */
  mos: z.number().min(1).max(5).nullable(),
  /** What the tunnel was seen to deliver while it was full, bits a second; null: it never was. */
  capacityBitsPerSecond: counter.nullable(),
});
export type TunnelQuality = z.infer<typeof tunnelQualitySchema>;

/** A BFD session (RFC 5880 §6.8.1), in ms where the RFC has µs. */
export const bfdSessionSchema = z.object({
  state: z.enum(['adminDown', 'down', 'init', 'up']),
  remoteState: z.enum(['adminDown', 'down', 'init', 'up']),
  localDiscriminator: counter,
  remoteDiscriminator: counter,
  /** RFC 5880 §4.1: 0…31. */
  diagnostic: z.int().min(0).max(31),
  remoteDiagnostic: z.int().min(0).max(31),
  /** As negotiated. */
  transmitIntervalMs: counter,
  detectionTimeMs: counter,
  /** Times it went from Up to Down since it was made. */
  downs: counter,
});
export type BfdSessionTelemetry = z.infer<typeof bfdSessionSchema>;

/** The session with a router outside of the fabric. */
export const bfdPeerTelemetrySchema = z.object({
  id: identifierSchema,
  address: z.string().max(64),
  session: bfdSessionSchema,
});
export type BfdPeerTelemetry = z.infer<typeof bfdPeerTelemetrySchema>;

/** One tunnel as one of its ends sees it. Counters are totals since the forwarder's start. */
export const tunnelTelemetrySchema = z.object({
  id: z.string().min(1).max(160),
  state: tunnelStateSchema,
  /** Edge wall clock, ms since 1970. */
  sinceMs: z.number(),
  /** Whether this end now sends to the remote site through it. */
  active: z.boolean(),
  roundTripUs: counter.nullable(),
  /** Probes lost of those sent in the last 10 s, 0…1. */
  loss: z.number().min(0).max(1).nullable(),
  receivedBytes: counter,
  sentBytes: counter,
  receivedPackets: counter,
  sentPackets: counter,
  lastHandshakeMs: z.number().nullable(),
  remoteEndpoint: z.string().max(64).nullable(),
  /** Largest inner packet that fits through. Absent from an edge one release older, like `compression`. */
  mtu: z.int().min(0).max(0xffff).optional(),
  compression: compressionTelemetrySchema.optional(),
  quality: tunnelQualitySchema.optional(),
  bfd: bfdSessionSchema.optional(),
});
export type TunnelTelemetry = z.infer<typeof tunnelTelemetrySchema>;

/** Which path a treatment's flows to an edge now take. */
export const pathTelemetrySchema = z.object({
  treatment: identifierSchema,
  edgeId: identifierSchema,
  /** In order; empty: none is up. */
  tunnelIds: z.array(z.string().max(160)).max(256),
});

/** Whether the internet is reached by an uplink, for policies that break out. */
export const breakoutTelemetrySchema = z.object({
  uplinkId: identifierSchema,
  state: z.enum(['up', 'down', 'unknown']),
  roundTripUs: counter.nullable(),
  loss: z.number().min(0).max(1).nullable(),
});

/** What one priority sent by an uplink, totals since the uplink was given its rate; bytes of inner packets. */
const priorityTelemetrySchema = z.object({
  priority: z.enum(priorities),
  sentPackets: counter,
  sentBytes: counter,
  droppedPackets: counter,
  /** Marked instead of dropped (RFC 3168). */
  markedPackets: counter,
  /** Over the last 10 to 20 s; null: nothing was sent. */
  delayP50Us: counter.nullable(),
  delayP99Us: counter.nullable(),
  delayMostUs: counter,
});

/** What waits before an uplink whose rate is known. */
export const shapingTelemetrySchema = z.object({
  uplinkId: identifierSchema,
  bitsPerSecond: counter,
  /** Now; bytes as on the wire. */
  waitingPackets: counter,
  waitingBytes: counter,
  priorities: z.array(priorityTelemetrySchema).max(priorities.length),
});
export type ShapingTelemetry = z.infer<typeof shapingTelemetrySchema>;

/** What was sent twice or with parity, and what that was good for; totals since the forwarder's start. */
export const protectionTelemetrySchema = z.object({
  /** Numbered packets sent, copies of them sent besides, and parity. */
  sent: counter,
  copies: counter,
  paritySent: counter,
  /** Numbered packets that came for the first time, and those that came again. */
  received: counter,
  duplicates: counter,
  /** Rebuilt from parity. */
  repaired: counter,
  /** Given up after waiting; of those, passed on after one with a higher number; too old to tell whether they were new. */
  lost: counter,
  late: counter,
  tooLate: counter,
});
export type ProtectionTelemetry = z.infer<typeof protectionTelemetrySchema>;

/** Whether a host of another site's LAN answers through the tunnels. */
export const reachTelemetrySchema = z.object({
  edgeId: identifierSchema,
  address: z.string().max(64),
  state: z.enum(['up', 'down', 'unknown']),
  roundTripUs: counter.nullable(),
});

/** One change of path, with all that led to it: `Decision` of @patronus/steering, by the wall clock. */
export const decisionSchema = z.object({
  /** Counts the edge's decisions, over restarts too; with `instanceId` of `hello` it names one for ever. */
  number: counter,
  wallMs: z.number(),
  generation: counter,
  treatment: identifierSchema,
  edgeId: identifierSchema,
  chosen: z.array(z.string().max(160)).max(256),
  previous: z.array(z.string().max(160)).max(256),
  /** Stable word: `down`, `silent`, `sla-violated`, `failback`, `lower-cost`, `better`, `drained`, `configured`, … */
  rule: z.string().max(64),
  /** In a sentence, for a person. */
  reason: z.string().max(500),
  candidates: z
    .array(
      z.object({
        tunnelId: z.string().max(160),
        /** 1 is the first; null: not in the group. */
        rank: z.int().min(1).nullable(),
        state: tunnelStateSchema,
        meetsSla: z.boolean().nullable(),
        roundTripUs: counter.nullable(),
        loss: z.number().min(0).max(1).nullable(),
        jitterUs: counter.nullable(),
        mos: z.number().nullable(),
        cost: counter,
        /** Why it is not the first; why it is. */
        why: z.string().max(300),
      }),
    )
    .max(256),
  /** SHA-256 of the signed configuration, hex. */
  configurationHash: z.string().max(64),
  configurationVersion: versionSchema,
});
export type DecisionTelemetry = z.infer<typeof decisionSchema>;

export const uplinkReportSchema = z.object({
  id: identifierSchema,
  publicKey: wireguardKeySchema,
  /** `address:port` where this uplink can be reached as far as the edge knows. */
  endpoints: z.array(z.string()),
  state: z.enum(['up', 'down']),
});
export type UplinkReport = z.infer<typeof uplinkReportSchema>;

const hello = z.object({
  type: z.literal('hello'),
  protocol: z.int(),
  edgeId: identifierSchema,
  /** Random, new at every start of the edge: tells a reconnect from a cloned disk. */
  instanceId: z.string().min(16).max(64),
  /** The secret the controller handed out on the last accepted connection (see `welcome`); null on the first. */
  continuation: z.string().nullable(),
  softwareVersion: z.string(),
  wallMs: z.number(),
  uplinks: z.array(uplinkReportSchema),
  /** What runs now; null before the first configuration. */
  running: versionSchema.nullable(),
});

function atMost(count: number) {
  return (record: object) => Object.keys(record).length <= count;
}

export const edgeMessageSchema = z.discriminatedUnion('type', [
  hello,
  /** Key or address of an uplink changed. */
  z.object({ type: z.literal('uplinks'), uplinks: z.array(uplinkReportSchema) }),
  /** Applied on trial; `confirmed` follows over a fresh connection, or `returned`. */
  z.object({ type: z.literal('applied'), version: versionSchema }),
  z.object({ type: z.literal('confirmed'), version: versionSchema }),
  /** Refused (bad signature, older number, not applicable) or given up after the trial; `running` stays in force. */
  z.object({
    type: z.literal('returned'),
    version: versionSchema.nullable(),
    running: versionSchema.nullable(),
    code: z.string(),
    reason: z.string(),
  }),
  z.object({
    type: z.literal('telemetry'),
    /** When it was taken; older than now if it waited for the controller. */
    wallMs: z.number(),
    tunnels: z.array(tunnelTelemetrySchema).max(MAX_REPORTED_TUNNELS),
    policies: z.array(policyTelemetrySchema).max(MAX_REPORTED_POLICIES).optional(),
    /** What the packet path found out about the machine (offloads, cipher), in words. */
    capabilities: z.record(z.string().max(64), z.string().max(200)).refine(atMost(MAX_CAPABILITIES)).optional(),
    paths: z.array(pathTelemetrySchema).max(MAX_REPORTED_TUNNELS).optional(),
    breakout: z.array(breakoutTelemetrySchema).max(MAX_REPORTED_UPLINKS).optional(),
    reach: z.array(reachTelemetrySchema).max(MAX_REPORTED_TUNNELS).optional(),
    bfdPeers: z
      .array(bfdPeerTelemetrySchema)
      .max(MAX_BFD_PEERS + MAX_BGP_NEIGHBOURS)
      .optional(),
    bgp: bgpTelemetrySchema.optional(),
    shaping: z.array(shapingTelemetrySchema).max(MAX_REPORTED_UPLINKS).optional(),
    protection: protectionTelemetrySchema.optional(),
    /** Drops by reason since the forwarder's start. */
    counters: z.record(z.string().max(64), counter).refine(atMost(MAX_COUNTERS)),
    /** Reports lost because the bounded buffer was full. */
    dropped: counter,
  }),
  /** Told once each, in order; `lost`: how many were dropped before the controller could be told. */
  z.object({ type: z.literal('decisions'), decisions: z.array(decisionSchema).max(200), lost: counter }),
  /** Something a person should hear of: route tampering repaired, forwarder restarted, clock far off. */
  z.object({ type: z.literal('notice'), code: z.string(), message: z.string(), wallMs: z.number() }),
  z.object({ type: z.literal('renew'), certificateRequest: z.string() }),
  z.object({ type: z.literal('pong'), id: z.number() }),
  z.object({ type: z.literal('ping'), id: z.number() }),
]);
export type EdgeMessage = z.infer<typeof edgeMessageSchema>;

export const controllerMessageSchema = z.discriminatedUnion('type', [
  /** First answer to `hello`. `continuation` is to be stored before anything else and given back next time. */
  z.object({
    type: z.literal('welcome'),
    protocol: z.int(),
    continuation: z.string(),
    wallMs: z.number(),
    telemetryIntervalMs: z.number(),
    /** Number of the latest decision that is known of this edge, which tells what followed; absent from an older controller. */
    decisionNumber: counter.optional(),
  }),
  z.object({ type: z.literal('configuration'), signed: signedConfigurationSchema }),
  z.object({ type: z.literal('renewed'), certificate: z.string() }),
  z.object({ type: z.literal('refused'), code: z.string(), reason: z.string() }),
  z.object({ type: z.literal('pong'), id: z.number() }),
  z.object({ type: z.literal('ping'), id: z.number() }),
]);
export type ControllerMessage = z.infer<typeof controllerMessageSchema>;

/** Both ends ping every 1 s and give a silent peer up after 3 s (over all of the edge's uplinks in turn). */
export const PING_INTERVAL_MS = 1_000;
export const PING_TIMEOUT_MS = 3_000;

/** WebSocket close codes, besides the standard ones. */
export const CloseCode = {
  protocolError: 4400,
  revoked: 4401,
  /** Edge A speaks as edge B. */
  wrongIdentity: 4403,
  /** Another instance with this identity is connected, or the continuation secret is an old one. */
  cloned: 4409,
  tooLarge: 4413,
} as const;

/** A telemetry report every so often unless `welcome` says otherwise; a change of state is sent at once. */
export const TELEMETRY_INTERVAL_MS = 1_000;
