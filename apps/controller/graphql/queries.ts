/** Query: the network in lists and by id, alarms, the audit log. */
import type { TunnelPlan } from '@patronus/fabric';
import type { Edge, Site } from '../network/network.ts';
import type { AuditRow } from '../services/audit.ts';
import { isSetupNeeded } from '../services/createFirstAdministrator.ts';
import { readAudit } from '../services/readAudit.ts';
import { findUser } from '../services/sessions.ts';
import { builder, type GraphContext } from './builder.ts';
import {
  edgeConnection,
  edgeState,
  edgeStateOf,
  siteConnection,
  siteRef,
  siteState,
  tunnelConnection,
  tunnelRef,
  tunnelState,
} from './network.ts';
import { alarmConnection, auditConnection, overviewRef, setupRef, userRef } from './operations.ts';
import { DEFAULT_PAGE, decodeCursor, encodeCursor, type Page, type PageArgs, pageLimit, paginate } from './page.ts';

export const sortDirection = builder.enumType('SortDirection', { values: ['ASCENDING', 'DESCENDING'] as const });
const siteSortField = builder.enumType('SiteSortField', { values: ['NAME', 'CREATED_AT'] as const });
const tunnelSortField = builder.enumType('TunnelSortField', { values: ['ID', 'STATE', 'ROUND_TRIP'] as const });
const edgeSortField = builder.enumType('EdgeSortField', { values: ['NAME', 'LAST_SEEN_AT'] as const });

const siteFilter = builder.inputType('SiteFilter', {
  fields: (t) => ({ name: t.string(), state: t.field({ type: siteState }) }),
});
const tunnelFilter = builder.inputType('TunnelFilter', {
  fields: (t) => ({ siteId: t.id(), uplinkId: t.id(), state: t.field({ type: tunnelState }) }),
});
const edgeFilter = builder.inputType('EdgeFilter', {
  fields: (t) => ({ siteId: t.id(), state: t.field({ type: edgeState }) }),
});
const alarmFilter = builder.inputType('AlarmFilter', { fields: (t) => ({ active: t.boolean(), siteId: t.id() }) });
const auditFilter = builder.inputType('AuditFilter', { fields: (t) => ({ actor: t.string(), action: t.string() }) });

const siteSort = builder.inputType('SiteSort', {
  fields: (t) => ({
    field: t.field({ type: siteSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});
const tunnelSort = builder.inputType('TunnelSort', {
  fields: (t) => ({
    field: t.field({ type: tunnelSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});
const edgeSort = builder.inputType('EdgeSort', {
  fields: (t) => ({
    field: t.field({ type: edgeSortField, required: true }),
    direction: t.field({ type: sortDirection, defaultValue: 'ASCENDING' }),
  }),
});

function network({ core }: GraphContext) {
  return core.network.current;
}

interface SiteListArgs extends PageArgs {
  readonly filter?: typeof siteFilter.$inferInput | null | undefined;
  readonly sort?: typeof siteSort.$inferInput | null | undefined;
}

function listSites(args: SiteListArgs, context: GraphContext): Page<Site> {
  const { filter, sort } = args;
  const wanted = filter?.name?.toLowerCase();
  const items = [...network(context).sites.values()].filter(
    (site) =>
      (wanted === undefined || site.name.toLowerCase().includes(wanted)) &&
      (filter?.state == null || context.core.live.siteState(network(context), site) === filter.state),
  );
  return paginate(items, args, {
    key: sort?.field === 'CREATED_AT' ? (site) => site.createdAt : (site) => site.name,
    id: (site) => site.id,
    descending: sort?.direction === 'DESCENDING',
  });
}

interface TunnelListArgs extends PageArgs {
  readonly filter?: typeof tunnelFilter.$inferInput | null | undefined;
  readonly sort?: typeof tunnelSort.$inferInput | null | undefined;
}

function listTunnels(args: TunnelListArgs, context: GraphContext): Page<TunnelPlan> {
  const { filter, sort } = args;
  const { tunnels, tunnelsOfSite } = network(context);
  const scope = filter?.siteId == null ? [...tunnels.values()] : (tunnelsOfSite.get(filter.siteId) ?? []);
  const items = scope.filter(
    (plan) =>
      (filter?.uplinkId == null || plan.a.uplinkId === filter.uplinkId || plan.b.uplinkId === filter.uplinkId) &&
      (filter?.state == null || context.core.live.stateOf(plan) === filter.state),
  );
  const keys = {
    ID: (plan: TunnelPlan) => plan.id,
    STATE: (plan: TunnelPlan) => context.core.live.stateOf(plan),
    ROUND_TRIP: (plan: TunnelPlan) => context.core.live.tunnel(plan).roundTripMs ?? Number.MAX_VALUE,
  };
  return paginate(items, args, {
    key: keys[sort?.field ?? 'ID'],
    id: (plan) => plan.id,
    descending: sort?.direction === 'DESCENDING',
  });
}

interface EdgeListArgs extends PageArgs {
  readonly filter?: typeof edgeFilter.$inferInput | null | undefined;
  readonly sort?: typeof edgeSort.$inferInput | null | undefined;
}

function listEdges(args: EdgeListArgs, context: GraphContext): Page<Edge> {
  const { filter, sort } = args;
  const items = [...network(context).edges.values()].filter(
    (edge) =>
      (filter?.siteId == null || edge.site_id === filter.siteId) &&
      (filter?.state == null || edgeStateOf(context, edge) === filter.state),
  );
  return paginate(items, args, {
    key:
      sort?.field === 'LAST_SEEN_AT'
        ? (edge) => context.core.live.lastSeenAt(edge.id) ?? edge.last_seen_at ?? 0
        : (edge) => edge.name,
    id: (edge) => edge.id,
    descending: sort?.direction === 'DESCENDING',
  });
}

interface AuditListArgs extends PageArgs {
  readonly filter?: typeof auditFilter.$inferInput | null | undefined;
}

/** Newest first. */
async function listAudit(args: AuditListArgs, { core }: GraphContext): Promise<Page<AuditRow>> {
  const { filter, after, before, first, last } = args;
  const isBackward = last != null;
  const { rows, hasMore, total } = await readAudit(core, {
    actor: filter?.actor ?? undefined,
    action: filter?.action ?? undefined,
    olderThan: after == null ? undefined : Number(decodeCursor(after).key),
    newerThan: before == null ? undefined : Number(decodeCursor(before).key),
    from: isBackward ? 'oldest' : 'newest',
    limit: pageLimit(last, 'last') ?? pageLimit(first, 'first') ?? DEFAULT_PAGE,
  });
  const edges = rows.map((node) => ({ node, cursor: encodeCursor(node.number, String(node.number)) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: isBackward ? before != null : hasMore,
      hasPreviousPage: isBackward ? hasMore : after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: total,
  };
}

/** The fields that schema.ts mirrors as subscriptions. */
function defineLiveFields(): void {
  builder.queryFields((t) => {
    const page = { first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() };
    return {
      overview: t.field({ type: overviewRef, resolve: () => ({}) }),
      sites: t.field({
        type: siteConnection,
        args: { ...page, filter: t.arg({ type: siteFilter }), sort: t.arg({ type: siteSort }) },
        resolve: (_, args, context) => listSites(args, context),
      }),
      site: t.field({
        type: siteRef,
        nullable: true,
        args: { id: t.arg.id({ required: true }) },
        resolve: (_, { id }, context) => network(context).sites.get(id),
      }),
      siteByName: t.field({
        type: siteRef,
        nullable: true,
        args: { name: t.arg.string({ required: true }) },
        resolve: (_, { name }, context) =>
          network(context)
            .sites.values()
            .find((site) => site.name.toLowerCase() === name.toLowerCase()),
      }),
      tunnels: t.field({
        type: tunnelConnection,
        args: { ...page, filter: t.arg({ type: tunnelFilter }), sort: t.arg({ type: tunnelSort }) },
        resolve: (_, args, context) => listTunnels(args, context),
      }),
      tunnel: t.field({
        type: tunnelRef,
        nullable: true,
        args: { id: t.arg.id({ required: true }) },
        resolve: (_, { id }, context) => network(context).tunnels.get(id),
      }),
      edges: t.field({
        type: edgeConnection,
        args: { ...page, filter: t.arg({ type: edgeFilter }), sort: t.arg({ type: edgeSort }) },
        resolve: (_, args, context) => listEdges(args, context),
      }),
      alarms: t.field({
        type: alarmConnection,
        args: { ...page, filter: t.arg({ type: alarmFilter }) },
        resolve: (_, args, { core }) =>
          paginate(
            core.alarms
              .all()
              .filter(
                (alarm) =>
                  (args.filter?.active == null || (alarm.cleared_at === null) === args.filter.active) &&
                  (args.filter?.siteId == null || alarm.site_id === args.filter.siteId),
              ),
            args,
            { key: (alarm) => alarm.raised_at, id: (alarm) => alarm.id, descending: true },
          ),
      }),
      auditLog: t.field({
        type: auditConnection,
        args: { ...page, filter: t.arg({ type: auditFilter }) },
        resolve: (_, args, context) => listAudit(args, context),
      }),
    };
  });
}

export function defineQueries(): void {
  builder.queryType({
    fields: (t) => ({
      setup: t.field({
        type: setupRef,
        description: 'Readable without signing in: whether the first administrator is still to be made.',
        resolve: async (_, __, { core }) => ({ needed: await isSetupNeeded(core) }),
      }),
      me: t.field({
        type: userRef,
        nullable: true,
        description: 'Who is signed in; null when nobody is.',
        resolve: async (_, __, { core, caller }) =>
          caller.actor.userId === undefined ? null : findUser(core, caller.actor.userId),
      }),
    }),
  });
  defineLiveFields();
}
