/**
 * Does the packet path stay as it is over time? Two forwarders carry 1,000 counted datagrams a second and 20 Mbit/s of TCP
 * for as long as is asked; WireGuard makes new keys every two minutes meanwhile.
 *
 *     npm run -s bench -- soak --json [--minutes 60]
 *
 * `rssGrowthMiB`: resident memory of the larger forwarder, the least of the last minute less the least of the minute after
 * the first ten (or after a sixth of the time): what the garbage collector would give back does not count. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { World } from './forwarding/world.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, minutes: { type: 'string', default: '60' } },
});
const minutes = Number(values.minutes);
const PER_SECOND = 1_000;
const PORT = 5_400;
const SAMPLE_MS = 5_000;
const MINUTE_MS = 60_000;
const program = fileURLToPath(new URL('./soak/stream.ts', import.meta.url));

if (process.getuid?.() !== 0 || !(minutes > 0)) {
  process.stderr.write('bench: soak needs root for network namespaces, and --minutes above 0\n');
  process.exit(2);
}

const world = new World();
const children: ChildProcess[] = [];

/** Starts a program in a namespace; `told` is its newest line of JSON. */
function start(namespace: string, command: string, ...args: string[]) {
  const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const state: { told: Record<string, number> | undefined } = { told: undefined };
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.startsWith('{') && line.endsWith('}')) state.told = JSON.parse(line);
  });
  return state;
}

async function end(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }
  await world.close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void end().finally(() => process.exit(130)));

function residentKiB(pid: number): number {
  return Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]);
}

try {
  const { address, pids } = await world.patronus();
  const { left, right } = world;
  const received = start(right.namespace, process.execPath, program, 'receive', `${PORT}`);
  while (received.told === undefined) await pause(20);
  start(right.namespace, 'iperf3', '-s', '-1');
  while (right.run('ss', '-Hltn', 'sport = :5201').trim() === '') await pause(20);
  start(left.namespace, 'iperf3', '-c', address, '-b', '20M', '-t', `${Math.ceil(minutes * 60) + 30}`);
  const sent = start(left.namespace, process.execPath, program, 'send', address, `${PORT}`, `${PER_SECOND}`);
  const samples: { readonly atMs: number; readonly kib: number }[] = [];
  const begin = performance.now();
  const handshakesBefore = (await left.telemetry()).counters;
  while (performance.now() - begin < minutes * MINUTE_MS) {
    await pause(SAMPLE_MS);
    const atMs = performance.now() - begin;
    samples.push({ atMs, kib: Math.max(...pids.map(residentKiB)) });
    process.stderr.write(`\r${(atMs / MINUTE_MS).toFixed(1)} of ${minutes} min, ${samples.at(-1)!.kib} KiB  `);
  }
  process.stderr.write('\n');
  const settledMs = Math.min(10, minutes / 6) * MINUTE_MS;
  const least = (from: number, to: number) =>
    Math.min(...samples.filter(({ atMs }) => atMs >= from && atMs <= to).map(({ kib }) => kib));
  const { counters } = await left.telemetry();
  const count = (name: string) => counters[name]! - handshakesBefore[name]!;
  const endMs = samples.at(-1)!.atMs;
  const { seen = 0, highest = 0, late = 0 } = received.told ?? {};
  const result = {
    minutes,
    rssGrowthMiB: Number(
      ((least(endMs - MINUTE_MS, endMs) - least(settledMs, settledMs + MINUTE_MS)) / 1024).toFixed(2),
    ),
    rssMiB: Number((least(endMs - MINUTE_MS, endMs) / 1024).toFixed(1)),
    handshakes: count('initiationsSent') + count('responsesSent'),
    sent: sent.told?.sent ?? 0,
    /** Of those before the last that was seen. */
    lost: highest - seen,
    late,
  };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await end();
}
