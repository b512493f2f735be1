/** Traffic classes: reading, adding, changing, removing. */
import type { TrafficClass } from '../network/network.ts';
import { warningsOfClass } from '../network/publish.ts';
import { addTrafficClass } from '../services/addTrafficClass.ts';
import { removeTrafficClass } from '../services/removeTrafficClass.ts';
import { portsText, protocolName } from '../services/trafficClasses.ts';
import { updateTrafficClass } from '../services/updateTrafficClass.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';
import { paginate } from './page.ts';

const matchRef = builder.objectRef<TrafficClass['match']>('TrafficMatch');
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

function compressionOf(one: TrafficClass): Compression | null {
  const { compression_level: level, acknowledged_by: by, acknowledged_at: at } = one;
  return level === null || by === null || at === null ? null : { level, acknowledgedBy: by, acknowledgedAt: at };
}

const classRef = builder.objectRef<TrafficClass>('TrafficClass');
classRef.implement({
  description:
    "A policy class: which packets, and what is done for them. The first that matches a flow's first packet is the flow's.",
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
    sentPackets: t.float({
      description: 'Sum over all edges since their packet paths started.',
      resolve: ({ id }, _, { core }) => core.live.trafficClass(id).sentPackets,
    }),
    sentBytes: t.float({ resolve: ({ id }, _, { core }) => core.live.trafficClass(id).sentBytes }),
    compressedBytesBefore: t.float({
      resolve: ({ id }, _, { core }) => core.live.trafficClass(id).compressedFromBytes,
    }),
    compressedBytesAfter: t.float({ resolve: ({ id }, _, { core }) => core.live.trafficClass(id).compressedToBytes }),
    skippedPackets: t.float({ resolve: ({ id }, _, { core }) => core.live.trafficClass(id).skippedPackets }),
    createdAt: t.field({ type: 'DateTime', resolve: (one) => one.created_at }),
    revision: t.exposeInt('revision'),
  }),
});
const classConnection = connectionOf('TrafficClassConnection', 'TrafficClassEdge', classRef);

const matchInput = builder.inputType('TrafficMatchInput', {
  fields: (t) => ({
    sources: t.stringList(),
    destinations: t.stringList(),
    protocol: t.string(),
    ports: t.stringList(),
    dscp: t.intList(),
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
const addInput = builder.inputType('AddTrafficClassInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    position: t.int(),
    match: t.field({ type: matchInput, required: true }),
    compression: t.field({ type: compressionInput }),
  }),
});
const updateInput = builder.inputType('UpdateTrafficClassInput', {
  description: 'compression null switches it off; left out leaves it as it is.',
  fields: (t) => ({
    id: t.id({ required: true }),
    revision: t.int(),
    name: t.string(),
    position: t.int(),
    match: t.field({ type: matchInput }),
    compression: t.field({ type: compressionInput }),
  }),
});
const removeInput = builder.inputType('RemoveTrafficClassInput', {
  fields: (t) => ({ id: t.id({ required: true }) }),
});

const classPayload = builder.objectRef<{ trafficClass: TrafficClass }>('TrafficClassPayload');
classPayload.implement({
  fields: (t) => ({
    trafficClass: t.field({ type: classRef, resolve: (payload) => payload.trafficClass }),
    warnings: t.stringList({
      description: 'What may be meant and deserves a second look, such as a class that an earlier one hides.',
      resolve: ({ trafficClass }, _, { core }) => warningsOfClass(core.network.current, trafficClass.id),
    }),
  }),
});
const removePayload = builder.objectRef<{ removedId: string }>('RemoveTrafficClassPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

function payloadOf({ core }: GraphContext, classId: string): { trafficClass: TrafficClass } {
  return { trafficClass: found(core.network.current.classes.get(classId)) };
}

export function defineTrafficClasses(): void {
  builder.queryFields((t) => ({
    trafficClasses: t.field({
      type: classConnection,
      args: { first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
      resolve: (_, args, { core }) =>
        paginate(core.network.current.classes.values(), args, { key: (one) => one.position, id: (one) => one.id }),
    }),
    trafficClass: t.field({
      type: classRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { core }) => core.network.current.classes.get(id),
    }),
  }));
  builder.mutationFields((t) => ({
    addTrafficClass: t.field({
      type: classPayload,
      description:
        'Adds a traffic class behind the others, or at `position`. Compression needs acknowledgeLengthLeak: true, which is audited.',
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) =>
        payloadOf(context, (await run(context, addTrafficClass, input)).classId),
    }),
    updateTrafficClass: t.field({
      type: classPayload,
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) =>
        payloadOf(context, (await run(context, updateTrafficClass, input)).classId),
    }),
    removeTrafficClass: t.field({
      type: removePayload,
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeTrafficClass, input),
    }),
  }));
}
