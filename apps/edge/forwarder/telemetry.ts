/** From the forwarder's report, in monotonic time, to what the controller is told, in wall time. Pure. */
import type { Capabilities, ForwarderEvent } from '@patronus/forwarder';
import { type EdgeMessage, MAX_REPORTED_TUNNELS, MAX_REPORTED_UPLINKS } from '@patronus/protocol';
import type { PathGroup } from '@patronus/steering';

type Report = Extract<ForwarderEvent, { type: 'telemetry' }>;
export type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

/** What probes and handshakes of a tunnel may take. */
const quietBytesPerSecond = 2_000;

/** `quiet`: little was carried, such as signs of life. `silent`: nothing at all. */
export type Activity = 'busy' | 'quiet' | 'silent';

/** What went on between these two reports. */
export function activityOf(before: Telemetry, after: Telemetry): Activity {
  const bytes = ({ tunnels }: Telemetry) =>
    tunnels.reduce((sum, { receivedBytes, sentBytes }) => sum + receivedBytes + sentBytes, 0);
  const seconds = (after.wallMs - before.wallMs) / 1_000;
  // Fewer than before: the forwarder began anew, and counts from zero.
  const carried = bytes(after) - bytes(before);
  if (carried < 0 || carried > seconds * quietBytesPerSecond * after.tunnels.length) return 'busy';
  return carried === 0 ? 'silent' : 'quiet';
}

/** `now` is one moment by both clocks. */
export function tellTelemetry(
  report: Report,
  now: { wallMs: number; monotonicMs: number },
  dropped: number,
  capabilities: Capabilities = {},
  groups: readonly PathGroup[] = [],
): Telemetry {
  const wall = (monotonicMs: number) => Math.round(now.wallMs - (now.monotonicMs - monotonicMs));
  return {
    type: 'telemetry',
    wallMs: wall(report.atMs),
    tunnels: report.tunnels.slice(0, MAX_REPORTED_TUNNELS).map(({ minRoundTripUs: _forSteeringOnly, ...tunnel }) => ({
      ...tunnel,
      sinceMs: wall(tunnel.sinceMs),
      lastHandshakeMs: tunnel.lastHandshakeMs === null ? null : wall(tunnel.lastHandshakeMs),
    })),
    policies: [...report.policies],
    capabilities: { ...capabilities },
    paths: groups.slice(0, MAX_REPORTED_TUNNELS).map(({ treatment, edgeId, chosen }) => ({
      ...{ treatment, edgeId },
      tunnelIds: [...chosen],
    })),
    bfdPeers: (report.neighbours ?? []).map((neighbour) => ({ ...neighbour })),
    shaping: (report.shaping ?? []).slice(0, MAX_REPORTED_UPLINKS).map(({ priorities, ...shaping }) => ({
      ...shaping,
      priorities: priorities.map((priority) => ({ ...priority })),
    })),
    ...(report.protection === undefined ? {} : { protection: { ...report.protection } }),
    counters: { ...report.counters },
    dropped,
  };
}
