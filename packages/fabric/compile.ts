/**
 * From the model to what each edge is told. Edges hear only of tunnels of their own and of the edges at the other
 * ends; the same model compiles to the same values in the same order, so that an unchanged edge gets no new version.
 */
import type { Family } from '@patronus/net';
import type { Edge, Model, SegmentPrefix, Site, SitePrefix, TrafficClass, Uplink } from './model.ts';
import { endpointsOf, type TunnelPlan, tunnelsOf } from './tunnels.ts';

export interface CompiledTunnel {
  readonly id: string;
  readonly uplinkId: string;
  readonly family: Family;
  readonly remote: {
    readonly edgeId: string;
    readonly siteId: string;
    readonly uplinkId: string;
    readonly publicKey: string;
    readonly endpoints: string[];
  };
  readonly cost: number;
}

export interface CompiledRoute extends SegmentPrefix {
  readonly nextHops: string[];
}

export interface CompiledPeer {
  readonly id: string;
  readonly name: string;
  readonly uplinkId: string;
  readonly publicKey: string;
  readonly presharedKey?: string;
  readonly allowed: SegmentPrefix[];
}

export interface CompiledClass {
  readonly id: string;
  readonly name: string;
  readonly match: {
    readonly segment?: number;
    readonly sources?: string[];
    readonly destinations?: string[];
    readonly protocol?: number;
    readonly ports?: [number, number][];
    readonly dscp?: number[];
  };
  readonly compression: number | null;
}

/** A configuration before it is dated, numbered and signed (`Configuration` in @patronus/protocol). */
export interface CompiledConfiguration {
  readonly organisation: string;
  readonly edge: {
    readonly id: string;
    readonly name: string;
    readonly siteId: string;
    readonly siteName: string;
    readonly overlayAddress: string;
  };
  readonly controllers: string[];
  readonly mtu: number;
  readonly local: SegmentPrefix[];
  readonly uplinks: {
    readonly id: string;
    readonly label: string;
    readonly interface: string;
    readonly domain: string;
    readonly cost: number;
    readonly port: number;
    readonly bitsPerSecond?: number;
  }[];
  readonly tunnels: CompiledTunnel[];
  readonly edges: {
    readonly id: string;
    readonly siteId: string;
    readonly overlayAddress: string;
    readonly allowed: SegmentPrefix[];
  }[];
  readonly routes: CompiledRoute[];
  readonly peers: CompiledPeer[];
  /** In order of priority, the same at every edge. */
  readonly classes: CompiledClass[];
}

/** One configuration for each trusted edge, by its id. The model has passed `check`. */
export function compile(model: Model): ReadonlyMap<string, CompiledConfiguration> {
  const plans = tunnelsOf(model);
  const allowances = new Map(model.sites.map((site) => [site.id, allowanceOf(model, site)]));
  const trusted = model.edges.filter((edge) => edge.isTrusted).sort(byId);
  return new Map(trusted.map((edge) => [edge.id, compileEdge(model, edge, plans, allowances)]));
}

/** What a site's edges may send from and are reached at: its LANs and its stock peers. Sorted. */
function allowanceOf(model: Model, site: Site): readonly SitePrefix[] {
  const peers = model.peers.filter((peer) => peer.siteId === site.id).flatMap((peer) => peer.allowed);
  return [...site.prefixes, ...peers].sort(byPrefix);
}

function compileEdge(
  model: Model,
  edge: Edge,
  plans: readonly TunnelPlan[],
  allowances: ReadonlyMap<string, readonly SitePrefix[]>,
): CompiledConfiguration {
  const site = model.sites.find((one) => one.id === edge.siteId);
  if (site === undefined) throw new Error(`edge ${edge.id} names the site ${edge.siteId}, which the model lacks`);
  const uplinks = model.uplinks.filter((uplink) => uplink.edgeId === edge.id).sort(byId);
  const tunnels = plans.flatMap((plan) => tunnelSeenFrom(model, edge, plan));
  const reached = new Set(tunnels.map((tunnel) => tunnel.remote.edgeId));
  const remotes = model.edges.filter((other) => reached.has(other.id)).sort(byId);
  const own = allowances.get(site.id) ?? [];
  return {
    organisation: model.organisation,
    edge: {
      id: edge.id,
      name: edge.name,
      siteId: site.id,
      siteName: site.name,
      overlayAddress: edge.overlayAddress,
    },
    controllers: [...model.controllers],
    mtu: model.mtu,
    local: own.map(plain),
    uplinks: uplinks.map(({ id, label, interface: name, domain, cost, port, bitsPerSecond }) => ({
      id,
      label,
      interface: name,
      domain,
      cost,
      port,
      ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }),
    })),
    tunnels,
    edges: remotes.map((remote) => ({
      id: remote.id,
      siteId: remote.siteId,
      overlayAddress: remote.overlayAddress,
      allowed: (allowances.get(remote.siteId) ?? []).map(plain),
    })),
    routes: routesTo(model, edge, allowances),
    peers: model.peers
      .filter((peer) => uplinks.some((uplink) => uplink.id === peer.uplinkId))
      .sort(byId)
      .map((peer) => ({
        id: peer.id,
        name: peer.name,
        uplinkId: peer.uplinkId,
        publicKey: peer.publicKey,
        ...(peer.presharedKey === undefined ? {} : { presharedKey: peer.presharedKey }),
        allowed: peer.allowed.map(plain),
      })),
    classes: model.classes.map(compileClass),
  };
}

function compileClass({ id, name, match, compression }: TrafficClass): CompiledClass {
  const { segment, sources, destinations, protocol, ports, dscp } = match;
  return {
    id,
    name,
    match: {
      ...(segment === undefined ? {} : { segment }),
      ...(sources === undefined ? {} : { sources: [...sources] }),
      ...(destinations === undefined ? {} : { destinations: [...destinations] }),
      ...(protocol === undefined ? {} : { protocol }),
      ...(ports === undefined ? {} : { ports: ports.map(([first, last]): [number, number] => [first, last]) }),
      ...(dscp === undefined ? {} : { dscp: [...dscp] }),
    },
    compression,
  };
}

/** The plan from this edge's side, or nothing when it is not an end of it. */
function tunnelSeenFrom(model: Model, edge: Edge, plan: TunnelPlan): CompiledTunnel[] {
  const [own, other] = plan.a.edgeId === edge.id ? [plan.a, plan.b] : [plan.b, plan.a];
  if (own.edgeId !== edge.id) return [];
  const uplink = model.uplinks.find((one) => one.id === other.uplinkId) as Uplink;
  return [
    {
      id: plan.id,
      uplinkId: own.uplinkId,
      family: plan.family,
      remote: {
        edgeId: other.edgeId,
        siteId: other.siteId,
        uplinkId: other.uplinkId,
        publicKey: uplink.publicKey as string,
        endpoints: endpointsOf(uplink, plan.family).slice(0, MAX_ENDPOINTS),
      },
      cost: plan.cost,
    },
  ];
}

const MAX_ENDPOINTS = 16;

/**
 * (segment, prefix) → the edges of the sites that hold it: the preferred site's first, edges by id.
 *
 * Every trusted edge elsewhere is a next hop, also one to which no tunnel is possible yet: a prefix of the fabric
 * without a tunnel has to be refused by the forwarder, not to leave by the default route.
 */
function routesTo(model: Model, edge: Edge, allowances: ReadonlyMap<string, readonly SitePrefix[]>): CompiledRoute[] {
  const byKey = new Map<string, { route: SegmentPrefix; hops: { preference: number; edgeId: string }[] }>();
  for (const remote of model.edges.filter((other) => other.isTrusted && other.siteId !== edge.siteId).sort(byId)) {
    for (const prefix of allowances.get(remote.siteId) ?? []) {
      const key = `${prefix.segment} ${prefix.prefix}`;
      const entry = byKey.get(key) ?? { route: plain(prefix), hops: [] };
      entry.hops.push({ preference: prefix.sharedPreference ?? 0, edgeId: remote.id });
      byKey.set(key, entry);
    }
  }
  const own = new Set((allowances.get(edge.siteId) ?? []).map((prefix) => `${prefix.segment} ${prefix.prefix}`));
  return [...byKey.entries()]
    .filter(([key]) => !own.has(key))
    .map(([, { route, hops }]) => ({
      ...route,
      nextHops: hops.sort((one, other) => one.preference - other.preference).map((hop) => hop.edgeId),
    }))
    .sort(byPrefix);
}

function plain({ segment, prefix }: SegmentPrefix): SegmentPrefix {
  return { segment, prefix };
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

function byPrefix(one: SegmentPrefix, other: SegmentPrefix): number {
  return one.segment - other.segment || (one.prefix < other.prefix ? -1 : one.prefix > other.prefix ? 1 : 0);
}
