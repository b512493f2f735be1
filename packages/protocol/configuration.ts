/**
 * The configuration of one edge: what the controller compiles, signs and numbers, and the edge applies as a whole.
 *
 * Unknown fields are kept out of the typed value but stay in the signed bytes, so that an edge one release older
 * still verifies and applies what it understands.
 */
import { parseAddress, parseEndpoint, parsePrefix } from '@patronus/net';
import { z } from 'zod';

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

export const identifierSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'an identifier of lower-case letters, digits, - and _');
export const prefixSchema = z.string().refine((text) => parsePrefix(text).ok, 'a prefix such as 10.1.0.0/16');
export const addressSchema = z.string().refine((text) => parseAddress(text) !== undefined, 'an IP address');
export const endpointSchema = z
  .string()
  .refine((text) => parseEndpoint(text) !== undefined, 'an endpoint such as 192.0.2.1:51820');
/** A Curve25519 key as WireGuard writes it: 32 bytes in base64. */
export const wireguardKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'a WireGuard key: 44 characters of base64');
/** Linux: at most 15 characters; no shell or path characters. */
export const interfaceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/, 'a network interface name such as eth0');

export const segmentPrefixSchema = z.object({ segment: z.int().min(0).max(0xffff), prefix: prefixSchema });
export type SegmentPrefix = z.infer<typeof segmentPrefixSchema>;

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
    publicKey: wireguardKeySchema,
    /** Candidates, tried in turn until a handshake succeeds. */
    endpoints: z.array(endpointSchema).max(16),
  }),
  /** Sum of both uplinks' costs: lower is preferred while both are up. */
  cost: z.int().min(0),
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

/** Which packets belong to a class: all that is given has to hold; nothing given holds for every packet. */
export const trafficMatchSchema = z.object({
  segment: z.int().min(0).max(0xffff).optional(),
  /** Any of them holds the source (destination). */
  sources: z.array(prefixSchema).min(1).max(64).optional(),
  destinations: z.array(prefixSchema).min(1).max(64).optional(),
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
});
export type TrafficMatch = z.infer<typeof trafficMatchSchema>;

/** A policy class; the first that matches a flow's first packet is the flow's. */
export const trafficClassSchema = z.object({
  id: identifierSchema,
  name: z.string(),
  match: trafficMatchSchema,
  /** LZ4 level 0…16, higher compresses more; null: never. */
  compression: z.int().min(0).max(16).nullable(),
});
export type TrafficClass = z.infer<typeof trafficClassSchema>;

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
    }),
  ),
  /** (segment, prefix) → next-hop edges in order of preference. */
  routes: z.array(segmentPrefixSchema.extend({ nextHops: z.array(identifierSchema).min(1) })),
  peers: z.array(peerConfigurationSchema),
  /** In order of priority. Absent from a controller one release older. */
  classes: z.array(trafficClassSchema).max(256).default([]),
});
/** What one edge is to do, complete. */
export type Configuration = z.infer<typeof configurationSchema>;

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
