/** What a `report` is answered with: totals since the start, and what each tunnel measured. */
import { formatEndpoint } from '@patronus/net';
import { type DropReason as DeviceDrop, dropReasons as deviceDrops } from '@patronus/wireguard';
import type { ExistingLink } from './apply.ts';
import type { ForwarderEvent, PeerReport, TunnelReport } from './control.ts';
import type { DropReason } from './drops.ts';
import type { Link } from './links.ts';
import type { PathContext } from './path/context.ts';
import type { Devices } from './session/devices.ts';

/** The WireGuard devices count what they drop themselves; most of it is one thing to an onlooker. */
const nameOfDeviceDrop: Readonly<Partial<Record<DeviceDrop, DropReason>>> = {
  badMessage: 'malformed',
  badMac1: 'badMac',
  unknownPeer: 'unknownPeer',
  cookieRequired: 'cookieRequired',
};

export function telemetryEvent(
  context: PathContext,
  devices: Devices,
  links: readonly ExistingLink[],
  now: number,
): ForwarderEvent {
  return {
    type: 'telemetry',
    atMs: now,
    tunnels: links.flatMap(({ link }) => tunnelReport(context, link, now) ?? []),
    peers: peerReports(links.map(({ link }) => link)),
    classes: context.classes.report(),
    counters: countersOf(context, devices),
  };
}

function countersOf(context: PathContext, devices: Devices): Record<string, number> {
  const counters = context.drops.report();
  const totals = devices.totals();
  for (const reason of deviceDrops) counters[nameOfDeviceDrop[reason] ?? 'badHandshake']! += totals[reason];
  for (const name of ['initiationsSent', 'responsesSent', 'cookieRepliesSent', 'sessions'] as const) {
    counters[name] = totals[name];
  }
  return counters;
}

function tunnelReport(context: PathContext, link: Link, now: number): TunnelReport | undefined {
  const { tunnel } = link;
  if (tunnel === undefined) return undefined;
  const { liveness } = tunnel;
  return {
    id: tunnel.id,
    state: liveness.state,
    sinceMs: liveness.sinceMs,
    active: context.groups.activeOf(tunnel.group) === link.number,
    roundTripUs: liveness.smoothedRoundTripUs === null ? null : Math.round(liveness.smoothedRoundTripUs),
    minRoundTripUs: liveness.minRoundTripUs(now * 1000),
    loss: liveness.loss(now * 1000),
    ...trafficOf(link),
    receivedPackets: link.receivedPackets,
    sentPackets: link.sentPackets,
    mtu: link.mtu,
    compression: { ...link.compression },
  };
}

function trafficOf(link: Link) {
  return {
    receivedBytes: link.receivedBytes,
    sentBytes: link.sentBytes,
    lastHandshakeMs: link.peer.lastHandshakeAt ?? null,
    remoteEndpoint: link.hasAddress && link.peer.endpoint !== undefined ? formatEndpoint(link.peer.endpoint) : null,
  };
}

/** A stock peer has a link for each family; the one with the latest handshake speaks for it, both count. */
function peerReports(links: readonly Link[]): PeerReport[] {
  const reports = new Map<string, PeerReport>();
  for (const link of links) {
    if (link.peerId === undefined) continue;
    const traffic = trafficOf(link);
    const known = reports.get(link.peerId);
    const isLater = (traffic.lastHandshakeMs ?? -1) > (known?.lastHandshakeMs ?? -1);
    reports.set(link.peerId, {
      id: link.peerId,
      receivedBytes: traffic.receivedBytes + (known?.receivedBytes ?? 0),
      sentBytes: traffic.sentBytes + (known?.sentBytes ?? 0),
      lastHandshakeMs: isLater ? traffic.lastHandshakeMs : (known?.lastHandshakeMs ?? null),
      remoteEndpoint: isLater ? traffic.remoteEndpoint : (known?.remoteEndpoint ?? null),
    });
  }
  return [...reports.values()];
}
