/**
 * What does a call hear while a backup fills the uplink? Two sites over a line that the kernel limits (tbf) behind the
 * forwarder, with a queue as long as a modem's; a call of 50 packets of 200 bytes a second, first alone, then while TCP sends all it
 * can, without the shaper and with it.
 *
 *     npm run -s bench -- shaping --json [--megabits 10] [--seconds 10] [--ordinary]
 *
 * `addedP99Ms` is the 99th percentile under load above the median of the call alone, one way. `free` is what TCP gets
 * without a call and without the shaper; `ratio` is the added delay without the shaper to that with it. The forwarders go
 * before all ordinary processes, so that what is measured does not wait for whoever else uses this machine, unless they are
 * asked to be `--ordinary`. Needs root.
 */
import { parseArgs } from 'node:util';
import type { ForwarderPolicy } from '@patronus/forwarder';
import { CALL_PORT, call } from '../test/interop/fixtures/call.ts';
import { tcp } from './forwarding/measure.ts';
import { hasProgram, hasten, MTU, World } from './forwarding/world.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    megabits: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '10' },
    ordinary: { type: 'boolean', default: false },
  },
});
const [megabits, seconds] = [Number(values.megabits), Number(values.seconds)];

function give(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

if (process.getuid?.() !== 0) give('shaping needs root for network namespaces: sudo npm run -s bench -- shaping');
if (!(megabits > 0 && seconds >= 1)) give('--megabits and --seconds are numbers from 1 on');
for (const one of ['chrt', 'iperf3', 'ss', 'tc']) {
  if (!hasProgram(one)) give(`${one} is missing: \`npm test -- interop\` as root installs what is needed`);
}

/** TCP takes a moment to fill the line; the call comes after it. */
const HEAD_START = 1.5;
const say = (text: string) => process.stderr.write(`${text}\n`);
/** iperf3's. */
const BULK_PORT = 5_201;
const policies: readonly ForwarderPolicy[] = [
  { id: 'calls', match: { ports: [[CALL_PORT, CALL_PORT]] }, compression: null, priority: 'realtime' },
  { id: 'backup', match: { ports: [[BULK_PORT, BULK_PORT]] }, compression: null, priority: 'bulk' },
];

const world = new World();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void world.close().finally(() => process.exit(130)));
}

function configure(isShaped: boolean): void {
  for (const [site, other] of [
    [world.left, world.right],
    [world.right, world.left],
  ] as const) {
    const plan = site.configure(other, { mtu: MTU, policies });
    const uplinks = plan.uplinks.map((uplink) => (isShaped ? { ...uplink, bitsPerSecond: megabits * 1e6 } : uplink));
    site.tell({ ...plan, uplinks });
  }
}

async function loaded(patronus: Awaited<ReturnType<World['patronus']>>) {
  const [bulk, heard] = await Promise.all([
    tcp(world, patronus, 1, seconds + 2 * HEAD_START, true),
    new Promise((resolve) => setTimeout(resolve, HEAD_START * 1_000)).then(() =>
      call(world.left, world.right, { seconds }),
    ),
  ]);
  return { bulkMegabits: bulk.gigabits * 1_000, ...heard };
}

try {
  const patronus = await world.patronus(policies);
  if (!values.ordinary) for (const pid of patronus.pids) hasten(pid);
  // A modem keeps a quarter of a second, and does not know what a call is.
  world.limit(megabits, 250);
  configure(false);
  say('the call alone');
  const alone = await call(world.left, world.right, { seconds: Math.min(5, seconds) });
  say('TCP alone');
  const free = (await tcp(world, patronus, 1, Math.min(8, seconds), true)).gigabits * 1_000;
  say('both, without the shaper');
  const without = await loaded(patronus);
  configure(true);
  say('both, with the shaper');
  const shaped = await loaded(patronus);
  const { shaping } = await world.left.telemetry();
  const added = (p99Ms: number) => Math.round((p99Ms - alone.p50Ms) * 100) / 100;
  const callMegabits = (50 * (200 + 32 + 28 + 18) * 8) / 1e6;
  const result = {
    megabits,
    isOrdinary: values.ordinary,
    alone,
    freeMegabits: Math.round(free * 100) / 100,
    without: { ...without, addedP99Ms: added(without.p99Ms) },
    shaped: { ...shaped, addedP99Ms: added(shaped.p99Ms) },
    /** Of what TCP gets alone, less what the call takes. */
    bulkShare: Math.round((shaped.bulkMegabits / (free - callMegabits)) * 1_000) / 1_000,
    ratio: Math.round((added(without.p99Ms) / added(shaped.p99Ms)) * 10) / 10,
    shaping: shaping?.find(({ uplinkId }) => uplinkId === 'one'),
  };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await world.close();
}
