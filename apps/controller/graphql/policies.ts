/** Policies: reading, adding, changing, removing. */
import type { Policy } from '../network/network.ts';
import { warningsOfPolicy } from '../network/publish.ts';
import { treatmentIdOf, treatmentsOf } from '../network/treatments.ts';
import { addPolicy } from '../services/addPolicy.ts';
import { portsText, protocolName } from '../services/policies.ts';
import { removePolicy } from '../services/removePolicy.ts';
import { updatePolicy } from '../services/updatePolicy.ts';
import { applicationRef } from './applications.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';
import { siteRef } from './network.ts';
import { type PageArgs, paginate } from './page.ts';
import { sortDirection } from './queries.ts';
import { pathInput, pathRef, policyRef, slaClassRef, treatmentRef } from './treatments.ts';

const matchRef = builder.objectRef<Policy['match']>('TrafficMatch');
matchRef.implement({
  description: 'All that is given has to hold; an empty list holds for every packet.',
  fields: (t) => ({
    sources: t.stringList({ resolve: (match) => match.sources ?? [] }),
    destinations: t.stringList({ resolve: (match) => match.destinations ?? [] }),
    protocol: t.string({
      nullable: true,
      description: 'tcp, udp, icmp, or a number; null: any.',
      resolve: ({ protocol }) => (protocol === undefined ? null : protocolName(protocol)),
    }),
    ports: t.stringList({
      description: 'Source or destination port: `443` or `8000-8099`.',
      resolve: (match) => (match.ports ?? []).map(portsText),
    }),
    dscp: t.intList({ description: 'Code points, 0 to 63.', resolve: (match) => match.dscp ?? [] }),
    segment: t.int({ nullable: true, description: 'null: any.', resolve: ({ segment }) => segment }),
    sourceSites: t.field({
      type: [siteRef],
      description: 'Whose LANs hold the source, as the prefixes in `sources` do.',
      resolve: ({ sourceSites = [] }, _, { core }) =>
        sourceSites.flatMap((id) => core.network.current.sites.get(id) ?? []),
    }),
    destinationSites: t.field({
      type: [siteRef],
      resolve: ({ destinationSites = [] }, _, { core }) =>
        destinationSites.flatMap((id) => core.network.current.sites.get(id) ?? []),
    }),
    applications: t.field({
      type: [applicationRef],
      description: 'Any of these.',
      resolve: ({ applications = [] }, _, { core }) =>
        applications.flatMap((id) => core.network.current.applications.get(id) ?? []),
    }),
  }),
});

interface Compression {
  readonly level: number;
  readonly acknowledgedBy: string;
  readonly acknowledgedAt: number;
}
const compressionRef = builder.objectRef<Compression>('Compression');
compressionRef.implement({
  fields: (t) => ({
    level: t.exposeInt('level', { description: '0 to 16; higher compresses more and costs more.' }),
    acknowledgedBy: t.exposeString('acknowledgedBy'),
    acknowledgedAt: t.field({ type: 'DateTime', resolve: (one) => one.acknowledgedAt }),
  }),
});

function compressionOf(one: Policy): Compression | null {
  const { compression_level: level, acknowledged_by: by, acknowledged_at: at } = one;
  return level === null || by === null || at === null ? null : { level, acknowledgedBy: by, acknowledgedAt: at };
}

export const policyAction = builder.enumType('PolicyAction', {
  description: "BREAKOUT: out to the internet at its own site, behind the uplink's address.",
  values: ['ALLOW', 'DENY', 'BREAKOUT'] as const,
});
export const priorityEnum = builder.enumType('Priority', {
  description: 'Which goes first on an uplink that is full.',
  values: ['REALTIME', 'HIGH', 'NORMAL', 'BULK'] as const,
});

policyRef.implement({
  description:
    "A policy: which packets, and what is done for them. The first that matches a flow's first packet is the flow's.",
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    position: t.exposeInt('position', { description: '1 is asked first.' }),
    match: t.field({ type: matchRef, resolve: (one) => one.match }),
    compression: t.field({
      type: compressionRef,
      nullable: true,
      description: 'LZ4 before sealing; null: never (the default).',
      resolve: compressionOf,
    }),
    action: t.field({ type: policyAction, resolve: ({ action }) => action.toUpperCase() as 'ALLOW' }),
    breakoutLabels: t.stringList({
      description: 'BREAKOUT: uplinks by label, in order; empty: all, the cheapest first.',
      resolve: ({ breakoutLabels }) => breakoutLabels,
    }),
    slaClass: t.field({
      type: slaClassRef,
      nullable: true,
      resolve: ({ sla_class_id: id }, _, { core }) => core.network.current.slaClasses.get(id ?? ''),
    }),
    path: t.field({ type: pathRef, resolve: ({ path }) => path }),
    priority: t.field({ type: priorityEnum, resolve: ({ priority }) => priority.toUpperCase() as 'NORMAL' }),
    limitPercent: t.exposeInt('limit_percent', {
      nullable: true,
      description: "Most it may take of an uplink's rate, 1 to 100; null: all that is free.",
    }),
    mark: t.exposeInt('mark', { nullable: true, description: 'DSCP that its packets get; null: theirs stays.' }),
    treatment: t.field({
      type: treatmentRef,
      description: 'How its paths are chosen, shared with the policies that ask for the same.',
      resolve: ({ id }, _, { core }) => {
        const network = core.network.current;
        return found(treatmentsOf(network).get(treatmentIdOf(network, id)));
      },
    }),
    warnings: t.stringList({
      description: 'What may be meant and deserves a second look, such as an earlier policy that hides it.',
      resolve: ({ id }, _, { core }) => warningsOfPolicy(core.network.current, id),
    }),
    flows: t.float({
      description: 'Flows it was found for: the sum over all edges since their packet paths started.',
      resolve: ({ id }, _, { core }) => core.live.policy(id).flows,
    }),
    deniedPackets: t.float({ resolve: ({ id }, _, { core }) => core.live.policy(id).deniedPackets }),
    sentPackets: t.float({
      description: 'Sum over all edges since their packet paths started.',
      resolve: ({ id }, _, { core }) => core.live.policy(id).sentPackets,
    }),
    sentBytes: t.float({ resolve: ({ id }, _, { core }) => core.live.policy(id).sentBytes }),
    compressedBytesBefore: t.float({
      resolve: ({ id }, _, { core }) => core.live.policy(id).compressedFromBytes,
    }),
    compressedBytesAfter: t.float({ resolve: ({ id }, _, { core }) => core.live.policy(id).compressedToBytes }),
    skippedPackets: t.float({ resolve: ({ id }, _, { core }) => core.live.policy(id).skippedPackets }),
    createdAt: t.field({ type: 'DateTime', resolve: (one) => one.created_at }),
    revision: t.exposeInt('revision'),
  }),
});
const policyConnection = connectionOf('PolicyConnection', 'PolicyEdge', policyRef);

const matchInput = builder.inputType('TrafficMatchInput', {
  fields: (t) => ({
    sources: t.stringList(),
    destinations: t.stringList(),
    protocol: t.string(),
    ports: t.stringList(),
    dscp: t.intList(),
    segment: t.int(),
    sourceSites: t.idList(),
    destinationSites: t.idList(),
    applications: t.idList(),
  }),
});
const compressionInput = builder.inputType('CompressionInput', {
  description:
    'acknowledgeLengthLeak: I know that compressing before encrypting can tell an onlooker, by lengths, what packets hold.',
  fields: (t) => ({
    level: t.int({ required: true }),
    acknowledgeLengthLeak: t.boolean({ required: true }),
  }),
});
const addInput = builder.inputType('AddPolicyInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    position: t.int(),
    match: t.field({ type: matchInput, required: true }),
    compression: t.field({ type: compressionInput }),
    action: t.field({ type: policyAction }),
    breakoutLabels: t.stringList(),
    slaClassId: t.id(),
    path: t.field({ type: pathInput }),
    priority: t.field({ type: priorityEnum }),
    limitPercent: t.int(),
    mark: t.int(),
  }),
});
const updateInput = builder.inputType('UpdatePolicyInput', {
  description: 'What is null goes back to what a policy without that wish has; left out it stays.',
  fields: (t) => ({
    id: t.id({ required: true }),
    revision: t.int(),
    name: t.string(),
    position: t.int(),
    match: t.field({ type: matchInput }),
    compression: t.field({ type: compressionInput }),
    action: t.field({ type: policyAction }),
    breakoutLabels: t.stringList(),
    slaClassId: t.id(),
    path: t.field({ type: pathInput }),
    priority: t.field({ type: priorityEnum }),
    limitPercent: t.int(),
    mark: t.int(),
  }),
});
const removeInput = builder.inputType('RemovePolicyInput', {
  fields: (t) => ({ id: t.id({ required: true }) }),
});

const policyPayload = builder.objectRef<{ policy: Policy }>('PolicyPayload');
policyPayload.implement({
  fields: (t) => ({
    policy: t.field({ type: policyRef, resolve: (payload) => payload.policy }),
    warnings: t.stringList({
      description: 'What may be meant and deserves a second look, such as a policy that an earlier one hides.',
      resolve: ({ policy }, _, { core }) => warningsOfPolicy(core.network.current, policy.id),
    }),
  }),
});
const removePayload = builder.objectRef<{ removedId: string }>('RemovePolicyPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

function payloadOf({ core }: GraphContext, policyId: string): { policy: Policy } {
  return { policy: found(core.network.current.policies.get(policyId)) };
}

const policyFilter = builder.inputType('PolicyFilter', {
  fields: (t) => ({ name: t.string(), action: t.field({ type: policyAction }), slaClassId: t.id() }),
});
const policySortField = builder.enumType('PolicySortField', {
  values: ['POSITION', 'NAME', 'FLOWS', 'SENT_BYTES', 'DENIED_PACKETS'] as const,
});
const policySort = builder.inputType('PolicySort', {
  fields: (t) => ({
    field: t.field({ type: policySortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});

interface ListArgs extends PageArgs {
  readonly filter?: typeof policyFilter.$inferInput | null | undefined;
  readonly sort?: typeof policySort.$inferInput | null | undefined;
}

function listPolicies(args: ListArgs, { core }: GraphContext) {
  const { filter, sort } = args;
  const wanted = filter?.name?.toLowerCase() ?? '';
  const items = [...core.network.current.policies.values()].filter(
    (one) =>
      one.name.toLowerCase().includes(wanted) &&
      (filter?.action == null || one.action === filter.action.toLowerCase()) &&
      (filter?.slaClassId == null || one.sla_class_id === filter.slaClassId),
  );
  const keys = {
    POSITION: (one: Policy) => one.position,
    NAME: (one: Policy) => one.name,
    FLOWS: ({ id }: Policy) => core.live.policy(id).flows,
    SENT_BYTES: ({ id }: Policy) => core.live.policy(id).sentBytes,
    DENIED_PACKETS: ({ id }: Policy) => core.live.policy(id).deniedPackets,
  };
  return paginate(items, args, {
    key: keys[sort?.field ?? 'POSITION'],
    id: (one) => one.id,
    descending: sort?.direction === 'DESCENDING',
  });
}

export function definePolicies(): void {
  builder.queryFields((t) => ({
    policies: t.field({
      type: policyConnection,
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        ...{ filter: t.arg({ type: policyFilter }), sort: t.arg({ type: policySort }) },
      },
      resolve: (_, args, context) => listPolicies(args, context),
    }),
    policy: t.field({
      type: policyRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { core }) => core.network.current.policies.get(id),
    }),
  }));
  builder.mutationFields((t) => ({
    addPolicy: t.field({
      type: policyPayload,
      description:
        'Adds a policy behind the others, or at `position`. Compression needs acknowledgeLengthLeak: true, which is audited.',
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) => payloadOf(context, (await run(context, addPolicy, input)).policyId),
    }),
    updatePolicy: t.field({
      type: policyPayload,
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) => payloadOf(context, (await run(context, updatePolicy, input)).policyId),
    }),
    removePolicy: t.field({
      type: removePayload,
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removePolicy, input),
    }),
  }));
}
