/**
 * Does the packet path stay as it is over time? Two forwarders carry 1,000 counted datagrams a second and 20 Mbit/s of TCP
 * for as long as is asked; WireGuard makes new keys every two minutes meanwhile. Beside them, between two real edges, load
 * swings between 0 and 100 % of an uplink, which must move nothing.
 *
 *     npm run -s bench -- soak --json [--minutes 60] [--steady] [--ordinary]
 *
 * `growthMiB` of each kind of process: how much a line through all that was found, each five seconds after the first ten minutes
 * (or a sixth of the time), rises to the end, so that garbage between two collections does not count. It goes by a process's own
 * pages; `resident` tells the same with those of program files. Told is the one that grew most, with all of them in `each`.
 * `forwarder`: of the two that carry the counted stream; `edge`, `edgeForwarder` and `standby`: of the edges, whose controller is
 * part of this program and is not counted.
 * `rssGrowthMiB`: `resident` of `forwarder`, the larger. `swing.falseSwitches`: times that anything moved; `decisions`: of the edges, with their
 * reasons. `gaps`: when numbers of the counted stream were missing, in seconds since it began, how many, and how long nothing
 * had come; `ended`: what ended on the way of any stream between these two, by place, which every minute tells as well.
 * `--steady`: without edges and swing. `--ordinary`: they do not go before other processes of the machine, whose work may
 * then look like a path that failed. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Cleanup } from '../test/interop/fixtures/twoSites.ts';
import { enterOwnNamespace } from '../test/interop/ownNamespace.ts';
import { startGateways, UPLINK_BITS_PER_SECOND, withStream } from './failover/gateways.ts';
import { swing } from './failover/swing.ts';
import { hasten, World } from './forwarding/world.ts';
import { Losses } from './soak/losses.ts';
import { processesOf, Residence, type Watched } from './soak/residence.ts';
import type { Gap } from './soak/stream.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
    steady: { type: 'boolean', default: false },
    ordinary: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const PER_SECOND = 1_000;
const PORT = 5_400;
const SAMPLE_MS = 5_000;
const MINUTE_MS = 60_000;
const SAMPLES_PER_MINUTE = MINUTE_MS / SAMPLE_MS;
/** Two failures of a path at the start are held against it for two minutes; then it is returned to, as it should be. */
const SETTLE_MS = 130_000;
const program = fileURLToPath(new URL('./soak/stream.ts', import.meta.url));

if (process.getuid?.() !== 0 || !(minutes > 0)) {
  process.stderr.write('bench: soak needs root for network namespaces, and --minutes above 0\n');
  process.exit(2);
}

enterOwnNamespace();
const world = new World();
const cleanups: (() => unknown)[] = [];
const children: ChildProcess[] = [];

interface Told {
  readonly sent?: number;
  readonly seen?: number;
  readonly highest?: number;
  readonly late?: number;
  readonly gaps?: readonly Gap[];
}

/** Starts a program in a namespace; `told` is its newest line of JSON. */
function start(namespace: string, command: string, ...args: string[]) {
  const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const state: { told: Told | undefined } = { told: undefined };
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
  for (const work of cleanups.splice(0).reverse()) await work();
  await world.close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void end().finally(() => process.exit(130)));

try {
  const { address, pids } = await world.patronus();
  const { left, right } = world;
  const received = start(right.namespace, process.execPath, program, 'receive', `${PORT}`);
  while (received.told === undefined) await pause(20);
  start(right.namespace, 'iperf3', '-s', '-1');
  while (right.run('ss', '-Hltn', 'sport = :5201').trim() === '') await pause(20);
  start(left.namespace, 'iperf3', '-c', address, '-b', '20M', '-t', `${Math.ceil(minutes * 60) + 30}`);
  const sent = start(left.namespace, process.execPath, program, 'send', address, `${PORT}`, `${PER_SECOND}`);
  const context = { after: (work: () => unknown) => void cleanups.push(work) } as Cleanup;
  const edges = values.steady ? undefined : await startGateways(context, withStream);
  const watched: Watched[] = [
    ...pids.map((pid): Watched => ({ kind: 'forwarder', pid })),
    ...(edges?.gateways.flatMap(processesOf) ?? []),
  ];
  if (!values.ordinary) for (const { pid } of watched) hasten(pid);
  const tell = (text: string) => void process.stderr.write(`${text}\n`);
  const swung = edges && swing(context, edges, UPLINK_BITS_PER_SECOND, minutes * 60, tell, SETTLE_MS);
  const residence = new Residence(watched);
  const losses = new Losses([left, right]);
  await losses.since();
  const ended: Record<string, number> = {};
  const begin = performance.now();
  const handshakesBefore = (await left.telemetry()).counters;
  while (performance.now() - begin < minutes * MINUTE_MS) {
    await pause(SAMPLE_MS);
    const atMs = performance.now() - begin;
    const { words, count } = residence.sample(atMs);
    if (count % SAMPLES_PER_MINUTE !== 0) continue;
    const places = Object.entries(await losses.since());
    for (const [place, packets] of places) ended[place] = (ended[place] ?? 0) + packets;
    const { seen = 0, highest = 0 } = received.told ?? {};
    const where = places.map(([place, packets]) => `, ${place} ${packets}`).join('');
    tell(`${(atMs / MINUTE_MS).toFixed(1)} of ${minutes} min, KiB: ${words}; lost ${highest - seen}${where}`);
  }
  const settledMs = Math.min(10, minutes / 6) * MINUTE_MS;
  const growthMiB = residence.growth(settledMs);
  const { counters } = await left.telemetry();
  const count = (name: string) => counters[name]! - handshakesBefore[name]!;
  const { seen = 0, highest = 0, late = 0, gaps = [] } = received.told ?? {};
  const result = {
    minutes,
    rssGrowthMiB: Math.max(...growthMiB.forwarder!.resident),
    growthMiB,
    handshakes: count('initiationsSent') + count('responsesSent'),
    sent: sent.told?.sent ?? 0,
    /** Of those before the last that was seen. */
    lost: highest - seen,
    late,
    gaps,
    ended,
    swing: await swung,
  };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await end();
}
