/** What is measured of each direction of a tunnel, and its BFD sessions. */
import { describeDiagnostic } from '@patronus/bfd';
import type { TunnelPlan } from '@patronus/fabric';
import type { BfdSessionTelemetry } from '@patronus/protocol';
import type { TunnelView } from '../edges/live.ts';
import type { DirectionView } from '../edges/quality.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { edgeRef, sampleRef, tunnelRef } from './network.ts';
import { type PageArgs, paginate } from './page.ts';
import { sortDirection } from './queries.ts';

export const directionRef = builder.objectRef<DirectionView>('DirectionQuality');
directionRef.implement({
  description: 'Of the last seconds, as its receiver measured it.',
  fields: (t) => ({
    packets: t.exposeFloat('packets', { description: 'Sent into it meanwhile: what the loss is a part of.' }),
    lossPercent: t.exposeFloat('lossPercent'),
    jitterMs: t.exposeFloat('jitterMs', { description: 'Interarrival jitter (RFC 3550 §6.4.1).' }),
    delayChangeMs: t.exposeFloat('delayChangeMs', {
      description: 'One-way delay above the least of the window; the delay itself cannot be known one way.',
    }),
    capacityBitsPerSecond: t.exposeFloat('capacityBitsPerSecond', {
      nullable: true,
      description: 'What it was seen to deliver while it was full; null: it never was.',
    }),
  }),
});

export const bfdState = builder.enumType('BfdState', { values: ['ADMIN_DOWN', 'DOWN', 'INIT', 'UP'] as const });
export const stateWords = { adminDown: 'ADMIN_DOWN', down: 'DOWN', init: 'INIT', up: 'UP' } as const;

export interface BfdView {
  readonly plan: TunnelPlan;
  readonly edgeId: string;
  readonly session: BfdSessionTelemetry;
}
export const bfdRef = builder.objectRef<BfdView>('BfdSession');
bfdRef.implement({
  description: 'A BFD session (RFC 5880 §6.8.1) as one end of its tunnel keeps it.',
  fields: (t) => ({
    id: t.id({ resolve: ({ plan, edgeId }) => `${plan.id}:${edgeId}` }),
    tunnel: t.field({ type: tunnelRef, resolve: ({ plan }) => plan }),
    edge: t.field({
      type: edgeRef,
      description: 'The end that keeps it.',
      resolve: ({ edgeId }, _, { core }) => core.network.current.edges.get(edgeId)!,
    }),
    remoteEdge: t.field({
      type: edgeRef,
      resolve: ({ plan, edgeId }, _, { core }) =>
        core.network.current.edges.get(plan.a.edgeId === edgeId ? plan.b.edgeId : plan.a.edgeId)!,
    }),
    state: t.field({ type: bfdState, resolve: ({ session }) => stateWords[session.state] }),
    remoteState: t.field({ type: bfdState, resolve: ({ session }) => stateWords[session.remoteState] }),
    localDiscriminator: t.float({ resolve: ({ session }) => session.localDiscriminator }),
    remoteDiscriminator: t.float({ resolve: ({ session }) => session.remoteDiscriminator }),
    diagnostic: t.int({ description: 'RFC 5880 §4.1.', resolve: ({ session }) => session.diagnostic }),
    diagnosticText: t.string({ resolve: ({ session }) => describeDiagnostic(session.diagnostic) }),
    remoteDiagnostic: t.int({ resolve: ({ session }) => session.remoteDiagnostic }),
    remoteDiagnosticText: t.string({
      resolve: ({ session }) => describeDiagnostic(session.remoteDiagnostic),
    }),
    transmitIntervalMs: t.float({
      description: 'As negotiated.',
      resolve: ({ session }) => session.transmitIntervalMs,
    }),
    detectionTimeMs: t.float({
      description: 'Down after so long without a word from the other end.',
      resolve: ({ session }) => session.detectionTimeMs,
    }),
    downs: t.float({
      description: 'Times it went from Up to Down since it was made.',
      resolve: ({ session }) => session.downs,
    }),
  }),
});
const connection = connectionOf('BfdSessionConnection', 'BfdSessionEdge', bfdRef);

const filterInput = builder.inputType('BfdSessionFilter', {
  fields: (t) => ({ siteId: t.id(), edgeId: t.id(), tunnelId: t.id(), state: t.field({ type: bfdState }) }),
});
const sortField = builder.enumType('BfdSessionSortField', {
  values: ['TUNNEL', 'STATE', 'DETECTION_TIME', 'DOWNS'] as const,
});
const sortInput = builder.inputType('BfdSessionSort', {
  fields: (t) => ({
    field: t.field({ type: sortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});
const keys = {
  TUNNEL: ({ plan }: BfdView) => plan.id,
  STATE: ({ session }: BfdView) => session.state,
  DETECTION_TIME: ({ session }: BfdView) => session.detectionTimeMs,
  DOWNS: ({ session }: BfdView) => session.downs,
};

function sessionsOf(plan: TunnelPlan, view: TunnelView): BfdView[] {
  return (['a', 'b'] as const).flatMap((side) => {
    const session = view[side].bfd;
    return session === null ? [] : [{ plan, edgeId: plan[side].edgeId, session }];
  });
}

interface ListArgs extends PageArgs {
  readonly filter?: typeof filterInput.$inferInput | null | undefined;
  readonly sort?: typeof sortInput.$inferInput | null | undefined;
}

const qualityOf = (plan: TunnelPlan, { core }: GraphContext) => core.live.tunnel(plan).quality;

export function defineQuality(): void {
  builder.objectFields(tunnelRef, (t) => ({
    aToB: t.field({
      type: directionRef,
      nullable: true,
      description: 'null until it was measured.',
      resolve: (plan, _, context) => qualityOf(plan, context).aToB,
    }),
    bToA: t.field({ type: directionRef, nullable: true, resolve: (plan, _, context) => qualityOf(plan, context).bToA }),
    mos: t.float({
      nullable: true,
      description: 'Mean opinion score (G.107 simplified), 1 to 4.5, of the end that hears worse.',
      resolve: (plan, _, context) => qualityOf(plan, context).mos,
    }),
    bfdSessions: t.field({
      type: [bfdRef],
      description: 'Of both ends, as far as they told.',
      resolve: (plan, _, { core }) => sessionsOf(plan, core.live.tunnel(plan)),
    }),
  }));
  builder.objectFields(sampleRef, (t) => ({
    aToBLossPercent: t.float({ nullable: true, resolve: ({ sample }) => sample[5]?.[0] }),
    aToBJitterMs: t.float({ nullable: true, resolve: ({ sample }) => sample[5]?.[1] }),
    bToALossPercent: t.float({ nullable: true, resolve: ({ sample }) => sample[6]?.[0] }),
    bToAJitterMs: t.float({ nullable: true, resolve: ({ sample }) => sample[6]?.[1] }),
  }));
  builder.queryFields((t) => ({
    bfdSessions: t.field({
      type: connection,
      description: 'Each tunnel has two, one at each end; those that an end told of.',
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        ...{ filter: t.arg({ type: filterInput }), sort: t.arg({ type: sortInput }) },
      },
      resolve: (_, args: ListArgs, { core }) => {
        const { tunnels, tunnelsOfSite, edges } = core.network.current;
        const { filter, sort } = args;
        const scope = filter?.siteId == null ? [...tunnels.values()] : (tunnelsOfSite.get(filter.siteId) ?? []);
        const views = scope
          .filter(({ id }) => filter?.tunnelId == null || id === filter.tunnelId)
          .flatMap((plan) => sessionsOf(plan, core.live.tunnel(plan)))
          .filter(
            ({ edgeId, session }) =>
              (filter?.siteId == null || edges.get(edgeId)?.site_id === filter.siteId) &&
              (filter?.edgeId == null || edgeId === filter.edgeId) &&
              (filter?.state == null || stateWords[session.state] === filter.state),
          );
        return paginate(views, args, {
          key: keys[sort?.field ?? 'TUNNEL'],
          id: ({ plan, edgeId }) => `${plan.id}:${edgeId}`,
          descending: sort?.direction === 'DESCENDING',
        });
      },
    }),
  }));
}
