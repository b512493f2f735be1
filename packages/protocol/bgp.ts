/** BGP between controller and edge: its part of the configuration, and what an edge tells of it. */
import {
  DEFAULT_RESTART_AFTER_SECONDS,
  fabricPeerRoles,
  MAX_BGP_ALLOWANCES,
  MAX_BGP_NEIGHBOURS,
} from '@patronus/fabric';
import { parsePrefix } from '@patronus/net';
import { z } from 'zod';
import { addressSchema, identifierSchema, interfaceNameSchema, prefixSchema } from './names.ts';

const asSchema = z.int().min(1).max(0xffff_ffff);
/** `65000:1` (RFC 1997). */
export const communitySchema = z
  .string()
  .regex(/^\d{1,5}:\d{1,5}$/, 'a community such as 65000:1')
  .refine((text) => text.split(':').every((half) => Number(half) <= 0xffff), 'two numbers of 0 to 65535');

const range = { prefix: prefixSchema, longest: z.int().min(0).max(128) };
const isRange = ({ prefix, longest }: { prefix: string; longest: number }) => {
  const parsed = parsePrefix(prefix);
  return parsed.ok && longest >= parsed.value.length && longest <= (parsed.value.family === 4 ? 32 : 128);
};
const rangeMessage = 'the longest is from the length of the prefix to that of an address';
/** `PrefixRange` of @patronus/fabric. */
export const prefixRangeSchema = z.object(range).refine(isRange, rangeMessage);

/** `BgpPolicy` of @patronus/fabric. */
export const bgpPolicySchema = z.object({
  /** null: everything. */
  prefixes: z.array(prefixRangeSchema).max(256).nullable(),
  communities: z.array(communitySchema).max(32),
  localPreference: z.int().min(0).max(0xffff_ffff).nullable(),
});
export type BgpPolicyConfiguration = z.infer<typeof bgpPolicySchema>;

/** A router outside of the fabric that BGP is spoken with. */
export const bgpNeighbourSchema = z.object({
  id: identifierSchema,
  name: z.string().max(64),
  address: addressSchema,
  remoteAs: asSchema,
  /** Where it is, one hop away; null: several. */
  interface: interfaceNameSchema.nullable(),
  /** TCP MD5 (RFC 2385). Goes over the signed channel only: never to a log, an answer or telemetry. */
  key: z.string().min(1).max(80).nullable(),
  passive: z.boolean(),
  holdSeconds: z.int().min(0).max(0xffff),
  keepaliveSeconds: z.int().min(1).max(0xffff).nullable(),
  maxPrefixes: z.int().min(1).max(10_000_000),
  /** Until it is called again after it brought more. */
  restartAfterSeconds: z.int().min(1).max(86_400).default(DEFAULT_RESTART_AFTER_SECONDS),
  gtsm: z.boolean(),
  bfdPeerId: identifierSchema.nullable(),
  /** null: nothing passes (RFC 8212). */
  import: bgpPolicySchema.nullable(),
  export: bgpPolicySchema.nullable(),
});
export type BgpNeighbourConfiguration = z.infer<typeof bgpNeighbourSchema>;

export const bgpConfigurationSchema = z.object({
  /** The fabric's own AS number, the same at every edge. The overlay address is the router id and the sessions' address. */
  as: asSchema,
  /** Edges to hold a session with. `role`: what the other one is to this edge (RFC 4456). */
  fabric: z
    .array(
      z.object({
        edgeId: identifierSchema,
        address: addressSchema,
        role: z.enum(fabricPeerRoles),
      }),
    )
    .max(4096),
  neighbours: z.array(bgpNeighbourSchema).max(MAX_BGP_NEIGHBOURS),
  /** What each site may originate, this one's own among them: nothing else is taken from its edges. */
  allowances: z
    .array(
      z.object({
        siteId: identifierSchema,
        prefixes: z
          .array(z.object({ ...range, preference: z.int().min(0).max(0xffff) }).refine(isRange, rangeMessage))
          .max(MAX_BGP_ALLOWANCES),
      }),
    )
    .max(4096),
});
export type BgpConfiguration = z.infer<typeof bgpConfigurationSchema>;

/** RFC 4271 §8.2.2, in its order. */
export const bgpStates = ['idle', 'connect', 'active', 'openSent', 'openConfirm', 'established'] as const;

const counter = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** One session, with a router or, `id` being that of an edge, inside the fabric. Prefixes are those of now. */
export const bgpSessionTelemetrySchema = z.object({
  id: identifierSchema,
  address: z.string().max(64),
  remoteAs: counter,
  state: z.enum(bgpStates),
  /** Edge wall clock, ms since 1970: when it came into its state. */
  sinceMs: z.number(),
  received: counter,
  /** Of those received, what policy and allowances let in. */
  accepted: counter,
  advertised: counter,
  /** Times it was established and ended, since the edge's start. */
  flaps: counter,
  /** In words; null: none since the edge's start. */
  lastError: z.string().max(300).nullable(),
  /** A prefix that was refused, and why; null: none is. */
  refusal: z.string().max(300).nullable(),
  /** It ended because so many prefixes came, more than it may bring; null: it did not. */
  overLimit: counter.nullable().default(null),
});
export type BgpSessionTelemetry = z.infer<typeof bgpSessionTelemetrySchema>;

/** A route of the Loc-RIB that BGP brought. */
export const bgpRouteTelemetrySchema = z.object({
  prefix: z.string().max(64),
  nextHop: z.string().max(64),
  /** The session that brought it: id of a neighbour or of an edge. */
  from: identifierSchema,
  /** The edge that had it from a router of its own; null: this one. */
  originEdgeId: identifierSchema.nullable(),
  /** `65001 65002`. */
  asPath: z.string().max(300),
  localPreference: counter,
  communities: z.array(z.string().max(32)).max(32),
});
export type BgpRouteTelemetry = z.infer<typeof bgpRouteTelemetrySchema>;

/** Of the routes of an edge, so many are told one by one. */
export const MAX_REPORTED_BGP_ROUTES = 256;

export const bgpTelemetrySchema = z.object({
  neighbours: z.array(bgpSessionTelemetrySchema).max(MAX_BGP_NEIGHBOURS),
  fabric: z.array(bgpSessionTelemetrySchema).max(4096),
  routes: z.array(bgpRouteTelemetrySchema).max(MAX_REPORTED_BGP_ROUTES),
  /** All of them, told or not. */
  routesTotal: counter,
});
export type BgpTelemetry = z.infer<typeof bgpTelemetrySchema>;
