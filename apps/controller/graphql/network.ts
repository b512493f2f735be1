/** Sites, edges, uplinks, tunnels and peers, as the network in memory and the edges' reports show them. */
import type { TunnelPlan } from '@patronus/fabric';
import type { CompressionView } from '../edges/efforts.ts';
import type { HistoryPoint, TunnelEndView, TunnelView } from '../edges/live.ts';
import type { Edge, Peer, Site, Uplink } from '../network/network.ts';
import { wgQuick } from '../services/peerConfiguration.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';

export const siteState = builder.enumType('SiteState', {
  description:
    'UP: all tunnels up. DEGRADED: some down, still reachable. DOWN: none up. PENDING: no gateway enrolled yet.',
  values: ['UP', 'DEGRADED', 'DOWN', 'PENDING'] as const,
});
export const edgeState = builder.enumType('EdgeState', {
  values: ['PENDING', 'ONLINE', 'OFFLINE', 'REVOKED'] as const,
});
const configurationState = builder.enumType('ConfigurationState', {
  values: ['CURRENT', 'APPLYING', 'RETURNED', 'NONE'] as const,
});
const uplinkState = builder.enumType('UplinkState', { values: ['UP', 'DOWN', 'UNKNOWN'] as const });
export const tunnelState = builder.enumType('TunnelState', {
  description:
    'DOWN as soon as one end says so. CONNECTING: never been up since the edges last started. UNKNOWN: no edge reports.',
  values: ['UP', 'DOWN', 'CONNECTING', 'UNKNOWN'] as const,
});

export const siteRef = builder.objectRef<Site>('Site');
export const edgeRef = builder.objectRef<Edge>('Edge');
export const uplinkRef = builder.objectRef<Uplink>('Uplink');
export const tunnelRef = builder.objectRef<TunnelPlan>('Tunnel');
export const peerRef = builder.objectRef<Peer>('Peer');

export interface TunnelCounts {
  readonly up: number;
  readonly total: number;
}
export const tunnelCountsRef = builder.objectRef<TunnelCounts>('TunnelCounts');
tunnelCountsRef.implement({ fields: (t) => ({ up: t.exposeInt('up'), total: t.exposeInt('total') }) });

const prefixRef = builder.objectRef<Site['prefixes'][number]>('SitePrefix');
prefixRef.implement({ fields: (t) => ({ prefix: t.exposeString('prefix'), segment: t.exposeInt('segment') }) });

function network(context: GraphContext) {
  return context.core.network.current;
}

export function countTunnels(context: GraphContext, tunnels: readonly TunnelPlan[]): TunnelCounts {
  const up = tunnels.filter((tunnel) => context.core.live.stateOf(tunnel) === 'UP').length;
  return { up, total: tunnels.length };
}

export function edgeStateOf({ core }: GraphContext, edge: Edge): (typeof edgeState)['$inferType'] {
  if (edge.state === 'revoked') return 'REVOKED';
  if (edge.state === 'pending') return 'PENDING';
  return core.live.isOnline(edge.id) ? 'ONLINE' : 'OFFLINE';
}

function tunnelsOfSite(context: GraphContext, site: Site): readonly TunnelPlan[] {
  return network(context).tunnelsOfSite.get(site.id) ?? [];
}

function edgesOfSite(context: GraphContext, site: Site): readonly Edge[] {
  return network(context).edgesOfSite.get(site.id) ?? [];
}

function uplinksOfEdge(context: GraphContext, edge: Edge): readonly Uplink[] {
  return network(context).uplinksOfEdge.get(edge.id) ?? [];
}

/** Bits a second that a site's tunnels bring in or carry out. */
function throughputOf(context: GraphContext, site: Site, direction: 'received' | 'sent'): number {
  return tunnelsOfSite(context, site).reduce((sum, plan) => {
    const view = context.core.live.tunnel(plan);
    const isOutward = (plan.a.siteId === site.id) === (direction === 'sent');
    return sum + (isOutward ? view.aToBBitsPerSecond : view.bToABitsPerSecond);
  }, 0);
}

siteRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    description: t.exposeString('description'),
    location: t.exposeString('location', { description: 'Place shown to people, such as `Berlin, DE`.' }),
    state: t.field({
      type: siteState,
      resolve: (site, _, context) => context.core.live.siteState(network(context), site),
    }),
    prefixes: t.field({ type: [prefixRef], resolve: (site) => site.prefixes }),
    edges: t.field({ type: [edgeRef], resolve: (site, _, context) => edgesOfSite(context, site) }),
    uplinks: t.field({
      type: [uplinkRef],
      resolve: (site, _, context) => edgesOfSite(context, site).flatMap((edge) => uplinksOfEdge(context, edge)),
    }),
    tunnels: t.field({ type: [tunnelRef], resolve: (site, _, context) => tunnelsOfSite(context, site) }),
    tunnelCounts: t.field({
      type: tunnelCountsRef,
      resolve: (site, _, context) => countTunnels(context, tunnelsOfSite(context, site)),
    }),
    peers: t.field({ type: [peerRef], resolve: (site, _, context) => network(context).peersOfSite.get(site.id) ?? [] }),
    receivedBitsPerSecond: t.float({ resolve: (site, _, context) => throughputOf(context, site, 'received') }),
    sentBitsPerSecond: t.float({ resolve: (site, _, context) => throughputOf(context, site, 'sent') }),
    createdAt: t.field({ type: 'DateTime', resolve: (site) => site.createdAt }),
    reachProbe: t.exposeString('reachProbe', {
      nullable: true,
      description: 'A host or router of its LAN that other edges ask for a sign of life through the tunnels.',
    }),
    revision: t.exposeInt('revision', {
      description:
        'Changes with every edit; give it back in updateSite so that two editors do not overwrite each other.',
    }),
  }),
});

const capabilityRef = builder.objectRef<{ readonly name: string; readonly value: string }>('Capability');
capabilityRef.implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as tun, udpSend, udpReceive, cipher.' }),
    value: t.exposeString('value'),
  }),
});

edgeRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    site: t.field({ type: siteRef, resolve: (edge, _, context) => network(context).sites.get(edge.site_id)! }),
    state: t.field({ type: edgeState, resolve: (edge, _, context) => edgeStateOf(context, edge) }),
    overlayAddress: t.exposeString('overlay_address'),
    softwareVersion: t.exposeString('software_version', { nullable: true }),
    lastSeenAt: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: (edge, _, { core }) => core.live.lastSeenAt(edge.id) ?? edge.last_seen_at,
    }),
    certificateExpiresAt: t.field({ type: 'DateTime', nullable: true, resolve: (edge) => edge.certificate_expires_at }),
    configurationState: t.field({
      type: configurationState,
      description:
        'CURRENT: runs what the controller wants. RETURNED: fell back to its last good one, see configurationError.',
      resolve: (edge, _, context) => {
        const newest = network(context).newestVersions.get(edge.id);
        if (newest === undefined) return 'NONE';
        if (edge.confirmed_version === newest) return 'CURRENT';
        return edge.returned_version === newest ? 'RETURNED' : 'APPLYING';
      },
    }),
    configurationVersion: t.exposeString('confirmed_version', { nullable: true }),
    configurationError: t.exposeString('configuration_error', { nullable: true }),
    uplinks: t.field({ type: [uplinkRef], resolve: (edge, _, context) => uplinksOfEdge(context, edge) }),
    capabilities: t.field({
      type: [capabilityRef],
      description: 'What its packet path found out about the machine: offloads, cipher. Empty before the first report.',
      resolve: (edge, _, { core }) =>
        Object.entries(core.live.capabilities(edge.id)).map(([name, value]) => ({ name, value })),
    }),
  }),
});

uplinkRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    label: t.exposeString('label'),
    interface: t.exposeString('interface'),
    domain: t.exposeString('domain', { description: 'Uplinks of one reachability domain try to reach each other.' }),
    cost: t.exposeInt('cost'),
    port: t.exposeInt('port'),
    bitsPerSecond: t.float({
      nullable: true,
      description: 'What the line carries at most, bits a second; null when nobody said.',
      resolve: (uplink) => uplink.bits_per_second,
    }),
    isDrained: t.boolean({
      description: 'Being taken out of service: new paths avoid it, and flows move away.',
      resolve: (uplink) => uplink.is_drained === 1,
    }),
    publicEndpoints: t.stringList({
      description: 'Endpoints given by the administrator, `address:port`, in addition to what the edge reports itself.',
      resolve: (uplink) => uplink.publicEndpoints,
    }),
    probeTargets: t.stringList({
      description:
        'Hosts that are asked whether the internet is reached by it, where a policy breaks out; empty: the gateway of its network.',
      resolve: (uplink) => uplink.probeTargets,
    }),
    state: t.field({ type: uplinkState, resolve: (uplink, _, { core }) => core.live.uplinkState(uplink) }),
    addresses: t.stringList({ resolve: (uplink) => uplink.reportedEndpoints }),
    publicKey: t.exposeString('public_key', { nullable: true }),
    edge: t.field({ type: edgeRef, resolve: (uplink, _, context) => network(context).edges.get(uplink.edge_id)! }),
    tunnelCounts: t.field({
      type: tunnelCountsRef,
      resolve: (uplink, _, context) => countTunnels(context, network(context).tunnelsOfUplink.get(uplink.id) ?? []),
    }),
  }),
});

interface End {
  readonly end: TunnelPlan['a'];
  readonly view: TunnelEndView;
}
const endRef = builder.objectRef<End>('TunnelEnd');
endRef.implement({
  fields: (t) => ({
    site: t.field({ type: siteRef, resolve: ({ end }, _, context) => network(context).sites.get(end.siteId)! }),
    edge: t.field({ type: edgeRef, resolve: ({ end }, _, context) => network(context).edges.get(end.edgeId)! }),
    uplink: t.field({ type: uplinkRef, resolve: ({ end }, _, context) => network(context).uplinks.get(end.uplinkId)! }),
    state: t.field({ type: tunnelState, resolve: ({ view }) => view.state }),
    remoteEndpoint: t.string({
      nullable: true,
      description: 'Where this end sends to, `address:port`.',
      resolve: ({ view }) => view.remoteEndpoint,
    }),
    active: t.boolean({
      description: "Whether this end now sends its site's traffic for the other site through this tunnel.",
      resolve: ({ view }) => view.active,
    }),
    lastHandshakeAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ view }) => view.lastHandshakeAt }),
    mtu: t.int({
      nullable: true,
      description: 'Largest inner packet that this end sends through it, bytes.',
      resolve: ({ view }) => view.mtu,
    }),
  }),
});

const compressionRef = builder.objectRef<CompressionView>('TunnelCompression');
compressionRef.implement({
  description: 'Totals of both ends since their packet paths started. Bytes are of inner packets.',
  fields: (t) => ({
    packets: t.exposeFloat('packets'),
    bytesBefore: t.exposeFloat('bytesBefore'),
    bytesAfter: t.exposeFloat('bytesAfter'),
    ratio: t.float({
      nullable: true,
      description: 'bytesAfter / bytesBefore; null before the first compressed packet.',
      resolve: ({ bytesBefore, bytesAfter }) => (bytesBefore === 0 ? null : bytesAfter / bytesBefore),
    }),
    skippedPackets: t.exposeFloat('skippedPackets', {
      description: 'Sent as they were although their policy compresses: they would not have become smaller.',
    }),
    errors: t.exposeFloat('errors', { description: 'Received frames that could not be expanded.' }),
  }),
});

export const sampleRef = builder.objectRef<HistoryPoint>('TunnelSample');
sampleRef.implement({
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: (point) => point.at }),
    state: t.field({ type: tunnelState, resolve: (point) => point.sample[0] }),
    roundTripMs: t.float({ nullable: true, resolve: (point) => point.sample[1] }),
    lossPercent: t.float({ nullable: true, resolve: (point) => point.sample[2] }),
    aToBBitsPerSecond: t.float({ resolve: (point) => point.sample[3] }),
    bToABitsPerSecond: t.float({ resolve: (point) => point.sample[4] }),
  }),
});

function view(context: GraphContext, plan: TunnelPlan): TunnelView {
  return context.core.live.tunnel(plan);
}

const WEEK_SECONDS = 604_800;

tunnelRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    state: t.field({ type: tunnelState, resolve: (plan, _, context) => view(context, plan).state }),
    since: t.field({
      type: 'DateTime',
      description: 'Since when it has this state.',
      resolve: (plan, _, context) => view(context, plan).since,
    }),
    family: t.exposeInt('family', { description: 'Address family outside: 4 or 6.' }),
    a: t.field({ type: endRef, resolve: (plan, _, context) => ({ end: plan.a, view: view(context, plan).a }) }),
    b: t.field({ type: endRef, resolve: (plan, _, context) => ({ end: plan.b, view: view(context, plan).b }) }),
    roundTripMs: t.float({ nullable: true, resolve: (plan, _, context) => view(context, plan).roundTripMs }),
    lossPercent: t.float({
      nullable: true,
      description: 'Of the last 10 s, the worse direction, 0 to 100.',
      resolve: (plan, _, context) => view(context, plan).lossPercent,
    }),
    aToBBitsPerSecond: t.float({
      description: 'Inner bits a second from a to b, and back.',
      resolve: (plan, _, context) => view(context, plan).aToBBitsPerSecond,
    }),
    bToABitsPerSecond: t.float({ resolve: (plan, _, context) => view(context, plan).bToABitsPerSecond }),
    mtu: t.int({
      nullable: true,
      description: 'Largest inner packet that fits through in both directions, bytes; null before the first report.',
      resolve: (plan, _, context) => view(context, plan).mtu,
    }),
    compression: t.field({
      type: compressionRef,
      nullable: true,
      description: 'What LZ4 did in both directions together since the edges started; null when no end reports it.',
      resolve: (plan, _, context) => view(context, plan).compression,
    }),
    history: t.field({
      type: [sampleRef],
      description: 'Oldest first, about `points` of them over the last `seconds`.',
      args: { seconds: t.arg.int({ defaultValue: 600 }), points: t.arg.int({ defaultValue: 300 }) },
      resolve: (plan, { seconds, points }, { core }) =>
        core.telemetry.history(
          plan.id,
          clamp(seconds ?? 600, 1, WEEK_SECONDS),
          clamp(points ?? 300, 1, 1000),
          core.now(),
        ),
    }),
  }),
});

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

peerRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    publicKey: t.exposeString('public_key'),
    address: t.exposeString('address', { description: 'The address the peer has inside, such as 10.1.0.200/32.' }),
    uplink: t.field({ type: uplinkRef, resolve: (peer, _, context) => network(context).uplinks.get(peer.uplink_id)! }),
    createdAt: t.field({ type: 'DateTime', resolve: (peer) => peer.created_at }),
    configuration: t.string({
      description: 'A wg-quick file for the peer, without its private and preshared keys.',
      resolve: (peer, _, context) => wgQuick(network(context), peer),
    }),
  }),
});

export const siteConnection = connectionOf('SiteConnection', 'SiteEdge', siteRef);
export const tunnelConnection = connectionOf('TunnelConnection', 'TunnelEdge', tunnelRef);
export const edgeConnection = connectionOf('EdgeConnection', 'EdgeEdge', edgeRef);
