/** Which tunnels traffic now takes, whether the internet is reached at each uplink, and hosts beyond other edges. */
import type { TunnelPlan } from '@patronus/fabric';
import { type BreakoutReport, type PathReport, pathKey, type ReachReport, type Since } from '../edges/said.ts';
import { meetsSla, slaMisses } from '../edges/sla.ts';
import { labelAt } from '../network/labels.ts';
import type { Edge } from '../network/network.ts';
import { treatmentsOf } from '../network/treatments.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { edgeRef, tunnelRef, uplinkRef } from './network.ts';
import { type PageArgs, paginate } from './page.ts';
import { sortDirection } from './queries.ts';
import { treatmentRef } from './treatments.ts';

export interface PathView extends PathReport, Since {
  /** The edge that takes it; `edgeId` is where it leads. */
  readonly from: Edge;
}

function treatmentOf({ core }: GraphContext, id: string) {
  return treatmentsOf(core.network.current).get(id);
}

interface Member {
  readonly plan: TunnelPlan;
  readonly rank: number;
  readonly path: PathView;
}
const memberRef = builder.objectRef<Member>('PathMember');
memberRef.implement({
  fields: (t) => ({
    tunnel: t.field({ type: tunnelRef, resolve: ({ plan }) => plan }),
    rank: t.exposeInt('rank', { description: '1 is the first: what carries the traffic while it is up.' }),
    uplinkLabel: t.string({
      description: 'Of the uplink at the edge that takes the path.',
      resolve: ({ plan, path }, _, { core }) => labelAt(core.network.current, plan, path.from.id),
    }),
    meetsSla: t.boolean({
      nullable: true,
      description: 'By what is measured now; null: no SLA class, or nothing measured.',
      resolve: ({ plan, path }, _, context) => {
        const sla = slaOf(context, path);
        return sla === undefined ? null : meetsSla(context.core.live.tunnel(plan), sla);
      },
    }),
    misses: t.stringList({
      description: 'Each bound that it misses, in words.',
      resolve: ({ plan, path }, _, context) => {
        const sla = slaOf(context, path);
        return sla === undefined ? [] : slaMisses(context.core.live.tunnel(plan), sla);
      },
    }),
  }),
});

function slaOf(context: GraphContext, { treatment }: PathView) {
  return context.core.network.current.slaClasses.get(treatmentOf(context, treatment)?.slaClassId ?? '');
}

export const pathViewRef = builder.objectRef<PathView>('Path');
pathViewRef.implement({
  description: 'Which tunnels the flows of a treatment take from one edge to another, as that edge last said.',
  fields: (t) => ({
    id: t.id({ resolve: (path) => `${path.from.id}:${path.treatment}:${path.edgeId}` }),
    edge: t.field({ type: edgeRef, resolve: ({ from }) => from }),
    remoteEdge: t.field({
      type: edgeRef,
      resolve: ({ edgeId }, _, { core }) => core.network.current.edges.get(edgeId)!,
    }),
    treatmentId: t.id({ resolve: ({ treatment }) => treatment }),
    treatment: t.field({
      type: treatmentRef,
      nullable: true,
      description: 'null: no policy asks for it any more, and the edge still applies the change.',
      resolve: ({ treatment }, _, context) => treatmentOf(context, treatment),
    }),
    members: t.field({
      type: [memberRef],
      description: 'In order; empty: none is up.',
      resolve: (path, _, { core }) =>
        path.tunnelIds.flatMap((id, index): Member[] => {
          const plan = core.network.current.tunnels.get(id);
          return plan === undefined ? [] : [{ plan, rank: index + 1, path }];
        }),
    }),
    since: t.field({
      type: 'DateTime',
      description: 'Since when the first tunnel is the first, as far as this controller saw it.',
      resolve: ({ since }) => since,
    }),
  }),
});
const pathConnection = connectionOf('PathConnection', 'PathEdge', pathViewRef);

export function pathsOf({ core }: GraphContext): PathView[] {
  const { edges } = core.network.current;
  return [...edges.values()].flatMap((from) =>
    [...core.live.said(from.id).paths.values()]
      .filter(({ edgeId }) => edges.has(edgeId))
      .map((report) => ({ ...report, from })),
  );
}

/** The path that an edge now takes to another; undefined when it did not say. */
export function pathFrom({ core }: GraphContext, edgeId: string, treatment: string, remoteEdgeId: string) {
  const from = core.network.current.edges.get(edgeId);
  const report = core.live.said(edgeId).paths.get(pathKey({ treatment, edgeId: remoteEdgeId }));
  return from === undefined || report === undefined ? undefined : { ...report, from };
}

const reachability = builder.enumType('Reachability', { values: ['UP', 'DOWN', 'UNKNOWN'] as const });
const words = { up: 'UP', down: 'DOWN', unknown: 'UNKNOWN' } as const;

interface BreakoutView extends BreakoutReport, Since {
  readonly from: Edge;
}
const breakoutRef = builder.objectRef<BreakoutView>('BreakoutState');
breakoutRef.implement({
  description: 'Whether the internet is reached by an uplink, for policies that break out.',
  fields: (t) => ({
    id: t.id({ resolve: ({ uplinkId }) => uplinkId }),
    edge: t.field({ type: edgeRef, resolve: ({ from }) => from }),
    uplink: t.field({
      type: uplinkRef,
      resolve: ({ uplinkId }, _, { core }) => core.network.current.uplinks.get(uplinkId)!,
    }),
    state: t.field({ type: reachability, resolve: ({ state }) => words[state] }),
    roundTripMs: t.float({ nullable: true, resolve: ({ roundTripUs }) => millis(roundTripUs) }),
    lossPercent: t.float({ nullable: true, resolve: ({ loss }) => (loss === null ? null : loss * 100) }),
    since: t.field({ type: 'DateTime', resolve: ({ since }) => since }),
  }),
});
const breakoutConnection = connectionOf('BreakoutStateConnection', 'BreakoutStateEdge', breakoutRef);

interface ReachView extends ReachReport, Since {
  readonly from: Edge;
}
const reachRef = builder.objectRef<ReachView>('ReachState');
reachRef.implement({
  description: "Whether a host of another site's LAN answers an edge through the tunnels.",
  fields: (t) => ({
    id: t.id({ resolve: ({ from, edgeId, address }) => `${from.id}:${edgeId}:${address}` }),
    edge: t.field({ type: edgeRef, description: 'The one that asks.', resolve: ({ from }) => from }),
    remoteEdge: t.field({
      type: edgeRef,
      resolve: ({ edgeId }, _, { core }) => core.network.current.edges.get(edgeId)!,
    }),
    address: t.exposeString('address'),
    state: t.field({ type: reachability, resolve: ({ state }) => words[state] }),
    roundTripMs: t.float({ nullable: true, resolve: ({ roundTripUs }) => millis(roundTripUs) }),
    since: t.field({ type: 'DateTime', resolve: ({ since }) => since }),
  }),
});
const reachConnection = connectionOf('ReachStateConnection', 'ReachStateEdge', reachRef);

function millis(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

function breakoutsOf({ core }: GraphContext): BreakoutView[] {
  const { edges, uplinks } = core.network.current;
  return [...edges.values()].flatMap((from) =>
    [...core.live.said(from.id).breakout.values()]
      .filter(({ uplinkId }) => uplinks.get(uplinkId)?.edge_id === from.id)
      .map((report) => ({ ...report, from })),
  );
}

function reachesOf({ core }: GraphContext): ReachView[] {
  const { edges } = core.network.current;
  return [...edges.values()].flatMap((from) =>
    [...core.live.said(from.id).reach.values()]
      .filter(({ edgeId }) => edges.has(edgeId))
      .map((report) => ({ ...report, from })),
  );
}

const pathFilter = builder.inputType('PathFilter', {
  description: 'siteId: where the path begins; remoteSiteId: where it leads.',
  fields: (t) => ({
    siteId: t.id(),
    edgeId: t.id(),
    remoteSiteId: t.id(),
    remoteEdgeId: t.id(),
    treatmentId: t.id(),
    tunnelId: t.id(),
  }),
});
const pathSortField = builder.enumType('PathSortField', { values: ['EDGE', 'TREATMENT', 'SINCE'] as const });
const pathSort = builder.inputType('PathSort', {
  fields: (t) => ({
    field: t.field({ type: pathSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});
const stateFilter = builder.inputType('ReachabilityFilter', {
  fields: (t) => ({ siteId: t.id(), edgeId: t.id(), state: t.field({ type: reachability }) }),
});
const stateSortField = builder.enumType('ReachabilitySortField', { values: ['EDGE', 'STATE', 'SINCE'] as const });
const stateSort = builder.inputType('ReachabilitySort', {
  fields: (t) => ({
    field: t.field({ type: stateSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});

const pathKeys = {
  EDGE: ({ from }: PathView) => from.name,
  TREATMENT: ({ treatment }: PathView) => treatment,
  SINCE: ({ since }: PathView) => since,
};
const stateKeys = {
  EDGE: ({ from }: BreakoutView | ReachView) => from.name,
  STATE: ({ state }: BreakoutView | ReachView) => state,
  SINCE: ({ since }: BreakoutView | ReachView) => since,
};

interface StateArgs extends PageArgs {
  readonly filter?: typeof stateFilter.$inferInput | null | undefined;
  readonly sort?: typeof stateSort.$inferInput | null | undefined;
}

function listStates<T extends BreakoutView | ReachView>(views: readonly T[], args: StateArgs, id: (one: T) => string) {
  const { filter, sort } = args;
  const items = views.filter(
    ({ from, state }) =>
      (filter?.siteId == null || from.site_id === filter.siteId) &&
      (filter?.edgeId == null || from.id === filter.edgeId) &&
      (filter?.state == null || words[state] === filter.state),
  );
  const key = stateKeys[sort?.field ?? 'EDGE'];
  return paginate(items, args, { key, id, descending: sort?.direction === 'DESCENDING' });
}

interface PathArgs extends PageArgs {
  readonly filter?: typeof pathFilter.$inferInput | null | undefined;
  readonly sort?: typeof pathSort.$inferInput | null | undefined;
}

function listPaths(args: PathArgs, context: GraphContext) {
  const { filter, sort } = args;
  const { edges } = context.core.network.current;
  const wanted = (value: string | undefined, given: string | null | undefined) => given == null || value === given;
  const items = pathsOf(context).filter(
    ({ from, edgeId, treatment, tunnelIds }) =>
      wanted(from.site_id, filter?.siteId) &&
      wanted(from.id, filter?.edgeId) &&
      wanted(edges.get(edgeId)?.site_id, filter?.remoteSiteId) &&
      wanted(edgeId, filter?.remoteEdgeId) &&
      wanted(treatment, filter?.treatmentId) &&
      (filter?.tunnelId == null || tunnelIds.includes(filter.tunnelId)),
  );
  return paginate(items, args, {
    key: pathKeys[sort?.field ?? 'EDGE'],
    id: ({ from, treatment, edgeId }) => `${from.id}:${treatment}:${edgeId}`,
    descending: sort?.direction === 'DESCENDING',
  });
}

export function definePaths(): void {
  builder.queryFields((t) => {
    const page = { first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() };
    return {
      paths: t.field({
        type: pathConnection,
        args: { ...page, filter: t.arg({ type: pathFilter }), sort: t.arg({ type: pathSort }) },
        resolve: (_, args, context) => listPaths(args, context),
      }),
      breakoutStates: t.field({
        type: breakoutConnection,
        args: { ...page, filter: t.arg({ type: stateFilter }), sort: t.arg({ type: stateSort }) },
        resolve: (_, args, context) => listStates(breakoutsOf(context), args, ({ uplinkId }) => uplinkId),
      }),
      reachStates: t.field({
        type: reachConnection,
        args: { ...page, filter: t.arg({ type: stateFilter }), sort: t.arg({ type: stateSort }) },
        resolve: (_, args, context) =>
          listStates(reachesOf(context), args, ({ from, edgeId, address }) => `${from.id}:${edgeId}:${address}`),
      }),
    };
  });
  builder.objectField(uplinkRef, 'breakout', (t) =>
    t.field({
      type: breakoutRef,
      nullable: true,
      description: 'Whether it reaches the internet; null while its edge does not probe it.',
      resolve: (uplink, _, { core }) => {
        const from = core.network.current.edges.get(uplink.edge_id);
        const report = core.live.said(uplink.edge_id).breakout.get(uplink.id);
        return from === undefined || report === undefined ? null : { ...report, from };
      },
    }),
  );
}
