/** From the forwarder's report, in monotonic time, to what the controller is told, in wall time. Pure. */
import type { Capabilities, ForwarderEvent } from '@patronus/forwarder';
import { type EdgeMessage, MAX_REPORTED_TUNNELS } from '@patronus/protocol';

type Report = Extract<ForwarderEvent, { type: 'telemetry' }>;
export type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

/** `now` is one moment by both clocks. */
export function tellTelemetry(
  report: Report,
  now: { wallMs: number; monotonicMs: number },
  dropped: number,
  capabilities: Capabilities = {},
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
    classes: [...report.classes],
    capabilities: { ...capabilities },
    counters: { ...report.counters },
    dropped,
  };
}
