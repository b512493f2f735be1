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

type Telemetry = Extract<ForwarderEvent, { type: 'telemetry' }>;

/** Links told in one part: a tenth of a millisecond. */
const PART = 64;

/** One report, told in parts so that packets need not wait for all of it. */
export class TelemetryReport {
  readonly #context: PathContext;
  readonly #devices: Devices;
  readonly #links: readonly ExistingLink[];
  #next = 0;

  constructor(context: PathContext, devices: Devices, links: readonly ExistingLink[]) {
    this.#context = context;
    this.#devices = devices;
    this.#links = links;
  }

  /** The next part; the last is the one without `more`. */
  part(now: number): Telemetry {
    const links = this.#links.slice(this.#next, this.#next + PART);
    this.#next += PART;
    const part = {
      type: 'telemetry' as const,
      atMs: now,
      tunnels: links.flatMap(({ link }) => tunnelReport(this.#context, link, now) ?? []),
      peers: peerReports(links.map(({ link }) => link)),
    };
    if (this.#next < this.#links.length) return { ...part, classes: [], counters: {}, more: true };
    return { ...part, classes: this.#context.classes.report(), counters: countersOf(this.#context, this.#devices) };
  }
}

/** The parts of one report as one; `last` is the part without `more`. */
export function joinTelemetry(parts: readonly Telemetry[], last: Telemetry): Telemetry {
  if (parts.length === 0) return last;
  const all = [...parts, last];
  const peers = new Map<string, PeerReport>();
  for (const peer of all.flatMap((part) => part.peers)) {
    const known = peers.get(peer.id);
    peers.set(peer.id, known === undefined ? peer : joinPeers(known, peer));
  }
  return { ...last, tunnels: all.flatMap((part) => part.tunnels), peers: [...peers.values()] };
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

/** A stock peer has a link for each family. */
function peerReports(links: readonly Link[]): PeerReport[] {
  const reports = new Map<string, PeerReport>();
  for (const link of links) {
    if (link.peerId === undefined) continue;
    const report = { id: link.peerId, ...trafficOf(link) };
    const known = reports.get(link.peerId);
    reports.set(link.peerId, known === undefined ? report : joinPeers(known, report));
  }
  return [...reports.values()];
}

/** The link with the latest handshake speaks for the peer, both count. */
function joinPeers(one: PeerReport, other: PeerReport): PeerReport {
  const isLater = (other.lastHandshakeMs ?? -1) > (one.lastHandshakeMs ?? -1);
  return {
    ...(isLater ? other : one),
    receivedBytes: one.receivedBytes + other.receivedBytes,
    sentBytes: one.sentBytes + other.sentBytes,
  };
}
