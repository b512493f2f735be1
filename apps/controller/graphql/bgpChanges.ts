/** Changes of BGP. Keys come in here and never leave. */
import type { BgpAllowance, BgpNeighbour } from '@patronus/fabric';
import { addBgpAllowance } from '../services/addBgpAllowance.ts';
import { addBgpNeighbour } from '../services/addBgpNeighbour.ts';
import { removeBgpAllowance } from '../services/removeBgpAllowance.ts';
import { removeBgpNeighbour } from '../services/removeBgpNeighbour.ts';
import { updateBgp } from '../services/updateBgp.ts';
import { updateBgpAllowance } from '../services/updateBgpAllowance.ts';
import { updateBgpNeighbour } from '../services/updateBgpNeighbour.ts';
import { builder, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';

type Ref<T> = ReturnType<typeof builder.objectRef<T>>;

const rangeInput = builder.inputType('BgpPrefixRangeInput', {
  fields: (t) => ({
    prefix: t.string({ required: true }),
    longest: t.int({ description: 'The longest prefix inside of it that belongs to it; left out: the prefix alone.' }),
  }),
});
const policyInput = builder.inputType('BgpPolicyInput', {
  fields: (t) => ({
    everything: t.boolean({ description: 'Everything passes; otherwise the prefixes named.' }),
    prefixes: t.field({ type: [rangeInput] }),
    communities: t.stringList({ description: '`65000:1`, added.' }),
    localPreference: t.float({ description: 'Inwards only; higher is preferred.' }),
  }),
});
const RESTART_AFTER = 'Until a router that brought more than `maxPrefixes` is called again.';
const addNeighbourInput = builder.inputType('AddBgpNeighbourInput', {
  fields: (t) => ({
    edgeId: t.id({ required: true }),
    name: t.string({ required: true }),
    address: t.string({ required: true }),
    remoteAs: t.float({ required: true }),
    interface: t.string({ description: 'The one that the router is on; left out: it is several hops away.' }),
    key: t.string({ description: 'TCP MD5 (RFC 2385). Written only: nothing answers with it.' }),
    passive: t.boolean(),
    holdSeconds: t.int(),
    keepaliveSeconds: t.int(),
    maxPrefixes: t.int(),
    restartAfterSeconds: t.int({ description: RESTART_AFTER }),
    gtsm: t.boolean(),
    bfd: t.boolean(),
    import: t.field({ type: policyInput, description: 'Left out: nothing comes in (RFC 8212).' }),
    export: t.field({ type: policyInput, description: 'Left out: nothing goes out (RFC 8212).' }),
  }),
});
const updateNeighbourInput = builder.inputType('UpdateBgpNeighbourInput', {
  description: 'What is left out stays.',
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    address: t.string(),
    remoteAs: t.float(),
    interface: t.string({ description: 'null: it is several hops away.' }),
    key: t.string({ description: 'TCP MD5 (RFC 2385), written only; null: without one.' }),
    passive: t.boolean(),
    holdSeconds: t.int(),
    keepaliveSeconds: t.int({ description: 'null: a third of the hold time.' }),
    maxPrefixes: t.int(),
    restartAfterSeconds: t.int({ description: RESTART_AFTER }),
    gtsm: t.boolean(),
    bfd: t.boolean(),
    import: t.field({ type: policyInput, description: 'null: nothing comes in.' }),
    export: t.field({ type: policyInput, description: 'null: nothing goes out.' }),
  }),
});
const addAllowanceInput = builder.inputType('AddBgpAllowanceInput', {
  fields: (t) => ({
    siteId: t.id({ required: true }),
    prefix: t.string({ required: true }),
    longest: t.int({ description: 'The longest prefix inside of it that is taken; left out: the prefix alone.' }),
    preference: t.int({ description: 'Where several sites may bring it, the lowest is preferred.' }),
  }),
});
const updateAllowanceInput = builder.inputType('UpdateBgpAllowanceInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    prefix: t.string({ required: true }),
    longest: t.int({ description: 'The longest prefix inside of it that is taken; left out: the prefix alone.' }),
    preference: t.int({ description: 'null: this site alone may bring it; left out it stays.' }),
  }),
});
const updateInput = builder.inputType('UpdateBgpInput', {
  fields: (t) => ({
    as: t.float(),
    reflectorSiteIds: t.idList({ description: 'All of them; empty: each gateway speaks with every other.' }),
  }),
});
const removeInput = builder.inputType('RemoveBgpInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const removePayload = builder.objectRef<{ removedId: string }>('RemoveBgpPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

interface Refs {
  readonly bgpRef: Ref<Record<string, never>>;
  readonly neighbourRef: Ref<BgpNeighbour>;
  readonly allowanceRef: Ref<BgpAllowance>;
}

function allowanceOf({ core }: GraphContext, wanted: string): { allowance: BgpAllowance } {
  return { allowance: found(core.network.current.bgp.allowances.find(({ id }) => id === wanted)) };
}

function neighbourOf({ core }: GraphContext, wanted: string): { neighbour: BgpNeighbour } {
  return { neighbour: found(core.network.current.bgp.neighbours.find(({ id }) => id === wanted)) };
}

export function defineBgpChanges({ bgpRef, neighbourRef, allowanceRef }: Refs): void {
  const bgpPayload = builder.objectRef<Record<string, never>>('BgpPayload');
  bgpPayload.implement({ fields: (t) => ({ bgp: t.field({ type: bgpRef, resolve: () => ({}) }) }) });
  const neighbourPayload = builder.objectRef<{ neighbour: BgpNeighbour }>('BgpNeighbourPayload');
  neighbourPayload.implement({
    fields: (t) => ({ bgpNeighbour: t.field({ type: neighbourRef, resolve: ({ neighbour }) => neighbour }) }),
  });
  const allowancePayload = builder.objectRef<{ allowance: BgpAllowance }>('BgpAllowancePayload');
  allowancePayload.implement({
    fields: (t) => ({ bgpAllowance: t.field({ type: allowanceRef, resolve: ({ allowance }) => allowance }) }),
  });
  builder.mutationFields((t) => ({
    updateBgp: t.field({
      type: bgpPayload,
      description: "The fabric's AS number and who reflects; what is left out stays. Sessions begin anew.",
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: (_, { input }, context) => run(context, updateBgp, input),
    }),
    addBgpNeighbour: t.field({
      type: neighbourPayload,
      args: { input: t.arg({ type: addNeighbourInput, required: true }) },
      resolve: async (_, { input }, context) =>
        neighbourOf(context, (await run(context, addBgpNeighbour, input)).bgpNeighbourId),
    }),
    updateBgpNeighbour: t.field({
      type: neighbourPayload,
      description: 'Changes what is given and leaves the rest; the session begins anew only where it has to.',
      args: { input: t.arg({ type: updateNeighbourInput, required: true }) },
      resolve: async (_, { input }, context) =>
        neighbourOf(context, (await run(context, updateBgpNeighbour, input)).bgpNeighbourId),
    }),
    removeBgpNeighbour: t.field({
      type: removePayload,
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeBgpNeighbour, input),
    }),
    addBgpAllowance: t.field({
      type: allowancePayload,
      args: { input: t.arg({ type: addAllowanceInput, required: true }) },
      resolve: async (_, { input }, context) =>
        allowanceOf(context, (await run(context, addBgpAllowance, input)).allowanceId),
    }),
    updateBgpAllowance: t.field({
      type: allowancePayload,
      description: 'Routes that stay allowed are withdrawn nowhere.',
      args: { input: t.arg({ type: updateAllowanceInput, required: true }) },
      resolve: async (_, { input }, context) =>
        allowanceOf(context, (await run(context, updateBgpAllowance, input)).allowanceId),
    }),
    removeBgpAllowance: t.field({
      type: removePayload,
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeBgpAllowance, input),
    }),
  }));
}
