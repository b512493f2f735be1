/** The configuration of a router as it is written: which keys there are, and what each may hold. docs/bgp.md teaches it. */
import { MOST_CACHES, roles } from '@patronus/bgp';
import { z } from 'zod';
import {
  address,
  addressOrPrefix,
  asNumber,
  family,
  holdTime,
  identifier,
  list,
  port,
  prefix,
  seconds,
  textOrNumber,
} from './fields.ts';

const MOST_STATIONS = 8;

/** The words of packages/bgp/policy/source.ts; what they mean is checked when the policy is compiled. */
const match = z.strictObject({
  families: list(z.string()).optional(),
  prefixes: list(z.string()).optional(),
  prefixSets: list(z.string()).optional(),
  asPath: list(textOrNumber).optional(),
  asPathLength: textOrNumber.optional(),
  originAs: list(textOrNumber).optional(),
  communities: list(z.string()).optional(),
  allCommunities: list(z.string()).optional(),
  neighbours: list(z.string()).optional(),
  neighbourAs: list(textOrNumber).optional(),
  validation: list(z.enum(['valid', 'invalid', 'not-found'])).optional(),
  nextHops: list(z.string()).optional(),
  med: textOrNumber.optional(),
  localPreference: textOrNumber.optional(),
  origin: list(z.enum(['igp', 'egp', 'incomplete'])).optional(),
});

const set = z.strictObject({
  localPreference: z.number().optional(),
  med: z.union([z.number(), z.string()]).optional(),
  origin: z.enum(['igp', 'egp', 'incomplete']).optional(),
  replaceCommunities: list(z.string()).optional(),
  removeCommunities: list(z.string()).optional(),
  addCommunities: list(z.string()).optional(),
  prepend: z
    .strictObject({ as: z.union([asNumber, z.enum(['self', 'last'])]).default('self'), times: z.number().default(1) })
    .optional(),
  nextHop: z.string().optional(),
});

const policy = z.strictObject({
  statements: z.array(
    z.strictObject({
      name: z.string().optional(),
      match: match.optional(),
      set: set.optional(),
      action: z.enum(['accept', 'reject', 'continue']).optional(),
    }),
  ),
  otherwise: z.enum(['accept', 'reject']).optional(),
});

const prefixLimit = z.strictObject({
  most: z.number().int().min(1),
  warnAt: z.number().min(0).max(1).optional(),
  restartAfter: seconds.optional(),
  warningOnly: z.boolean().optional(),
});

/** What neighbours have in common may stand in a group that they name. */
const neighbourFields = {
  as: z.union([asNumber, z.enum(['internal', 'external', 'any'])]).optional(),
  localAs: asNumber.optional(),
  description: z.string().optional(),
  port: port.optional(),
  localAddress: address.optional(),
  interface: z.string().optional(),
  families: list(family).optional(),
  import: z.string().optional(),
  export: z.string().optional(),
  passive: z.boolean().optional(),
  disabled: z.boolean().optional(),
  password: z.string().min(1).max(80).optional(),
  ttlSecurity: z.union([z.boolean(), z.number().int().min(1).max(254)]).optional(),
  multihop: z.number().int().min(1).max(255).optional(),
  holdTime: holdTime.optional(),
  keepalive: seconds.min(1).optional(),
  sendHoldTime: seconds.optional(),
  connectRetry: z.number().min(0.1).max(65_535).optional(),
  idleHold: z.number().min(0.1).max(65_535).optional(),
  delayOpen: z.number().min(0).max(240).optional(),
  addPath: z.enum(['send', 'receive', 'both']).optional(),
  extendedNextHop: z.boolean().optional(),
  extendedMessages: z.boolean().optional(),
  routeRefresh: z.boolean().optional(),
  role: z.enum(roles).optional(),
  strictRole: z.boolean().optional(),
  gracefulRestart: z
    .union([
      z.boolean(),
      z.strictObject({
        restartTime: z.number().int().min(0).max(4_095).optional(),
        stalePathTime: seconds.optional(),
        notification: z.boolean().optional(),
        longLivedStaleTime: z.number().int().min(0).max(0xff_ffff).optional(),
      }),
    ])
    .optional(),
  maxPrefixes: z.union([z.number().int().min(1), prefixLimit]).optional(),
  reflectorClient: z.boolean().optional(),
  routeServerClient: z.boolean().optional(),
  nextHop: z.enum(['self', 'unchanged']).optional(),
  allowOwnAs: z.number().int().min(0).max(10).optional(),
  enforceFirstAs: z.boolean().optional(),
  aigp: z.boolean().optional(),
  bfd: z
    .union([
      z.boolean(),
      z.strictObject({
        interval: z.number().min(10).max(60_000).optional(),
        multiplier: z.number().int().min(1).max(255).optional(),
        passive: z.boolean().optional(),
        multihop: z.boolean().optional(),
      }),
    ])
    .optional(),
} as const;

const neighbour = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  address: addressOrPrefix,
  group: z.string().optional(),
  mostDynamic: z.number().int().min(1).max(10_000).optional(),
  ...neighbourFields,
});

const network = z.union([
  prefix.transform((parsed) => ({ prefix: parsed, set: {} })),
  z.strictObject({ prefix, set: set.default({}) }),
]);

export const routerSchema = z.strictObject({
  router: z.strictObject({
    as: asNumber,
    identifier,
    clusterId: identifier.optional(),
    listen: list(address).optional(),
    port: port.default(179),
    hostName: z.string().min(1).max(64).optional(),
    multipath: z.number().int().min(1).max(64).default(1),
    controlSocket: z.string().min(1).optional(),
  }),
  kernel: z
    .union([
      z.literal(false),
      z.strictObject({
        table: z.union([z.literal('main'), z.number().int().min(1).max(0xffff_ffff)]).default(51_801),
        metric: z.number().int().min(1).max(0xffff_ffff).default(20),
      }),
    ])
    .default(false),
  rpki: z
    .array(
      z.strictObject({
        address,
        port: port.default(323),
        retry: z.number().int().min(1).max(7_200).default(60),
      }),
    )
    .max(MOST_CACHES)
    .default([]),
  bmp: z
    .array(z.strictObject({ address, port, retry: z.number().int().min(1).max(7_200).default(30) }))
    .max(MOST_STATIONS)
    .default([]),
  networks: z.array(network).default([]),
  prefixSets: z.record(z.string(), list(z.string())).default({}),
  policies: z.record(z.string(), policy).default({}),
  groups: z.record(z.string(), z.strictObject(neighbourFields)).default({}),
  neighbours: z.array(neighbour).default([]),
});

export type RouterDocument = z.infer<typeof routerSchema>;
export type NeighbourDocument = RouterDocument['neighbours'][number];
