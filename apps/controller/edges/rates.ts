/** From counters that an edge reports to bits a second. */
import type { TunnelTelemetry } from '@patronus/protocol';

/** Shorter intervals give rates that jump. */
const RATE_WINDOW_MS = 500;

export interface Report {
  readonly telemetry: TunnelTelemetry;
  readonly receivedBitsPerSecond: number;
  readonly sentBitsPerSecond: number;
  /** Counters and time the rates start from. */
  readonly base: { readonly wallMs: number; readonly received: number; readonly sent: number };
}

/** A whole report of an edge by tunnel, with rates since the one before. */
export function followAll(
  before: ReadonlyMap<string, Report>,
  tunnels: readonly TunnelTelemetry[],
  wallMs: number,
): ReadonlyMap<string, Report> {
  return new Map(tunnels.map((tunnel) => [tunnel.id, follow(before.get(tunnel.id), tunnel, wallMs)]));
}

function follow(before: Report | undefined, telemetry: TunnelTelemetry, wallMs: number): Report {
  const start = { wallMs, received: telemetry.receivedBytes, sent: telemetry.sentBytes };
  const restarted =
    before === undefined || telemetry.receivedBytes < before.base.received || telemetry.sentBytes < before.base.sent;
  if (restarted) return { telemetry, receivedBitsPerSecond: 0, sentBitsPerSecond: 0, base: start };
  const elapsed = wallMs - before.base.wallMs;
  if (elapsed < RATE_WINDOW_MS) return { ...before, telemetry };
  return {
    telemetry,
    receivedBitsPerSecond: ((start.received - before.base.received) * 8000) / elapsed,
    sentBitsPerSecond: ((start.sent - before.base.sent) * 8000) / elapsed,
    base: start,
  };
}
