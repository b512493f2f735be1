/**
 * How long is traffic gone when a path fails without a word? Two sites with two uplinks each, a stream of 1,000 packets a
 * second both ways, and silent cuts at random phase, half of them both ways and half one way; FRR's bfdd watches the same
 * wires with the same timers beside.
 *
 *     npm run -s bench -- failover --json [--cuts 100] [--interval 50] [--multiplier 3] [--seed 1] [--brownouts 20]
 *         [--minutes 1] [--ordinary]
 *
 * `lostMs`: packets lost of each direction that was cut, which are milliseconds at this rate. `switchAfterDownMs`: from
 * Down at the sender to the last packet lost. Then, with real edges: `brownout`, from 5 % loss (where it was 0.1 %), or from
 * 150 ms of delay, in one direction to the stream having left that uplink, so many times each; and `swing`, a load that swings
 * between 0 and 100 % of a shaped uplink for so many minutes, which must move nothing. `flowsMovedWrongly`: times in all of
 * it that a flow was seen on another uplink although nothing was wrong with its own, between the same gateways or others.
 * Forwarders, edges, bfdd and the streams' ends go before ordinary processes, so that a machine with too much to do is not
 * taken for a path that failed, unless they are asked to be `--ordinary`. Needs root; FRR is left out where it is not
 * installed.
 */
import { parseArgs } from 'node:util';
import type { Cleanup } from '../test/interop/fixtures/twoSites.ts';
import { blackouts } from './failover/blackouts.ts';
import { brownouts } from './failover/brownouts.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    cuts: { type: 'string', default: '100' },
    interval: { type: 'string', default: '50' },
    multiplier: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    brownouts: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '1' },
    ordinary: { type: 'boolean', default: false },
  },
});
const settings = {
  cuts: Number(values.cuts),
  intervalMs: Number(values.interval),
  multiplier: Number(values.multiplier),
  seed: Number(values.seed),
  brownouts: Number(values.brownouts),
  minutes: Number(values.minutes),
};
if (process.getuid?.() !== 0 || Object.values(settings).some((value) => !(value > 0))) {
  process.stderr.write('bench: failover needs root for network namespaces, and numbers above 0\n');
  process.exit(2);
}

const cleanups: (() => unknown)[] = [];
const context: Cleanup = { after: ((work: () => unknown) => void cleanups.push(work)) as Cleanup['after'] };
const tell = (text: string) => void process.stderr.write(`${text}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
const { intervalMs, multiplier, seed } = settings;
try {
  const isOrdinary = values.ordinary;
  const blackout = await blackouts(context, { ...settings, isOrdinary }, tell);
  await cleanUp();
  const wanted = { count: settings.brownouts, swingSeconds: settings.minutes * 60, seed, isOrdinary };
  const { brownout, swing } = await brownouts(context, wanted, tell);
  const flowsMovedWrongly = blackout.flowsMovedWrongly + brownout.flowsMovedWrongly;
  const result = { intervalMs, multiplier, ...blackout, brownout, swing, flowsMovedWrongly };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await cleanUp();
}

async function cleanUp(): Promise<void> {
  for (const work of cleanups.splice(0).reverse()) await work();
}
