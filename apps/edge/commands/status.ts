/** `patronus edge status`. */
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
    '',
    `Uplinks        ${uplinks.length}`,
    ...uplinks.map(
      (uplink) =>
        `  ${uplink.label.padEnd(12)} ${uplink.isUp ? 'up  ' : 'down'} ${uplink.interface.padEnd(15)} ${uplink.addresses.join(' ')}`,
    ),
    '',
    `Tunnels        ${tunnels.filter(({ state }) => state === 'up').length} of ${tunnels.length} up`,
    ...tunnels.map(({ id, state, active, roundTripUs, remoteEndpoint }) => {
      const roundTrip = roundTripUs === null ? '' : `${(roundTripUs / 1_000).toFixed(1)} ms`;
      return `  ${active ? '*' : ' '} ${id.padEnd(40)} ${state.padEnd(10)} ${roundTrip.padStart(9)} ${remoteEndpoint ?? ''}`;
    }),
  ].join('\n');
}
