/** BGP: the fabric's AS, routers that gateways peer with, what sites may originate, sessions and routes. */
import type { BgpAllowance, BgpNeighbour } from '@patronus/fabric';
import { compact } from '@patronus/fabric';
import type { BgpRouteTelemetry, BgpSessionTelemetry } from '@patronus/protocol';
import type { Since } from '../edges/said.ts';
import { defineBgpChanges } from './bgpChanges.ts';
import { bgpPolicyRef, bgpSessionRef } from './bgpTypes.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { edgeRef, siteRef } from './network.ts';
import { type PageArgs, paginate } from './page.ts';

const networkOf = ({ core }: GraphContext) => core.network.current;

export const bgpRef = builder.objectRef<Record<string, never>>('Bgp');
bgpRef.implement({
  description: "The fabric's own BGP.",
  fields: (t) => ({
    as: t.float({ description: "The fabric's AS number.", resolve: (_, __, context) => networkOf(context).bgp.as }),
    reflectors: t.field({
      type: [siteRef],
      description: 'Sites whose gateways reflect to all others (RFC 4456); none: each speaks with every other.',
      resolve: (_, __, context) => {
        const { bgp, sites } = networkOf(context);
        return bgp.reflectors.flatMap((id) => sites.get(id) ?? []);
      },
    }),
  }),
});

export const neighbourRef = builder.objectRef<BgpNeighbour>('BgpNeighbour');
neighbourRef.implement({
  description: 'A router that a gateway speaks BGP with.',
  fields: (t) => ({
    id: t.exposeID('id'),
    edge: t.field({ type: edgeRef, resolve: ({ edgeId }, _, context) => networkOf(context).edges.get(edgeId)! }),
    name: t.exposeString('name'),
    address: t.exposeString('address'),
    remoteAs: t.exposeFloat('remoteAs'),
    interface: t.exposeString('interface', { nullable: true, description: 'null: it is several hops away.' }),
    hasKey: t.boolean({ description: 'TCP MD5 (RFC 2385).', resolve: ({ key }) => key !== null }),
    passive: t.exposeBoolean('passive', { description: 'Waits for the router to call.' }),
    holdSeconds: t.exposeInt('holdSeconds'),
    keepaliveSeconds: t.exposeInt('keepaliveSeconds', {
      nullable: true,
      description: 'null: a third of the hold time.',
    }),
    maxPrefixes: t.exposeInt('maxPrefixes', { description: 'The session ends above this (RFC 4486).' }),
    restartAfterSeconds: t.exposeInt('restartAfterSeconds', {
      description: 'Until a router that brought more than `maxPrefixes` is called again.',
    }),
    gtsm: t.exposeBoolean('gtsm', { description: 'Only from one hop away (RFC 5082).' }),
    bfd: t.exposeBoolean('bfd', { description: 'Ends as soon as BFD says that the router is gone (RFC 5882).' }),
    import: t.field({
      type: bgpPolicyRef,
      nullable: true,
      description: 'null: nothing comes in (RFC 8212).',
      resolve: (neighbour) => neighbour.import,
    }),
    export: t.field({
      type: bgpPolicyRef,
      nullable: true,
      description: 'null: nothing goes out (RFC 8212).',
      resolve: (neighbour) => neighbour.export,
    }),
    session: t.field({
      type: bgpSessionRef,
      nullable: true,
      description: 'null until its gateway told of it.',
      resolve: ({ id, edgeId }, _, { core }) => core.live.said(edgeId).bgpNeighbours.get(id),
    }),
  }),
});

export const allowanceRef = builder.objectRef<BgpAllowance>('BgpAllowance');
allowanceRef.implement({
  description: 'A prefix that the routers of a site may bring into the fabric, with what lies inside of it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    site: t.field({ type: siteRef, resolve: ({ siteId }, _, context) => networkOf(context).sites.get(siteId)! }),
    prefix: t.exposeString('prefix'),
    longest: t.exposeInt('longest', { description: 'The longest prefix inside of it that is taken.' }),
    preference: t.exposeInt('preference', {
      nullable: true,
      description: 'Where several sites may bring it, the lowest is preferred; null: this site alone may.',
    }),
    text: t.string({ description: '`10.0.0.0/8-24`', resolve: compact }),
  }),
});

interface FabricSession {
  readonly edgeId: string;
  readonly session: BgpSessionTelemetry & Since;
}
const fabricRef = builder.objectRef<FabricSession>('BgpFabricSession');
fabricRef.implement({
  description: 'A session between the overlay addresses of two gateways, as one of them sees it.',
  fields: (t) => ({
    id: t.id({ resolve: fabricId }),
    edge: t.field({ type: edgeRef, resolve: ({ edgeId }, _, context) => networkOf(context).edges.get(edgeId)! }),
    remoteEdge: t.field({
      type: edgeRef,
      resolve: ({ session }, _, context) => networkOf(context).edges.get(session.id)!,
    }),
    session: t.field({ type: bgpSessionRef, resolve: ({ session }) => session }),
  }),
});

interface RouteView extends BgpRouteTelemetry {
  readonly edgeId: string;
}
const routeRef = builder.objectRef<RouteView>('BgpRoute');
routeRef.implement({
  description: 'A best route that BGP brought to a gateway. Each gateway tells of its first 256.',
  fields: (t) => ({
    id: t.id({ resolve: routeId }),
    edge: t.field({ type: edgeRef, resolve: ({ edgeId }, _, context) => networkOf(context).edges.get(edgeId)! }),
    prefix: t.exposeString('prefix'),
    nextHop: t.exposeString('nextHop'),
    origin: t.field({
      type: edgeRef,
      nullable: true,
      description: 'The gateway that has it from a router of its own.',
      resolve: ({ originEdgeId, edgeId }, _, context) => networkOf(context).edges.get(originEdgeId ?? edgeId),
    }),
    neighbour: t.field({
      type: neighbourRef,
      nullable: true,
      description: 'The router that it came from; null: it came from another gateway.',
      resolve: ({ from }, _, context) => networkOf(context).bgp.neighbours.find(({ id }) => id === from),
    }),
    asPath: t.exposeString('asPath'),
    localPreference: t.exposeFloat('localPreference'),
    communities: t.exposeStringList('communities'),
  }),
});

const fabricId = ({ edgeId, session }: FabricSession) => `${edgeId}~${session.id}`;
const routeId = ({ edgeId, prefix }: RouteView) => `${edgeId}~${prefix}`;

const filterInput = builder.inputType('BgpFilter', { fields: (t) => ({ siteId: t.id(), edgeId: t.id() }) });
type Args = PageArgs & { filter?: typeof filterInput.$inferInput | null | undefined };

/** Those of edges that the filter names. */
function ofEdges<T extends { readonly edgeId: string }>(all: readonly T[], { filter }: Args, context: GraphContext) {
  const { edges } = networkOf(context);
  return all.filter(({ edgeId }) => {
    if (filter?.edgeId != null && filter.edgeId !== edgeId) return false;
    return filter?.siteId == null || edges.get(edgeId)?.site_id === filter.siteId;
  });
}

const neighbours = connectionOf('BgpNeighbourConnection', 'BgpNeighbourEdge', neighbourRef);
const allowances = connectionOf('BgpAllowanceConnection', 'BgpAllowanceEdge', allowanceRef);
const fabricSessions = connectionOf('BgpFabricSessionConnection', 'BgpFabricSessionEdge', fabricRef);
const routes = connectionOf('BgpRouteConnection', 'BgpRouteEdge', routeRef);

export function defineBgp(): void {
  defineBgpChanges({ bgpRef, neighbourRef, allowanceRef });
  builder.queryFields((t) => {
    const args = {
      ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
      filter: t.arg({ type: filterInput }),
    };
    return {
      bgp: t.field({ type: bgpRef, resolve: () => ({}) }),
      bgpNeighbours: t.field({
        type: neighbours,
        args,
        resolve: (_, page: Args, context) =>
          paginate(ofEdges(networkOf(context).bgp.neighbours, page, context), page, {
            ...{ key: ({ name }) => name.toLowerCase(), id: ({ id }) => id, descending: false },
          }),
      }),
      bgpAllowances: t.field({
        type: allowances,
        args,
        resolve: (_, page: Args, context) => {
          const all = networkOf(context).bgp.allowances;
          const siteId = page.filter?.siteId;
          const wanted = all.filter((one) => siteId == null || one.siteId === siteId);
          return paginate(wanted, page, { key: ({ prefix }) => prefix, id: ({ id }) => id, descending: false });
        },
      }),
      bgpFabricSessions: t.field({
        type: fabricSessions,
        args,
        resolve: (_, page: Args, context) => {
          const { edges } = networkOf(context);
          const all = [...edges.keys()].flatMap((edgeId) =>
            [...context.core.live.said(edgeId).bgpFabric.values()]
              .filter(({ id }) => edges.has(id))
              .map((session): FabricSession => ({ edgeId, session })),
          );
          return paginate(ofEdges(all, page, context), page, { key: fabricId, id: fabricId, descending: false });
        },
      }),
      bgpRoutes: t.field({
        type: routes,
        args,
        resolve: (_, page: Args, context) => {
          const all = [...networkOf(context).edges.keys()].flatMap((edgeId) =>
            context.core.live.said(edgeId).bgpRoutes.map((route): RouteView => ({ ...route, edgeId })),
          );
          return paginate(ofEdges(all, page, context), page, {
            ...{ key: ({ prefix }) => prefix, id: routeId, descending: false },
          });
        },
      }),
    };
  });
}
