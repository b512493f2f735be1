/**
 * What edge and controller say on the mutual-TLS WebSocket of port 8444: one JSON object a text frame.
 * Unknown message types and unknown fields are passed over (one release of difference is served).
 */
import { z } from 'zod';
import { identifierSchema, signedConfigurationSchema, versionSchema, wireguardKeySchema } from './configuration.ts';

/** Raised when a message's meaning changes; both ends serve the previous one as well. */
export const PROTOCOL_VERSION = 1;

export const tunnelStateSchema = z.enum(['up', 'down', 'connecting']);
export type TunnelStateName = z.infer<typeof tunnelStateSchema>;

/** An edge counts; whoever adds its numbers up must not be led below zero or to infinity. */
const counter = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** What one report holds at most. An edge with more tunnels tells of the first so many. */
export const MAX_REPORTED_TUNNELS = 4096;
/** The classes of a configuration, and what belongs to none. */
const MAX_REPORTED_CLASSES = 257;
const MAX_CAPABILITIES = 32;
const MAX_COUNTERS = 256;

/** What LZ4 did on one tunnel; totals since the forwarder's start, bytes of inner packets. */
export const compressionTelemetrySchema = z.object({
  packets: counter,
  fromBytes: counter,
  toBytes: counter,
  /** Sent as they were although their class compresses: they would not have become smaller. */
  skipped: counter,
  expandedPackets: counter,
  expandedFromBytes: counter,
  expandedToBytes: counter,
  errors: counter,
});
export type CompressionTelemetry = z.infer<typeof compressionTelemetrySchema>;

/** What one policy class sent from this edge; `id` null: what no class matches. */
export const classTelemetrySchema = z.object({
  id: identifierSchema.nullable(),
  sentPackets: counter,
  sentBytes: counter,
  compressedPackets: counter,
  compressedFromBytes: counter,
  compressedToBytes: counter,
  skippedPackets: counter,
});
export type ClassTelemetry = z.infer<typeof classTelemetrySchema>;

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
});
export type TunnelTelemetry = z.infer<typeof tunnelTelemetrySchema>;

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
    classes: z.array(classTelemetrySchema).max(MAX_REPORTED_CLASSES).optional(),
    /** What the packet path found out about the machine (offloads, cipher), in words. */
    capabilities: z.record(z.string().max(64), z.string().max(200)).refine(atMost(MAX_CAPABILITIES)).optional(),
    /** Drops by reason since the forwarder's start. */
    counters: z.record(z.string().max(64), counter).refine(atMost(MAX_COUNTERS)),
    /** Reports lost because the bounded buffer was full. */
    dropped: counter,
  }),
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
