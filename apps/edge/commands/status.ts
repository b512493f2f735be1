/** `patronus edge status`. */
import type { TunnelTelemetry } from '@patronus/protocol';
import type { StatePaths } from '../state/paths.ts';
import { askStatus } from '../status/socket.ts';
import type { EdgeStatus } from '../status/status.ts';

export async function showStatus(paths: StatePaths, isJson: boolean): Promise<void> {
  const status = await askStatus(paths);
  console.log(isJson ? JSON.stringify(status, null, 2) : formatStatus(status));
}

/** For people: a paragraph each for the edge, its uplinks and its tunnels. */
export function formatStatus({
  edge,
  configuration,
  controller,
  uplinks,
  tunnels,
  process,
  reports,
  capabilities,
}: EdgeStatus): string {
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
  ].join('\n');
}

function formatTunnel({ id, state, active, roundTripUs, remoteEndpoint, mtu, compression }: TunnelTelemetry): string {
  const roundTrip = roundTripUs === null ? '' : `${(roundTripUs / 1_000).toFixed(1)} ms`;
  const size = mtu === undefined ? '' : `MTU ${mtu}`;
  const words = [`${active ? '*' : ' '} ${id.padEnd(40)} ${state.padEnd(10)} ${roundTrip.padStart(9)}`];
  words.push(size.padEnd(8), remoteEndpoint ?? '', ratioOf(compression));
  return `  ${words.join(' ').trimEnd()}`;
}

/** What LZ4 made of what this end sent; nothing where no class compresses. */
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
  tun: { none: 'none: one packet at a time' },
  udpSend: { segment: 'segmented by the kernel (UDP_SEGMENT)', batch: 'in batches (sendmmsg)' },
  udpReceive: { gro: 'put together by the kernel (UDP_GRO)', batch: 'in batches (recvmmsg)' },
};

function labelOf(name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : name;
}

function describe(name: string, value: string): string {
  const known = Object.hasOwn(meanings, name) ? meanings[name]! : {};
  return Object.hasOwn(known, value) ? known[value]! : value;
}
