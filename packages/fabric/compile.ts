/**
 * From the model to what each edge is told. Edges hear only of tunnels of their own and of the edges at the other
 * ends; the same model compiles to the same values in the same order, so that an unchanged edge gets no new version.
 */
import type { Family } from '@patronus/net';
import { bfdOfNeighbours, type CompiledBgp, compileBgp, originated } from './compileBgp.ts';
import { type CompiledPolicy, type CompiledTreatment, compilePolicies, compileTreatments } from './compilePolicies.ts';
import type { BfdPeer, Edge, Model, SegmentPrefix, Site, SitePrefix, Uplink } from './model.ts';
import { type BfdTimers, DEFAULT_BFD, type SlaClass, type SteeringFigures } from './treatment.ts';
import { endpointsOf, type TunnelPlan, tunnelsOf } from './tunnels.ts';

export interface CompiledTunnel {
  readonly id: string;
  readonly uplinkId: string;
  readonly family: Family;
  readonly remote: {
    readonly edgeId: string;
    readonly siteId: string;
    readonly uplinkId: string;
    /** Label of the uplink at the far end, for people. */
    readonly label: string;
    readonly publicKey: string;
    readonly endpoints: string[];
  };
  readonly cost: number;
  readonly isDrained: boolean;
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

/** As `Application`, in lists of its own. */
export interface CompiledApplication {
  readonly id: string;
  readonly name: string;
  readonly ports: { readonly protocol: 6 | 17; readonly first: number; readonly last: number }[];
  readonly prefixes: string[];
  readonly names: string[];
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
    readonly isDrained: boolean;
    readonly probeTargets?: string[];
  }[];
  readonly tunnels: CompiledTunnel[];
  readonly edges: {
    readonly id: string;
    readonly siteId: string;
    readonly overlayAddress: string;
    readonly allowed: SegmentPrefix[];
    readonly isDrained: boolean;
    readonly reachProbe?: string;
  }[];
  readonly routes: CompiledRoute[];
  readonly peers: CompiledPeer[];
  /** In order of priority, the same at every edge. */
  readonly policies: CompiledPolicy[];
  readonly treatments: CompiledTreatment[];
  readonly slaClasses: SlaClass[];
  readonly applications: CompiledApplication[];
  readonly bfd: BfdTimers;
  /** Absent: as Patronus comes. */
  readonly steering?: SteeringFigures;
  readonly bfdPeers: Omit<BfdPeer, 'edgeId'>[];
  /** Absent: nobody speaks BGP. */
  readonly bgp?: CompiledBgp;
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
  const bgp = compileBgp(model, edge, remotes);
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
    uplinks: uplinks.map(
      ({ id, label, interface: name, domain, cost, port, bitsPerSecond, isDrained = false, probeTargets }) => ({
        id,
        label,
        interface: name,
        domain,
        cost,
        port,
        ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }),
        isDrained,
        ...(probeTargets === undefined ? {} : { probeTargets: [...probeTargets] }),
      }),
    ),
    tunnels,
    edges: remotes.map((remote) => ({
      id: remote.id,
      siteId: remote.siteId,
      overlayAddress: remote.overlayAddress,
      allowed: [...(allowances.get(remote.siteId) ?? []), ...originated(model, remote.siteId)].map(plain),
      isDrained: isEdgeDrained(model, remote.id),
      ...reachProbeOf(model, remote.siteId),
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
    policies: compilePolicies(model, uplinks),
    treatments: compileTreatments(model.policies),
    slaClasses: (model.slaClasses ?? []).map((one) => ({ ...one })),
    applications: applicationsOf(model),
    bfd: { ...(model.bfd ?? DEFAULT_BFD) },
    ...(Object.keys(model.steering ?? {}).length === 0 ? {} : { steering: { ...model.steering } }),
    bfdPeers: [...bfdPeersOf(model, edge), ...bfdOfNeighbours(model, edge)].sort(byId),
    ...(bgp === undefined ? {} : { bgp }),
  };
}

function bfdPeersOf({ bfdPeers = [] }: Model, edge: Edge): Omit<BfdPeer, 'edgeId'>[] {
  return bfdPeers
    .filter(({ edgeId }) => edgeId === edge.id)
    .sort(byId)
    .map(({ edgeId: _known, ...peer }) => peer);
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
        label: uplink.label,
        publicKey: uplink.publicKey as string,
        endpoints: endpointsOf(uplink, plan.family).slice(0, MAX_ENDPOINTS),
      },
      cost: plan.cost,
      isDrained: isDrained(model, plan),
    },
  ];
}

/** Either of its uplinks is. */
function isDrained({ uplinks }: Model, { a, b }: TunnelPlan): boolean {
  return uplinks.some((uplink) => uplink.isDrained === true && (uplink.id === a.uplinkId || uplink.id === b.uplinkId));
}

/** An edge is out of service when all of its uplinks are. */
function isEdgeDrained({ uplinks }: Model, edgeId: string): boolean {
  const own = uplinks.filter((uplink) => uplink.edgeId === edgeId);
  return own.length > 0 && own.every((uplink) => uplink.isDrained === true);
}

function reachProbeOf({ sites }: Model, siteId: string): { reachProbe?: string } {
  const reachProbe = sites.find(({ id }) => id === siteId)?.reachProbe ?? undefined;
  return reachProbe === undefined ? {} : { reachProbe };
}

/** Those that a policy names. The catalogue's are added by whoever keeps it, as part of the model. */
function applicationsOf({ policies, applications = [] }: Model): CompiledApplication[] {
  const named = new Set(policies.flatMap(({ match }) => match.applications ?? []));
  return applications
    .filter(({ id }) => named.has(id))
    .map(({ id, name, ports, prefixes, names }) => ({
      ...{ id, name, prefixes: [...prefixes], names: [...names] },
      ports: ports.map((range) => ({ ...range })),
    }));
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
