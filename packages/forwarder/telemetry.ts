/** What a `report` is answered with: totals since the start, and what each tunnel measured. */
import { formatEndpoint } from '@patronus/net';
import { type DropReason as DeviceDrop, dropReasons as deviceDrops } from '@patronus/wireguard';
import type { ExistingLink } from './apply.ts';
import type { ForwarderEvent, PeerReport, TunnelReport } from './control.ts';
import type { DropReason } from './drops.ts';
import { joinPeers } from './joinTelemetry.ts';
import type { Link, TunnelState } from './links.ts';
import { tunnelQuality } from './measurement/measurements.ts';
import type { PathContext } from './path/context.ts';
import type { Devices } from './session/devices.ts';
import type { TalkCounts } from './talk/talks.ts';

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
  readonly #talk: TalkCounts;
  #next = 0;

  constructor(context: PathContext, devices: Devices, links: readonly ExistingLink[], talk: TalkCounts) {
    this.#context = context;
    this.#devices = devices;
    this.#links = links;
    this.#talk = talk;
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
    if (this.#next < this.#links.length) return { ...part, policies: [], shaping: [], counters: {}, more: true };
    const { policies, shapers, protection } = this.#context;
    const counters = { ...countersOf(this.#context, this.#devices), ...this.#talk };
    return {
      ...part,
      policies: policies.report(),
      shaping: shapers.report(now),
      protection: { ...protection.counts },
      counters,
    };
  }
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
  const { bfd } = tunnel;
  return {
    id: tunnel.id,
    state: bfd.state,
    sinceMs: bfd.sinceMs,
    active: context.groups.uses(link.number),
    ...measuredOf(link, tunnel, now),
    ...trafficOf(link),
    receivedPackets: link.receivedPackets,
    sentPackets: link.sentPackets,
    mtu: link.mtu,
    compression: { ...link.compression },
    bfd: bfd.report(),
  };
}

/** By the reports of both ends; towards an end that knows none, by probes. */
function measuredOf({ measurement }: Link, { probes }: TunnelState, now: number) {
  if (measurement?.hasReport !== true) {
    return {
      roundTripUs: rounded(probes.smoothedRoundTripUs),
      minRoundTripUs: rounded(probes.minRoundTripUs(now * 1000)),
      loss: probes.loss(now * 1000),
    };
  }
  const quality = tunnelQuality(measurement, now);
  return {
    roundTripUs: rounded(measurement.roundTrip.smoothedUs),
    minRoundTripUs: rounded(measurement.roundTrip.leastUs(now)),
    loss: Math.max(quality.outgoing?.loss ?? 0, quality.incoming?.loss ?? 0),
    quality,
  };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
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
