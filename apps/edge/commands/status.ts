/** `patronus edge status`. */
import type { DirectionQuality, TunnelTelemetry } from '@patronus/protocol';
import { systemClock } from '@patronus/system/linux';
import type { StatePaths } from '../state/paths.ts';
import { askStatus } from '../status/socket.ts';
import type { EdgeStatus } from '../status/status.ts';
import { formatBgp } from './statusBgp.ts';
import { formatProtection, formatQueues } from './statusLoad.ts';
import { formatTable } from './table.ts';

export async function showStatus(paths: StatePaths, isJson: boolean): Promise<void> {
  const status = await askStatus(paths);
  console.log(isJson ? JSON.stringify(status, null, 2) : formatStatus(status));
}

/** For people: a paragraph each for the edge, its uplinks and its tunnels. */
export function formatStatus(
  {
    edge,
    configuration,
    controller,
    uplinks,
    tunnels,
    process,
    reports,
    capabilities,
    paths,
    breakout,
    reach,
    bfdPeers,
    shaping,
    protection,
    bgp,
  }: EdgeStatus,
  nowMs: number = systemClock.wallMs(),
): string {
  const trial = configuration.isOnTrial ? ` (on trial; last good ${configuration.lastGood ?? 'none'})` : '';
  const way = controller.way === null ? '' : `, ${controller.way}`;
  const error = controller.lastError === null ? '' : `; last: ${controller.lastError}`;
  const waiting =
    reports.waiting === 0 ? '' : `\nReports        ${reports.waiting} waiting, ${reports.dropped} dropped`;
  return [
    `Edge           ${edge.name} at ${edge.site} (${edge.id})`,
    `Configuration  ${configuration.running ?? 'none'}${trial}`,
    `Controller     ${controller.state}${way}${error}`,
    `Forwarder      ${process.forwarderPid === null ? 'starting' : `runs as ${process.forwarderPid}`}${waiting}`,
    ...lastCrash(process.lastCrash),
    ...Object.entries(capabilities).map(([name, value]) => `  ${labelOf(name).padEnd(26)} ${describe(name, value)}`),
    '',
    `Uplinks        ${uplinks.length}`,
    ...uplinks.map(
      (uplink) =>
        `  ${uplink.label.padEnd(12)} ${uplink.isUp ? 'up  ' : 'down'} ${uplink.interface.padEnd(15)} ${uplink.addresses.join(' ')}`,
    ),
    '',
    `Tunnels        ${tunnels.filter(({ state }) => state === 'up').length} of ${tunnels.length} up`,
    ...tunnels.map(formatTunnel),
    ...formatQuality(tunnels),
    ...formatPaths(paths),
    ...formatBreakout(breakout, uplinks),
    ...formatReach(reach),
    ...formatRouters(bfdPeers),
    ...formatBgp(bgp, nowMs),
    ...formatQueues(shaping, uplinks),
    ...formatProtection(protection),
  ].join('\n');
}

/** What was measured of each tunnel, where anything was. */
function formatQuality(tunnels: readonly TunnelTelemetry[]): string[] {
  const rows = tunnels.flatMap(({ id, quality, bfd }) => {
    if (quality === undefined && bfd === undefined) return [];
    const { outgoing = null, incoming = null, mos = null, capacityBitsPerSecond = null } = quality ?? {};
    const timers = bfd === undefined ? '' : `${bfd.transmitIntervalMs}/${bfd.detectionTimeMs} ms`;
    const session = bfd === undefined ? '–' : `${bfd.state} ${timers}${bfd.downs === 0 ? '' : `, ${bfd.downs} downs`}`;
    const capacity = capacityBitsPerSecond === null ? '–' : `${(capacityBitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
    return [
      [id, directionWords(outgoing), directionWords(incoming), mos === null ? '–' : mos.toFixed(1), capacity, session],
    ];
  });
  if (rows.length === 0) return [];
  return [
    '',
    'Quality',
    ...formatTable(['Tunnel', 'Out: loss jitter delay', 'In: loss jitter delay', 'MOS', 'Capacity', 'BFD'], rows),
  ];
}

function directionWords(quality: DirectionQuality | null): string {
  if (quality === null) return '–';
  const { loss, jitterUs, delayChangeUs } = quality;
  const ms = (us: number) => (us / 1_000).toFixed(1);
  return `${(loss * 100).toFixed(2)} % ${ms(jitterUs)} ms +${ms(delayChangeUs)} ms`;
}

function formatPaths(paths: EdgeStatus['paths']): string[] {
  if (paths.length === 0) return [];
  const rows = paths.map(({ treatment, edgeId, mode, chosen }) => [
    ...[treatment, edgeId, mode === 'single' ? '' : mode],
    chosen.length === 0 ? 'none is up' : chosen.join(' + '),
  ]);
  return ['', 'Paths', ...formatTable(['Treatment', 'To', 'Mode', 'Over'], rows)];
}

function formatBreakout(breakout: EdgeStatus['breakout'], uplinks: EdgeStatus['uplinks']): string[] {
  if (breakout.length === 0) return [];
  const rows = breakout.map(({ uplinkId, state, roundTripUs, loss }) => [
    ...[uplinks.find(({ id }) => id === uplinkId)?.label ?? uplinkId, state, milliseconds(roundTripUs)],
    loss === null ? '–' : `${(loss * 100).toFixed(0)} %`,
  ]);
  return ['', 'Breakout', ...formatTable(['Uplink', 'Internet', 'Round trip', 'Loss'], rows)];
}

function formatReach(reach: EdgeStatus['reach']): string[] {
  if (reach.length === 0) return [];
  const rows = reach.map(({ edgeId, address, state, roundTripUs }) => [
    edgeId,
    address,
    state,
    milliseconds(roundTripUs),
  ]);
  return ['', 'LANs', ...formatTable(['Behind', 'Host', 'State', 'Round trip'], rows)];
}

function milliseconds(us: number | null): string {
  return us === null ? '–' : `${(us / 1_000).toFixed(1)} ms`;
}

function formatRouters(peers: EdgeStatus['bfdPeers']): string[] {
  if (peers.length === 0) return [];
  const rows = peers.map(({ id, address, session }) => [
    ...[id, address, session.state, `${session.transmitIntervalMs}/${session.detectionTimeMs} ms`, `${session.downs}`],
  ]);
  return ['', 'Routers', ...formatTable(['Peer', 'Address', 'BFD', 'Sent/noticed within', 'Downs'], rows)];
}

function formatTunnel({ id, state, active, roundTripUs, remoteEndpoint, mtu, compression }: TunnelTelemetry): string {
  const roundTrip = roundTripUs === null ? '' : `${(roundTripUs / 1_000).toFixed(1)} ms`;
  const size = mtu === undefined ? '' : `MTU ${mtu}`;
  const words = [`${active ? '*' : ' '} ${id.padEnd(40)} ${state.padEnd(10)} ${roundTrip.padStart(9)}`];
  words.push(size.padEnd(8), remoteEndpoint ?? '', ratioOf(compression));
  return `  ${words.join(' ').trimEnd()}`;
}

/** What LZ4 made of what this end sent; nothing where no policy compresses. */
function ratioOf(compression: TunnelTelemetry['compression']): string {
  if (compression === undefined) return '';
  const { packets, fromBytes, toBytes, skipped, errors } = compression;
  const failed = errors === 0 ? '' : `, ${errors} not expanded`;
  if (packets === 0) return skipped === 0 && errors === 0 ? '' : `lz4: ${skipped} skipped${failed}`;
  return `lz4: ${((toBytes / fromBytes) * 100).toFixed(0)} % of ${fromBytes} bytes, ${skipped} skipped${failed}`;
}

function lastCrash(crash: EdgeStatus['process']['lastCrash']): string[] {
  if (crash === null) return [];
  const words = crash.lastWords === '' ? '' : `: ${crash.lastWords}`;
  return [`  ended unexpectedly         ${new Date(crash.atMs).toISOString()}, ${crash.cause}${words}`];
}

/** What the forwarder found out about the machine, for people; a word that is not here is shown as it is. */
const labels: Readonly<Record<string, string>> = {
  cipher: 'cipher',
  tun: 'offloads of the TUN',
  udpSend: 'sending UDP',
  udpReceive: 'receiving UDP',
};
const meanings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cipher: { openssl: 'OpenSSL', 'wasm-simd': 'WebAssembly with SIMD' },
  tun: {
    'tso4 tso6 uso4 uso6': 'large packets of TCP and UDP (TSO, USO)',
    'tso4 tso6': 'large packets of TCP (TSO); the kernel refuses USO',
    checksum: 'checksums alone; the kernel refuses TSO and USO',
    none: 'none: one packet at a time',
  },
  udpSend: { segment: 'segmented by the kernel (UDP_SEGMENT)', batch: 'in batches (sendmmsg), without UDP_SEGMENT' },
  udpReceive: {
    gro: 'put together by the kernel (UDP_GRO)',
    batch: 'in batches (recvmmsg), without UDP_GRO',
  },
};

function labelOf(name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : name;
}

function describe(name: string, value: string): string {
  const known = Object.hasOwn(meanings, name) ? meanings[name]! : {};
  return Object.hasOwn(known, value) ? known[value]! : value;
}
