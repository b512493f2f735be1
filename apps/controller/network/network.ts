/**
 * What the database says the network should be, as one immutable value in memory: read again after each change, so
 * that every query, subscription and check reads plain maps and no two of them see different halves of a change.
 */
import { catalogue } from '@patronus/applications';
import {
  type Application,
  type BfdPeer,
  type BfdTimers,
  type BgpIntent,
  DEFAULT_BFD,
  type Model,
  type PathPreference,
  type SlaClass,
  type SteeringFigures,
  type TrafficMatch,
  type TunnelPlan,
  tunnelsOf,
} from '@patronus/fabric';
import { formatPrefix, hostPrefix, parseAddress, parsePrefix } from '@patronus/net';
import { sql } from 'kysely';
import type { ApplicationRow, BfdPeerRow, EdgeRow, PeerRow, PolicyRow, Queries, UplinkRow } from '../store/tables.ts';
import { readBgp } from './bgp.ts';

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly createdAt: number;
  readonly revision: number;
  readonly reachProbe: string | null;
  readonly isReflector: boolean;
  readonly prefixes: readonly { readonly segment: number; readonly prefix: string }[];
}

export type Edge = Readonly<EdgeRow>;
export type Peer = Readonly<PeerRow>;

export interface Uplink extends Readonly<Omit<UplinkRow, 'public_endpoints' | 'reported_endpoints' | 'probe_targets'>> {
  readonly publicEndpoints: readonly string[];
  readonly reportedEndpoints: readonly string[];
  /** Hosts that tell whether the internet is reached; none: the gateway of its network. */
  readonly probeTargets: readonly string[];
}

export interface Policy extends Readonly<Omit<PolicyRow, 'match' | 'path' | 'breakout_labels'>> {
  readonly match: TrafficMatch;
  readonly path: PathPreference;
  readonly breakoutLabels: readonly string[];
}

export interface OwnSlaClass extends SlaClass {
  readonly revision: number;
  readonly createdAt: number;
}

/** `own`: the organisation's; null: of the catalogue, which nobody changes here. */
export interface KnownApplication extends Application {
  readonly own: { readonly revision: number; readonly createdAt: number } | null;
}

export interface Network {
  readonly organisation: string;
  readonly sites: ReadonlyMap<string, Site>;
  readonly edges: ReadonlyMap<string, Edge>;
  readonly uplinks: ReadonlyMap<string, Uplink>;
  readonly peers: ReadonlyMap<string, Peer>;
  /** In order of their positions. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly slaClasses: ReadonlyMap<string, OwnSlaClass>;
  /** The organisation's own, then those of the catalogue. */
  readonly applications: ReadonlyMap<string, KnownApplication>;
  readonly bfd: BfdTimers;
  /** With their keys, which go into configurations and nowhere else. */
  readonly bfdPeers: ReadonlyMap<string, BfdPeer>;
  /** Likewise. */
  readonly bgp: BgpIntent;
  /** Those that somebody set. */
  readonly steering: SteeringFigures;
  readonly tunnels: ReadonlyMap<string, TunnelPlan>;
  readonly edgesOfSite: ReadonlyMap<string, readonly Edge[]>;
  readonly uplinksOfEdge: ReadonlyMap<string, readonly Uplink[]>;
  readonly peersOfSite: ReadonlyMap<string, readonly Peer[]>;
  readonly tunnelsOfSite: ReadonlyMap<string, readonly TunnelPlan[]>;
  readonly tunnelsOfUplink: ReadonlyMap<string, readonly TunnelPlan[]>;
  readonly model: Model;
  /** The newest configuration of each edge, `epoch.sequence`. */
  readonly newestVersions: ReadonlyMap<string, string>;
}

/**
 * Largest inner packet: what an Ethernet path of 1,500 carries, less IPv6 (40), UDP (8) and WireGuard (32). A ceiling:
 * each tunnel finds out by probes what its own path carries.
 */
const MTU = 1420;

/** The organisation's BFD timers, as JSON, once somebody changed them. */
export const BFD_SETTING = 'bfd';
/** Its figures of path choice, likewise. */
export const STEERING_SETTING = 'steering';

/** Epoch and sequence in one number, so that the newest version is a maximum; sequences stay far below. */
const EPOCH_STEP = 1_000_000_000;

function versionOf(newest: number): string {
  return `${Math.floor(newest / EPOCH_STEP)}.${newest % EPOCH_STEP}`;
}

export async function readNetwork(db: Queries, organisation: string, controllers: readonly string[]): Promise<Network> {
  const siteRows = await db
    .selectFrom('site')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('name')
    .execute();
  const prefixRows = await db
    .selectFrom('site_prefix')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('position')
    .execute();
  const edgeRows = await db
    .selectFrom('edge')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('id')
    .execute();
  const uplinkRows = await db
    .selectFrom('uplink')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('position')
    .execute();
  const peerRows = await db
    .selectFrom('peer')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('name')
    .execute();
  const policyRows = await db
    .selectFrom('policy')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('position')
    .execute();
  const slaClassRows = await db
    .selectFrom('sla_class')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('name')
    .execute();
  const applicationRows = await db
    .selectFrom('application')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('name')
    .execute();
  const settings = await db
    .selectFrom('setting')
    .select(['key', 'value'])
    .where('organisation', '=', organisation)
    .where('key', 'in', [BFD_SETTING, STEERING_SETTING])
    .execute();
  const bfdPeerRows = await db
    .selectFrom('bfd_peer')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('id')
    .execute();
  const versions = await db
    .selectFrom('configuration_version')
    .select(['edge_id', sql<number>`max(epoch * ${EPOCH_STEP} + sequence)`.as('newest')])
    .where('organisation', '=', organisation)
    .groupBy('edge_id')
    .execute();
  const prefixes = Map.groupBy(prefixRows, (row) => row.site_id);
  const sites = siteRows.map(
    (row): Site => ({
      id: row.id,
      name: row.name,
      description: row.description,
      location: row.location,
      createdAt: row.created_at,
      revision: row.revision,
      reachProbe: row.reach_probe,
      isReflector: row.is_reflector === 1,
      prefixes: (prefixes.get(row.id) ?? []).map(({ segment, prefix }) => ({ segment, prefix })),
    }),
  );
  const uplinks = uplinkRows.map(toUplink);
  const policies = policyRows.map(toPolicy);
  const slaClasses = slaClassRows.map(
    ({ id, name, round_trip_ms: roundTripMs, jitter_ms: jitterMs, loss, mos, revision, created_at: createdAt }) => ({
      ...{ id, name, roundTripMs, jitterMs, loss, mos, revision, createdAt },
    }),
  );
  const applications = [
    ...applicationRows.map(toApplication),
    ...catalogue.map((one): KnownApplication => ({ ...one, own: null })),
  ];
  const setting = (key: string) => JSON.parse(settings.find((row) => row.key === key)?.value ?? '{}');
  const bfd: BfdTimers = { ...DEFAULT_BFD, ...setting(BFD_SETTING) };
  const steering: SteeringFigures = setting(STEERING_SETTING);
  const bfdPeers = bfdPeerRows.map(toBfdPeer);
  const bgp = await readBgp(db, organisation);
  const asked = { policies, slaClasses, applications, bfd, bfdPeers, bgp, steering };
  const model = modelOf(organisation, controllers, sites, edgeRows, uplinks, peerRows, asked);
  const tunnels = tunnelsOf(model);
  return {
    organisation,
    sites: byId(sites),
    edges: byId(edgeRows),
    uplinks: byId(uplinks),
    peers: byId(peerRows),
    policies: byId(policies),
    slaClasses: byId(slaClasses),
    applications: byId(applications),
    bfd,
    bfdPeers: byId(bfdPeers),
    bgp,
    steering,
    tunnels: byId(tunnels),
    edgesOfSite: Map.groupBy(edgeRows, (edge) => edge.site_id),
    uplinksOfEdge: Map.groupBy(uplinks, (uplink) => uplink.edge_id),
    peersOfSite: Map.groupBy(peerRows, (peer) => peer.site_id),
    tunnelsOfSite: groupByEnds(tunnels, (end) => end.siteId),
    tunnelsOfUplink: groupByEnds(tunnels, (end) => end.uplinkId),
    model,
    newestVersions: new Map(versions.map((row) => [row.edge_id, versionOf(Number(row.newest))])),
  };
}

function toUplink({ public_endpoints, reported_endpoints, probe_targets, ...row }: UplinkRow): Uplink {
  return {
    ...row,
    publicEndpoints: JSON.parse(public_endpoints),
    reportedEndpoints: JSON.parse(reported_endpoints),
    probeTargets: JSON.parse(probe_targets),
  };
}

function toPolicy({ match, path, breakout_labels, ...row }: PolicyRow): Policy {
  return {
    ...row,
    match: JSON.parse(match),
    path: JSON.parse(path),
    breakoutLabels: JSON.parse(breakout_labels),
  };
}

function toApplication({ id, name, ports, prefixes, names, revision, created_at }: ApplicationRow): KnownApplication {
  const known = { ports: JSON.parse(ports), prefixes: JSON.parse(prefixes), names: JSON.parse(names) };
  return { id, name, ...known, own: { revision, createdAt: created_at } };
}

function toBfdPeer(row: BfdPeerRow): BfdPeer {
  const { authentication_type: type, authentication_key_id: keyId, authentication_key: key } = row;
  return {
    ...{ id: row.id, edgeId: row.edge_id, address: row.address, interface: row.interface },
    ...{ multihop: row.interface === null, intervalMs: row.interval_ms, multiplier: row.multiplier },
    passive: row.is_passive === 1,
    authentication: type === null || keyId === null || key === null ? null : { type, keyId, key },
  };
}

/** What policies ask for, and what they name. */
interface Asked {
  readonly policies: readonly Policy[];
  readonly slaClasses: readonly SlaClass[];
  readonly applications: readonly Application[];
  readonly bfd: BfdTimers;
  readonly bfdPeers: readonly BfdPeer[];
  readonly bgp: BgpIntent;
  readonly steering: SteeringFigures;
}

function modelOf(
  organisation: string,
  controllers: readonly string[],
  sites: readonly Site[],
  edges: readonly Edge[],
  uplinks: readonly Uplink[],
  peers: readonly Peer[],
  { policies, slaClasses, applications, bfd, bfdPeers, bgp, steering }: Asked,
): Model {
  return {
    organisation,
    controllers,
    mtu: MTU,
    sites: sites.map(({ id, name, prefixes, reachProbe }) => ({ id, name, prefixes, reachProbe })),
    edges: edges.map((edge) => ({
      id: edge.id,
      name: edge.name,
      siteId: edge.site_id,
      overlayAddress: edge.overlay_address,
      isTrusted: edge.state === 'enrolled',
    })),
    uplinks: uplinks.map((uplink) => ({
      id: uplink.id,
      edgeId: uplink.edge_id,
      label: uplink.label,
      interface: uplink.interface,
      domain: uplink.domain,
      cost: uplink.cost,
      port: uplink.port,
      ...(uplink.bits_per_second === null ? {} : { bitsPerSecond: uplink.bits_per_second }),
      isDrained: uplink.is_drained === 1,
      ...(uplink.probeTargets.length === 0 ? {} : { probeTargets: uplink.probeTargets }),
      publicKey: uplink.public_key,
      endpoints: [...new Set([...uplink.publicEndpoints, ...uplink.reportedEndpoints])],
    })),
    peers: peers.map((peer) => ({
      id: peer.id,
      name: peer.name,
      siteId: peer.site_id,
      uplinkId: peer.uplink_id,
      publicKey: peer.public_key,
      ...(peer.preshared_key === null ? {} : { presharedKey: peer.preshared_key }),
      allowed: [{ segment: 0, prefix: peer.address }],
    })),
    policies: policies.map(modelPolicy),
    slaClasses: slaClasses.map(({ id, name, roundTripMs, jitterMs, loss, mos }) => ({
      ...{ id, name, roundTripMs, jitterMs, loss, mos },
    })),
    applications: applications.map(({ id, name, ports, prefixes, names }) => ({ id, name, ports, prefixes, names })),
    bfd,
    bfdPeers,
    bgp,
    steering,
  };
}

function modelPolicy({ id, name, match, action, breakoutLabels, path, priority, mark, ...row }: Policy) {
  return {
    ...{ id, name, match, action, breakoutLabels, path, priority, mark },
    slaClassId: row.sla_class_id,
    limitPercent: row.limit_percent,
    compression: row.compression_level,
  };
}

/** `10.1.0.200` or `10.1.0.200/32` as a host prefix; undefined when it is neither. */
export function hostPrefixOf(text: string): string | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return formatPrefix(hostPrefix(address));
  const prefix = parsePrefix(text);
  if (!prefix.ok || prefix.value.length !== (text.includes(':') ? 128 : 32)) return undefined;
  return formatPrefix(prefix.value);
}

function byId<T extends { readonly id: string }>(values: readonly T[]): ReadonlyMap<string, T> {
  return new Map(values.map((value) => [value.id, value]));
}

function groupByEnds(tunnels: readonly TunnelPlan[], key: (end: TunnelPlan['a']) => string): Map<string, TunnelPlan[]> {
  const groups = new Map<string, TunnelPlan[]>();
  for (const tunnel of tunnels) {
    for (const name of new Set([key(tunnel.a), key(tunnel.b)])) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [tunnel]);
      else group.push(tunnel);
    }
  }
  return groups;
}
