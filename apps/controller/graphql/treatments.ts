/** What policies can ask for: SLA classes, path preferences, and the treatments that share them. */
import type { PathPreference } from '@patronus/fabric';
import { boundsText } from '../edges/sla.ts';
import type { OwnSlaClass, Policy } from '../network/network.ts';
import { type SharedTreatment, treatmentsOf } from '../network/treatments.ts';
import { addSlaClass } from '../services/addSlaClass.ts';
import { removeSlaClass } from '../services/removeSlaClass.ts';
import { type SlaPreset, slaPresets } from '../services/slaClasses.ts';
import { updateSlaClass } from '../services/updateSlaClass.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';
import { paginate } from './page.ts';
import { sortDirection } from './queries.ts';

export const policyRef = builder.objectRef<Policy>('Policy');
export const slaClassRef = builder.objectRef<OwnSlaClass>('SlaClass');
export const treatmentRef = builder.objectRef<SharedTreatment>('Treatment');

const LOSS = 'Packets lost of those sent, the worse direction, 0 to 100; null: not asked for.';
const MOS = 'Least mean opinion score (G.107 simplified), 1 to 4.5; null: not asked for.';
const ROUND_TRIP = 'Most round trip, ms; null: not asked for.';
const JITTER = 'Most interarrival jitter (RFC 3550) of the worse direction, ms; null: not asked for.';

function percent(loss: number | null): number | null {
  return loss === null ? null : Math.round(loss * 1e8) / 1e6;
}

slaClassRef.implement({
  description: 'Bounds that a path has to meet in both directions.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    roundTripMs: t.exposeFloat('roundTripMs', { nullable: true, description: ROUND_TRIP }),
    jitterMs: t.exposeFloat('jitterMs', { nullable: true, description: JITTER }),
    lossPercent: t.float({ nullable: true, description: LOSS, resolve: ({ loss }) => percent(loss) }),
    mos: t.exposeFloat('mos', { nullable: true, description: MOS }),
    bounds: t.string({ description: 'All of them in words.', resolve: boundsText }),
    policies: t.field({
      type: [policyRef],
      description: 'Those that ask for it.',
      resolve: ({ id }, _, { core }) =>
        [...core.network.current.policies.values()].filter((policy) => policy.sla_class_id === id),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    revision: t.exposeInt('revision'),
  }),
});
const slaClassConnection = connectionOf('SlaClassConnection', 'SlaClassEdge', slaClassRef);

const presetRef = builder.objectRef<SlaPreset>('SlaPreset');
presetRef.implement({
  description: 'A suggestion for an SLA class: a start to change as you like.',
  fields: (t) => ({
    name: t.exposeString('name'),
    description: t.exposeString('description'),
    roundTripMs: t.exposeFloat('roundTripMs', { nullable: true }),
    jitterMs: t.exposeFloat('jitterMs', { nullable: true }),
    lossPercent: t.float({ nullable: true, resolve: ({ loss }) => percent(loss) }),
    mos: t.exposeFloat('mos', { nullable: true }),
  }),
});

export const pathMode = builder.enumType('PathMode', {
  description: `Which of the paths that meet the SLA class is taken. BEST: by its measures. ORDERED: the first label.
CHEAPEST: the lowest cost. BALANCE: flows spread by weight. DUPLICATE: every packet over the two best.
FEC: the best, with parity packets as its loss asks for.`,
  values: ['BEST', 'ORDERED', 'CHEAPEST', 'BALANCE', 'DUPLICATE', 'FEC'] as const,
});
const weightRef = builder.objectRef<{ readonly label: string; readonly weight: number }>('PathWeight');
weightRef.implement({ fields: (t) => ({ label: t.exposeString('label'), weight: t.exposeInt('weight') }) });
export const pathRef = builder.objectRef<PathPreference>('PathPreference');
pathRef.implement({
  fields: (t) => ({
    mode: t.field({ type: pathMode, resolve: ({ mode }) => mode.toUpperCase() as 'BEST' }),
    labels: t.stringList({
      description: 'ORDERED: labels of the own uplinks, the first one in front.',
      resolve: (path) => (path.mode === 'ordered' ? path.labels : []),
    }),
    weights: t.field({
      type: [weightRef],
      description: 'BALANCE: how flows are spread over labels.',
      resolve: (path) => (path.mode === 'balance' ? path.weights : []),
    }),
  }),
});
const weightInput = builder.inputType('PathWeightInput', {
  fields: (t) => ({ label: t.string({ required: true }), weight: t.int({ required: true }) }),
});
export const pathInput = builder.inputType('PathPreferenceInput', {
  fields: (t) => ({
    mode: t.field({ type: pathMode, required: true }),
    labels: t.stringList(),
    weights: t.field({ type: [weightInput] }),
  }),
});

treatmentRef.implement({
  description: 'One way of choosing paths. Policies that ask for the same share it; the gateways know it by its id.',
  fields: (t) => ({
    id: t.exposeID('id'),
    slaClass: t.field({
      type: slaClassRef,
      nullable: true,
      resolve: ({ slaClassId }, _, { core }) => core.network.current.slaClasses.get(slaClassId ?? ''),
    }),
    path: t.field({ type: pathRef, resolve: ({ path }) => path }),
    policies: t.field({
      type: [policyRef],
      description: 'Those that ask for it. `default` is also for what no policy matches.',
      resolve: ({ policies }) => policies,
    }),
  }),
});

const slaClassFilter = builder.inputType('SlaClassFilter', { fields: (t) => ({ name: t.string() }) });
const slaClassSortField = builder.enumType('SlaClassSortField', { values: ['NAME', 'CREATED_AT'] as const });
const slaClassSort = builder.inputType('SlaClassSort', {
  fields: (t) => ({
    field: t.field({ type: slaClassSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});

const addInput = builder.inputType('AddSlaClassInput', {
  description: 'At least one bound.',
  fields: (t) => ({
    name: t.string({ required: true }),
    roundTripMs: t.float(),
    jitterMs: t.float(),
    lossPercent: t.float(),
    mos: t.float(),
  }),
});
const updateInput = builder.inputType('UpdateSlaClassInput', {
  description: 'A bound that is null is not asked for any more; left out it stays.',
  fields: (t) => ({
    id: t.id({ required: true }),
    revision: t.int(),
    name: t.string(),
    roundTripMs: t.float(),
    jitterMs: t.float(),
    lossPercent: t.float(),
    mos: t.float(),
  }),
});
const removeInput = builder.inputType('RemoveSlaClassInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const payloadRef = builder.objectRef<{ slaClass: OwnSlaClass }>('SlaClassPayload');
payloadRef.implement({
  fields: (t) => ({ slaClass: t.field({ type: slaClassRef, resolve: ({ slaClass }) => slaClass }) }),
});
const removePayload = builder.objectRef<{ removedId: string }>('RemoveSlaClassPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

function payloadOf({ core }: GraphContext, id: string) {
  return { slaClass: found(core.network.current.slaClasses.get(id)) };
}

export function defineTreatments(): void {
  builder.queryFields((t) => ({
    slaClasses: t.field({
      type: slaClassConnection,
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        ...{ filter: t.arg({ type: slaClassFilter }), sort: t.arg({ type: slaClassSort }) },
      },
      resolve: (_, args, { core }) => {
        const wanted = args.filter?.name?.toLowerCase() ?? '';
        const classes = [...core.network.current.slaClasses.values()];
        return paginate(
          classes.filter(({ name }) => name.toLowerCase().includes(wanted)),
          args,
          {
            key: args.sort?.field === 'CREATED_AT' ? (one) => one.createdAt : (one) => one.name,
            id: (one) => one.id,
            descending: args.sort?.direction === 'DESCENDING',
          },
        );
      },
    }),
    slaClass: t.field({
      type: slaClassRef,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, { core }) => core.network.current.slaClasses.get(id),
    }),
    slaPresets: t.field({ type: [presetRef], resolve: () => slaPresets }),
    treatments: t.field({
      type: [treatmentRef],
      description:
        'Every treatment that some policy asks for, and `default`; at most one more than there are policies.',
      resolve: (_, __, { core }) => [...treatmentsOf(core.network.current).values()],
    }),
  }));
  builder.mutationFields((t) => ({
    addSlaClass: t.field({
      type: payloadRef,
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) => payloadOf(context, (await run(context, addSlaClass, input)).slaClassId),
    }),
    updateSlaClass: t.field({
      type: payloadRef,
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) =>
        payloadOf(context, (await run(context, updateSlaClass, input)).slaClassId),
    }),
    removeSlaClass: t.field({
      type: removePayload,
      description: 'Refused while a policy asks for it.',
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeSlaClass, input),
    }),
  }));
}
