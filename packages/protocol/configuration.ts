/**
 * The configuration of one edge: what the controller compiles, signs and numbers, and the edge applies as a whole.
 *
 * Unknown fields are kept out of the typed value but stay in the signed bytes, so that an edge one release older
 * still verifies and applies what it understands.
 */
import {
  bfdAuthenticationTypes,
  DEFAULT_BFD,
  MAX_BFD_PEERS,
  MAX_BGP_NEIGHBOURS,
  MAX_MATCHED_PREFIXES,
  priorities,
} from '@patronus/fabric';
import { z } from 'zod';
import { bgpConfigurationSchema } from './bgp.ts';
import {
  addressSchema,
  endpointSchema,
  identifierSchema,
  interfaceNameSchema,
  prefixSchema,
  segmentPrefixSchema,
  wireguardKeySchema,
} from './names.ts';

/** Counts configurations: a restored backup raises the epoch, every change the sequence. */
export const versionSchema = z.object({
  epoch: z.int().min(1),
  sequence: z.int().min(1),
});
export type ConfigurationVersion = z.infer<typeof versionSchema>;

/** Negative, zero or positive, as `a` is older, the same or newer. */
export function compareVersions(a: ConfigurationVersion, b: ConfigurationVersion): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/** `epoch.sequence`, as people see it. */
export function formatVersion(version: ConfigurationVersion): string {
  return `${version.epoch}.${version.sequence}`;
}

export const uplinkConfigurationSchema = z.object({
  id: identifierSchema,
  label: z.string(),
  interface: interfaceNameSchema,
  domain: z.string(),
  cost: z.int().min(0),
  /** UDP port of this uplink's WireGuard sockets. */
  port: z.int().min(1).max(0xffff),
  /** What the line carries at most, if a person said so. */
  bitsPerSecond: z.int().min(64_000).max(1e12).optional(),
  /** Being taken out of service: paths avoid it while there is another. */
  isDrained: z.boolean().default(false),
  /** Hosts that are asked whether the internet is reached, where a policy breaks out; none: the gateway. */
  probeTargets: z.array(addressSchema).max(8).optional(),
});
export type UplinkConfiguration = z.infer<typeof uplinkConfigurationSchema>;

export const tunnelConfigurationSchema = z.object({
  /** Stable name of the pair of uplinks and the family: see `tunnelId` in @patronus/fabric. */
  id: z.string().min(1).max(160),
  uplinkId: identifierSchema,
  family: z.union([z.literal(4), z.literal(6)]),
  remote: z.object({
    edgeId: identifierSchema,
    siteId: identifierSchema,
    uplinkId: identifierSchema,
    /** Label of that uplink, for people. */
    label: z.string().default(''),
    publicKey: wireguardKeySchema,
    /** Candidates, tried in turn until a handshake succeeds. */
    endpoints: z.array(endpointSchema).max(16),
  }),
  /** Sum of both uplinks' costs: lower is preferred while both are up. */
  cost: z.int().min(0),
  /** One of its two uplinks, or its remote edge, is drained. */
  isDrained: z.boolean().default(false),
});
export type TunnelConfiguration = z.infer<typeof tunnelConfigurationSchema>;

/** A stock WireGuard peer that joins this site through one uplink. */
export const peerConfigurationSchema = z.object({
  id: identifierSchema,
  name: z.string(),
  uplinkId: identifierSchema,
  publicKey: wireguardKeySchema,
  presharedKey: wireguardKeySchema.optional(),
  allowed: z.array(segmentPrefixSchema),
});
export type PeerConfiguration = z.infer<typeof peerConfigurationSchema>;

const portSchema = z.int().min(0).max(0xffff);

/** Which packets belong to a policy: all that is given has to hold; nothing given holds for every packet. */
export const trafficMatchSchema = z.object({
  segment: z.int().min(0).max(0xffff).optional(),
  /** Any of them holds the source (destination). */
  sources: z.array(prefixSchema).min(1).max(MAX_MATCHED_PREFIXES).optional(),
  destinations: z.array(prefixSchema).min(1).max(MAX_MATCHED_PREFIXES).optional(),
  /** IP protocol number. */
  protocol: z.int().min(0).max(255).optional(),
  /** Source or destination port lies in one of these ranges, both ends included. */
  ports: z
    .array(z.tuple([portSchema, portSchema]))
    .min(1)
    .max(64)
    .optional(),
  /** Code points of RFC 2474. */
  dscp: z.array(z.int().min(0).max(63)).min(1).max(64).optional(),
  /** Any of these, by their id in `applications`. */
  applications: z.array(identifierSchema).min(1).max(64).optional(),
});
export type TrafficMatch = z.infer<typeof trafficMatchSchema>;

const percentSchema = z.int().min(1).max(100);
const labelSchema = z.string().min(1).max(64);

/** `PathPreference` of @patronus/fabric. */
export const pathPreferenceSchema = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('best') }),
  z.object({ mode: z.literal('ordered'), labels: z.array(labelSchema).min(1).max(64) }),
  z.object({ mode: z.literal('cheapest') }),
  z.object({
    mode: z.literal('balance'),
    weights: z
      .array(z.object({ label: labelSchema, weight: z.int().min(1).max(100) }))
      .min(1)
      .max(64),
  }),
  z.object({ mode: z.literal('duplicate') }),
  z.object({ mode: z.literal('fec') }),
]);

/** `SlaClass` of @patronus/fabric. */
export const slaClassSchema = z.object({
  id: identifierSchema,
  name: z.string(),
  roundTripMs: z.number().positive().max(60_000).nullable(),
  jitterMs: z.number().positive().max(60_000).nullable(),
  loss: z.number().min(0).max(1).nullable(),
  mos: z.number().min(1).max(4.5).nullable(),
});
export type SlaClassConfiguration = z.infer<typeof slaClassSchema>;

/** `Treatment` of @patronus/fabric; `default` need not be listed. */
export const treatmentSchema = z.object({
  id: identifierSchema,
  slaClassId: identifierSchema.nullable(),
  path: pathPreferenceSchema,
});
export type TreatmentConfiguration = z.infer<typeof treatmentSchema>;

/** `Application` of @patronus/fabric: how each that a policy names is known. */
export const applicationSchema = z.object({
  id: identifierSchema,
  name: z.string().max(64),
  ports: z
    .array(z.object({ protocol: z.union([z.literal(6), z.literal(17)]), first: portSchema, last: portSchema }))
    .max(64),
  prefixes: z.array(prefixSchema).max(1024),
  names: z.array(z.string().min(1).max(253)).max(256),
});
export type ApplicationConfiguration = z.infer<typeof applicationSchema>;

/** A policy; the first that matches a flow's first packet is the flow's. */
export const policySchema = z.object({
  id: identifierSchema,
  name: z.string(),
  match: trafficMatchSchema,
  action: z.enum(['allow', 'deny', 'breakout']).default('allow'),
  /** `breakout`: uplinks by id, in order. */
  breakoutUplinks: z.array(identifierSchema).max(64).default([]),
  /** Id in `treatments`, or `default`. */
  treatment: identifierSchema.default('default'),
  priority: z.enum(priorities).default('normal'),
  /** Most of an uplink's rate; null: all that is free. */
  limitPercent: percentSchema.nullable().default(null),
  /** Code point that its packets get; null: theirs stays. */
  mark: z.int().min(0).max(63).nullable().default(null),
  /** LZ4 level 0…16, higher compresses more; null: never. */
  compression: z.int().min(0).max(16).nullable(),
});
export type Policy = z.infer<typeof policySchema>;

/** How the failure of a tunnel is noticed: how often its BFD session sends (RFC 5880 §6.8.1), ms, and whether silence counts. */
export const bfdTimersSchema = z.object({
  intervalMs: z.int().min(10).max(10_000),
  realtimeIntervalMs: z.int().min(10).max(10_000),
  idleIntervalMs: z.int().min(10).max(60_000),
  multiplier: z.int().min(2).max(50),
  /** Absent from a controller one release older. */
  suspectsSilence: z.boolean().default(true),
});
export type BfdTimersConfiguration = z.infer<typeof bfdTimersSchema>;

/** How a BFD session is authenticated (RFC 5880 §6.7); `BfdAuthentication` of @patronus/fabric. */
export const bfdAuthenticationSchema = z.object({
  type: z.enum(bfdAuthenticationTypes),
  keyId: z.int().min(0).max(255),
  /** Goes over the signed channel only: never to a log, an answer or telemetry. Bytes of UTF-8 count. */
  key: z.string().min(1).max(20),
});

/** A router outside of the fabric that BFD runs with: on the LAN or beyond an uplink. */
export const bfdPeerSchema = z
  .object({
    id: identifierSchema,
    /** The one that it sends from. */
    address: addressSchema,
    /** Where it is, one hop away (RFC 5881); null: several (RFC 5883). */
    interface: interfaceNameSchema.nullable(),
    multihop: z.boolean(),
    intervalMs: z.int().min(10).max(10_000),
    multiplier: z.int().min(2).max(50),
    authentication: bfdAuthenticationSchema.nullable(),
    /** Silent until it is spoken to (RFC 5880 §6.1). */
    passive: z.boolean(),
  })
  .refine(
    ({ interface: name, multihop }) => (name === null) === multihop,
    'an interface for one hop, none for several',
  );
export type BfdPeerConfiguration = z.infer<typeof bfdPeerSchema>;

const durationMsSchema = z.number().min(0).max(86_400_000);

/** Figures of path choice that differ from the defaults: `Thresholds` of @patronus/steering. */
export const steeringSchema = z.object({
  holdMs: durationMsSchema.min(1).optional(),
  longestHoldMs: durationMsSchema.min(1).optional(),
  forgiveMs: durationMsSchema.min(1).optional(),
  mostReturns: z.int().min(1).max(1_000).optional(),
  returnWindowMs: durationMsSchema.optional(),
  leastGainMs: z.number().min(0).max(60_000).optional(),
  leastGainRatio: z.number().min(0).max(1).optional(),
  leastRelief: z.number().min(0).max(1).optional(),
  dwellMs: durationMsSchema.optional(),
  recoveryMs: durationMsSchema.optional(),
  suspicionMs: durationMsSchema.optional(),
  confidence: z.number().min(0).max(10).optional(),
  lossReports: z.int().min(1).max(8).optional(),
  delayReports: z.int().min(1).max(8).optional(),
});
export type SteeringFigures = z.infer<typeof steeringSchema>;

export const configurationSchema = z.object({
  format: z.literal(1),
  version: versionSchema,
  organisation: identifierSchema,
  issuedAt: z.string(),
  edge: z.object({
    id: identifierSchema,
    name: z.string(),
    siteId: identifierSchema,
    siteName: z.string(),
    /** This edge's own address inside the fabric, a host address of segment 0. */
    overlayAddress: addressSchema,
  }),
  /** Where the controller's edge channel listens, `host:port`, tried in turn over every uplink. */
  controllers: z.array(z.string().min(3)).min(1),
  /** Largest inner packet, bytes. */
  mtu: z.int().min(1280).max(9000),
  /** The site's own prefixes: what its LANs hold, and what other edges accept from it. */
  local: z.array(segmentPrefixSchema),
  uplinks: z.array(uplinkConfigurationSchema),
  tunnels: z.array(tunnelConfigurationSchema),
  /** Each edge that tunnels lead to, with the sources it may send from (its site's allowance). */
  edges: z.array(
    z.object({
      id: identifierSchema,
      siteId: identifierSchema,
      overlayAddress: addressSchema,
      allowed: z.array(segmentPrefixSchema),
      /** Out of service: avoided while another edge can do its work. */
      isDrained: z.boolean().default(false),
      /** A host of its LAN to be asked for a sign of life through the tunnels. */
      reachProbe: addressSchema.optional(),
    }),
  ),
  /** (segment, prefix) → next-hop edges in order of preference. */
  routes: z.array(segmentPrefixSchema.extend({ nextHops: z.array(identifierSchema).min(1) })),
  peers: z.array(peerConfigurationSchema),
  /** In order of priority. Absent from a controller one release older. */
  policies: z.array(policySchema).max(256).default([]),
  treatments: z.array(treatmentSchema).max(256).default([]),
  slaClasses: z.array(slaClassSchema).max(256).default([]),
  applications: z.array(applicationSchema).max(256).default([]),
  bfd: bfdTimersSchema.default(DEFAULT_BFD),
  /** Those that were named, and those that BGP wants. */
  bfdPeers: z
    .array(bfdPeerSchema)
    .max(MAX_BFD_PEERS + MAX_BGP_NEIGHBOURS)
    .default([]),
  steering: steeringSchema.optional(),
  /** Absent: nobody speaks BGP. */
  bgp: bgpConfigurationSchema.optional(),
});
/** What one edge is to do, complete. */
export type Configuration = z.infer<typeof configurationSchema>;
/** As it may be written: what has a default may be absent. */
export type ConfigurationInput = z.input<typeof configurationSchema>;

/**
 * A configuration on its way: the exact bytes that were signed, and the signature.
 * `payload` is the JSON text itself; the Ed25519 signature (RFC 8032, base64) covers its UTF-8 bytes
 * behind the context line `patronus configuration v1\n`.
 */
export const signedConfigurationSchema = z.object({
  payload: z.string(),
  signature: z.string(),
  /** First 16 hex digits of the SHA-256 of the signing key's SPKI. */
  keyId: z.string(),
});
export type SignedConfiguration = z.infer<typeof signedConfigurationSchema>;

/** What is put in front of the payload before signing, so that no other signed text can pass for a configuration. */
export const SIGNING_CONTEXT = 'patronus configuration v1\n';
