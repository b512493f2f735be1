/**
 * What the database says the network should be, as one immutable value in memory: read again after each change, so
 * that every query, subscription and check reads plain maps and no two of them see different halves of a change.
 */
import { type Model, type TrafficMatch, type TunnelPlan, tunnelsOf } from '@patronus/fabric';
import { formatPrefix, hostPrefix, parseAddress, parsePrefix } from '@patronus/net';
import { sql } from 'kysely';
import type { EdgeRow, PeerRow, Queries, TrafficClassRow, UplinkRow } from '../store/tables.ts';

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly createdAt: number;
  readonly revision: number;
  readonly prefixes: readonly { readonly segment: number; readonly prefix: string }[];
}

export type Edge = Readonly<EdgeRow>;
export type Peer = Readonly<PeerRow>;

export interface Uplink extends Readonly<Omit<UplinkRow, 'public_endpoints' | 'reported_endpoints'>> {
  readonly publicEndpoints: readonly string[];
  readonly reportedEndpoints: readonly string[];
}

export interface TrafficClass extends Readonly<Omit<TrafficClassRow, 'match'>> {
  readonly match: TrafficMatch;
}

export interface Network {
  readonly organisation: string;
  readonly sites: ReadonlyMap<string, Site>;
  readonly edges: ReadonlyMap<string, Edge>;
  readonly uplinks: ReadonlyMap<string, Uplink>;
  readonly peers: ReadonlyMap<string, Peer>;
  /** In order of their positions. */
  readonly classes: ReadonlyMap<string, TrafficClass>;
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
  const classRows = await db
    .selectFrom('traffic_class')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('position')
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
      prefixes: (prefixes.get(row.id) ?? []).map(({ segment, prefix }) => ({ segment, prefix })),
    }),
  );
  const uplinks = uplinkRows.map(toUplink);
  const classes = classRows.map((row): TrafficClass => ({ ...row, match: JSON.parse(row.match) }));
  const model = modelOf(organisation, controllers, sites, edgeRows, uplinks, peerRows, classes);
  const tunnels = tunnelsOf(model);
  return {
    organisation,
    sites: byId(sites),
    edges: byId(edgeRows),
    uplinks: byId(uplinks),
    peers: byId(peerRows),
    classes: byId(classes),
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

function toUplink({ public_endpoints, reported_endpoints, ...row }: UplinkRow): Uplink {
  return { ...row, publicEndpoints: JSON.parse(public_endpoints), reportedEndpoints: JSON.parse(reported_endpoints) };
}

function modelOf(
  organisation: string,
  controllers: readonly string[],
  sites: readonly Site[],
  edges: readonly Edge[],
  uplinks: readonly Uplink[],
  peers: readonly Peer[],
  classes: readonly TrafficClass[],
): Model {
  return {
    organisation,
    controllers,
    mtu: MTU,
    sites: sites.map(({ id, name, prefixes }) => ({ id, name, prefixes })),
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
    classes: classes.map(({ id, name, match, compression_level }) => ({
      id,
      name,
      match,
      compression: compression_level,
    })),
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
