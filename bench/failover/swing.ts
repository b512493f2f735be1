/**
 * Load that swings between nothing and all of a shaped uplink, behind which is a real bottleneck of that rate, while a
 * stream under an SLA class shares it. Nothing is wrong with the uplink, so nothing may move.
 */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EdgeWorld, type Gateway, uplinkNames } from '../../test/interop/fixtures/edgeWorld.ts';
import { end } from '../../test/interop/fixtures/ending.ts';
import type { Cleanup } from '../../test/interop/fixtures/twoSites.ts';
import { bytesFrom, carrierOf, carrierTo, sentTo } from './carriers.ts';
import { PACKETS_PER_SECOND } from './streams.ts';

export interface Swing {
  readonly seconds: number;
  /** Decisions of both edges to send elsewhere, or, where more, times that the stream was seen to come by another uplink. */
  readonly falseSwitches: number;
  /** Those of the edges, with what they were made for. */
  readonly decisions: readonly FalseSwitch[];
  /** Of the uplink's rate, as it was sent over the wire: the least and the most of a quarter of a second. */
  readonly load: { readonly least: number; readonly most: number };
}

export interface FalseSwitch {
  readonly atSeconds: number;
  readonly edge: string;
  readonly treatment: string;
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

const bulk = fileURLToPath(new URL('./bulk.ts', import.meta.url));
/**
 * Before it the edges do what was set off earlier: returns to better paths, from where a busy start had moved something. They
 * are done when nothing came for so long, unless the caller knows that steering holds back for longer.
 */
const SETTLE_MS = 10_000;
const SETTLE_PATIENCE = 12;
const SAMPLE_MS = 250;
/** As much as a modem keeps. */
const BOTTLENECK_QUEUE_MS = 250;

/** The world's stream has to run, and its uplinks to be shaped to `bitsPerSecond`. */
export async function swing(
  context: Cleanup,
  { controller, gateways: all }: EdgeWorld,
  bitsPerSecond: number,
  seconds: number,
  tell: (text: string) => void,
  settleMs = SETTLE_MS,
): Promise<Swing> {
  // The stream runs between these; what others there are hear nothing of it.
  const gateways = all.slice(0, 2) as [Gateway, Gateway];
  const [first, second] = gateways;
  for (const uplink of uplinkNames) limit(first, uplink, bitsPerSecond);
  const decisions = () =>
    gateways.map(({ id }) => controller.heard(id, 'decisions').flatMap((heard) => heard.decisions));
  const counts = () => decisions().map(({ length }) => length);
  const before = await settled(counts, settleMs);
  const moves = gateways.map(() => 0);
  let carriers = await Promise.all(gateways.map(carrierTo));
  const args = [bulk, first.lanAddress, second.lanAddress, String(bitsPerSecond)];
  const load = spawn('ip', ['netns', 'exec', first.namespace, process.execPath, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  context.after(() => void load.kill('SIGKILL'));

  const begin = performance.now();
  const beginWallMs = Date.now();
  let sent = gateways.map(sentTo);
  let bytes = bytesFrom(first);
  let atMs = begin;
  const shares: number[] = [];
  while (performance.now() - begin < seconds * 1_000) {
    await pause(SAMPLE_MS);
    const now = gateways.map(sentTo);
    const lastedMs = performance.now() - atMs;
    const found = gateways.map((_, at) => carrierOf(sent[at]!, now[at]!, (PACKETS_PER_SECOND * lastedMs) / 4_000));
    for (const [at, carrier] of found.entries()) {
      if (carrier === undefined || carrier === carriers[at]) continue;
      moves[at]! += 1;
      tell(`${((performance.now() - begin) / 1_000).toFixed(1)} s: to ${gateways[at]!.id} by ${carrier} now`);
    }
    carriers = carriers.map((carrier, at) => found[at] ?? carrier);
    const nowBytes = bytesFrom(first);
    shares.push(((nowBytes - bytes) * 8_000) / lastedMs / bitsPerSecond);
    [sent, bytes, atMs] = [now, nowBytes, performance.now()];
  }
  await end(load, () => load.stdin!.end());
  const made = decisions().flatMap((all, at) =>
    all
      .slice(before[at])
      // Others change the order of those that stand by, which moves nothing.
      .filter(({ chosen, previous }) => chosen[0] !== previous[0])
      .map(({ wallMs, treatment, rule, chosen, previous, reason }) => ({
        ...{ atSeconds: (wallMs - beginWallMs) / 1_000, edge: gateways[at]!.id, treatment, rule },
        ...{ from: previous[0] ?? '', to: chosen[0] ?? '', reason },
      })),
  );
  for (const decision of made) tell(`decision: ${JSON.stringify(decision)}`);
  const falseSwitches = Math.max(made.length, moves[0]! + moves[1]!);
  tell(`load swung for ${seconds} s: ${falseSwitches} switches`);
  const rounded = (share: number) => Math.round(share * 100) / 100;
  const least = rounded(Math.min(...shares));
  return { seconds, falseSwitches, decisions: made, load: { least, most: rounded(Math.max(...shares)) } };
}

/** What does not change any more; as it is after all patience else. */
async function settled(counts: () => readonly number[], settleMs: number): Promise<readonly number[]> {
  for (const untilMs = performance.now() + SETTLE_PATIENCE * settleMs; ; ) {
    const before = counts();
    await pause(settleMs);
    const now = counts();
    if (now.every((count, at) => count === before[at]) || performance.now() > untilMs) return now;
  }
}

function limit(gateway: Gateway, uplink: string, bitsPerSecond: number): void {
  const tbf = ['tbf', 'rate', `${bitsPerSecond}bit`, 'burst', '16kb', 'latency', `${BOTTLENECK_QUEUE_MS}ms`];
  gateway.run('tc', 'qdisc', 'replace', 'dev', uplink, 'root', ...tbf);
}
