/** `whatIf`: what changed figures or policies would have done with what was measured. */
import type { Outcome } from '@patronus/steering';
import { type ComparedPath, type EdgeOutcome, workOut } from '../whatIf/whatIf.ts';
import { builder } from './builder.ts';
import { edgeRef } from './network.ts';
import { thresholdsInput } from './steering.ts';
import { pathInput, policyRef } from './treatments.ts';

const outcomeRef = builder.objectRef<Outcome>('WhatIfOutcome');
outcomeRef.implement({
  fields: (t) => ({
    switches: t.exposeInt('switches', { description: 'Times that what carries traffic became another tunnel.' }),
    outOfSlaSeconds: t.float({
      description: 'While the path in use broke the bounds, those of the change on both sides.',
      resolve: ({ outOfSlaMs }) => outOfSlaMs / 1_000,
    }),
    downSeconds: t.float({ description: 'While nothing was up.', resolve: ({ downMs }) => downMs / 1_000 }),
  }),
});
const pathRef = builder.objectRef<ComparedPath>('WhatIfPath');
pathRef.implement({
  fields: (t) => ({
    policies: t.field({
      type: [policyRef],
      description: 'Whose flows take it; empty: what no policy matches.',
      resolve: ({ policies }) => policies,
    }),
    remoteEdge: t.field({
      type: edgeRef,
      nullable: true,
      resolve: ({ remoteEdgeId }, _, { core }) => core.network.current.edges.get(remoteEdgeId),
    }),
    was: t.field({ type: outcomeRef, nullable: true, resolve: ({ was }) => was }),
    wouldBe: t.field({ type: outcomeRef, nullable: true, resolve: ({ wouldBe }) => wouldBe }),
  }),
});
const edgeOutcomeRef = builder.objectRef<EdgeOutcome>('WhatIfEdge');
edgeOutcomeRef.implement({
  fields: (t) => ({
    edge: t.field({ type: edgeRef, resolve: ({ edge }) => edge }),
    sentence: t.string({ resolve: ({ words }) => words }),
    was: t.field({
      type: outcomeRef,
      description: 'What the present policies choose over the same samples: as coarse as the other side.',
      resolve: ({ was }) => was,
    }),
    wouldBe: t.field({ type: outcomeRef, resolve: ({ wouldBe }) => wouldBe }),
    coverage: t.exposeFloat('coverage', { description: 'Part of the time that is known of the tunnels, 0 to 1.' }),
    resolutionSeconds: t.float({
      nullable: true,
      description: 'Between two samples: what was shorter is not seen.',
      resolve: ({ resolutionMs }) => (resolutionMs === null ? null : resolutionMs / 1_000),
    }),
    confidence: t.exposeFloat('confidence', { description: '0 to 1.' }),
    paths: t.field({ type: [pathRef], resolve: ({ paths }) => paths }),
  }),
});

const slaInput = builder.inputType('WhatIfSlaClassInput', {
  description: 'A bound that is null is not asked for; left out it is as it is.',
  fields: (t) => ({
    id: t.id({ required: true }),
    roundTripMs: t.float(),
    jitterMs: t.float(),
    lossPercent: t.float(),
    mos: t.float(),
  }),
});
const policyInput = builder.inputType('WhatIfPolicyInput', {
  fields: (t) => ({ id: t.id({ required: true }), slaClassId: t.id(), path: t.field({ type: pathInput }) }),
});
const input = builder.inputType('WhatIfInput', {
  fields: (t) => ({
    thresholds: t.field({ type: thresholdsInput }),
    slaClasses: t.field({ type: [slaInput] }),
    policies: t.field({ type: [policyInput] }),
  }),
});

export function defineWhatIf(): void {
  builder.queryFields((t) => ({
    whatIf: t.field({
      type: [edgeOutcomeRef],
      description: `What a change would have done with what was measured: switches and time out of SLA, for each edge,
with its confidence. Changes nothing. One at a time; not live.`,
      args: {
        input: t.arg({ type: input, required: true }),
        since: t.arg({ type: 'DateTime', required: true }),
        until: t.arg({ type: 'DateTime' }),
        siteId: t.arg.id({ description: 'Its edges only.' }),
      },
      resolve: (_, { input: change, since, until, siteId }, { core }) =>
        workOut(core, { change, since, until, siteId }),
    }),
  }));
}
