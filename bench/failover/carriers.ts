/** Which uplink carries what is sent to a gateway: counted in the core, which knows nothing of tunnels. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@patronus/system/linux';
import { type Gateway, uplinkNames } from '../../test/interop/fixtures/edgeWorld.ts';

export type Uplink = (typeof uplinkNames)[number];

const WINDOW_MS = 20;
/** Packets that come by an uplink in a window: more than this is half of the stream, and more than all the rest there is. */
const CARRIES = 10;
/** A pause of the sender is not a switch. */
const LASTING_MS = 300;
const PATIENCE_MS = 20_000;

/** Packets that the core sent to each uplink of a gateway so far. */
export function sentTo(gateway: Gateway): number[] {
  return uplinkNames.map((_, order) => counter(gateway, order, Column.sentPackets));
}

/** Bytes that the core got from this gateway so far, over all of its uplinks. */
export function bytesFrom(gateway: Gateway): number {
  return uplinkNames.reduce((sum, _, order) => sum + counter(gateway, order, Column.receivedBytes), 0);
}

/** Of /proc/net/dev, after the name. */
const Column = { receivedBytes: 0, sentPackets: 9 } as const;

/** What this thread's namespace, the core, counted at its end of the uplink's wire. */
function counter(gateway: Gateway, order: number, column: number): number {
  const text = readFileSync('/proc/thread-self/net/dev', 'latin1');
  const line = new RegExp(`^\\s*pt${gateway.number}u${order}:(.*)$`, 'm').exec(text)?.[1] ?? '';
  return Number(line.trim().split(/\s+/)[column]);
}

/** The uplink that most of these packets came by; undefined: fewer than `least` did by any. */
export function carrierOf(before: readonly number[], after: readonly number[], least: number): Uplink | undefined {
  const shares = after.map((count, at) => count - before[at]!);
  const most = shares.indexOf(Math.max(...shares));
  return shares[most]! > least ? uplinkNames[most] : undefined;
}

/** The uplink by which the stream comes to this gateway. Throws where none does for 20 s. */
export async function carrierTo(gateway: Gateway): Promise<Uplink> {
  for (const untilMs = systemClock.monotonicMs() + PATIENCE_MS; systemClock.monotonicMs() < untilMs; ) {
    const before = sentTo(gateway);
    await pause(100);
    const carrier = carrierOf(before, sentTo(gateway), 50);
    if (carrier !== undefined) return carrier;
  }
  throw new Error(`no stream came to ${gateway.id} for ${PATIENCE_MS / 1_000} s`);
}

/** Monotonic ms at which the stream last came by this uplink; undefined: it still does after `untilMs`. */
export async function leaves(gateway: Gateway, uplink: Uplink, untilMs: number): Promise<number | undefined> {
  const order = uplinkNames.indexOf(uplink);
  let before = sentTo(gateway)[order]!;
  let beforeMs = systemClock.monotonicMs();
  let quietSinceMs: number | undefined;
  for (;;) {
    await pause(WINDOW_MS);
    const now = sentTo(gateway)[order]!;
    const nowMs = systemClock.monotonicMs();
    const isQuiet = now - before <= (CARRIES * (nowMs - beforeMs)) / WINDOW_MS;
    quietSinceMs = isQuiet ? (quietSinceMs ?? beforeMs) : undefined;
    if (quietSinceMs !== undefined && nowMs - quietSinceMs > LASTING_MS) return quietSinceMs;
    if (nowMs > untilMs) return undefined;
    [before, beforeMs] = [now, nowMs];
  }
}
