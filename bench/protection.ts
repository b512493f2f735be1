/**
 * What reaches the other end when a path loses packets, or is cut? Two sites with two uplinks each; the kernel drops at random
 * (nft numgen) or everything. A flow of 1,000 packets a second over one tunnel, plain and with parity, and one of 200 a second over
 * a tunnel that is cut under way, once and twice sent.
 *
 *     npm run -s bench -- protection --json [--percent 5] [--seconds 20]
 *
 * `residual` is the share of packets that never came, `overhead` what was sent beside the packets themselves, `addedMs`
 * how much longer the 99th, 99.9th and last percentile were on their way than the median. Needs root.
 */
import { parseArgs } from 'node:util';
import type { GroupMode, ProtectionReport } from '@patronus/forwarder';
import { type CallResult, call } from '../test/interop/fixtures/call.ts';
import type { UplinkName } from '../test/interop/fixtures/twoSites.ts';
import { hasProgram, hasten, World } from './forwarding/world.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    percent: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
  },
});
const [percent, seconds] = [Number(values.percent), Number(values.seconds)];

function give(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

if (process.getuid?.() !== 0) give('protection needs root for network namespaces: sudo npm run -s bench -- protection');
if (!(percent >= 0 && percent < 100 && seconds >= 1)) give('--percent is 0 to 99, --seconds a number from 1 on');
for (const one of ['chrt', 'ethtool', 'nft']) {
  if (!hasProgram(one)) give(`${one} is missing: \`npm test -- interop\` as root installs what is needed`);
}

/** Until the loss is measured over its whole window. */
const WARM_UP = 4;
const FLOW = { perSecond: 1_000, length: 300 };
const CALL = { perSecond: 200, length: 172, seconds: 6 };
const CUT_AFTER_MS = 2_500;
const say = (text: string) => process.stderr.write(`${text}\n`);
const world = new World();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void world.close().finally(() => process.exit(130)));
}

let generation = 0;
function group(mode: GroupMode, uplinks: readonly UplinkName[]): void {
  const tunnelIds = uplinks.map((uplink) => `tunnel-${uplink}`);
  world.left.tell({
    type: 'groups',
    generation: ++generation,
    groups: [{ edgeId: world.right.edgeId, tunnelIds, mode }],
  });
}

/** What comes over this uplink to the right side is dropped: everything, or so many of a thousand at random. */
function drop(uplink: UplinkName, perThousand?: number): () => void {
  const which = perThousand === undefined ? '' : `numgen random mod 1000 < ${perThousand} `;
  const chain = `chain c { type filter hook ingress device "pt${uplink}" priority 0; ${which}drop; }`;
  world.right.run('nft', `table netdev ptloss { ${chain}; }`);
  return () => void world.right.run('nft', 'delete table netdev ptloss');
}

async function protection(): Promise<[ProtectionReport, ProtectionReport]> {
  const both = await Promise.all([world.left.telemetry(), world.right.telemetry()]);
  return [both[0].protection!, both[1].protection!];
}

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

function heardOf({ sent, lost, p50Ms, p99Ms, p999Ms, mostMs, reordered }: CallResult) {
  const addedMs = [p99Ms, p999Ms, mostMs].map((ms) => rounded(ms - p50Ms, 2));
  return { sent, residual: rounded(lost / sent, 5), p50Ms, addedMs, reordered };
}

async function lossy(mode: GroupMode) {
  say(`${percent} % of loss, ${mode}`);
  group(mode, ['one']);
  await call(world.left, world.right, { ...FLOW, seconds: WARM_UP });
  const before = await protection();
  const heard = await call(world.left, world.right, { ...FLOW, seconds });
  const after = await protection();
  const of = (name: keyof ProtectionReport, side: 0 | 1) => after[side][name] - before[side][name];
  return {
    ...heardOf(heard),
    overhead: rounded((of('paritySent', 0) + of('copies', 0)) / heard.sent, 4),
    repaired: of('repaired', 1),
    lost: of('lost', 1),
    late: of('late', 1),
  };
}

async function cut(mode: GroupMode) {
  say(`a cut, ${mode}`);
  group(mode, ['one', 'two']);
  let restore: (() => void) | undefined;
  const timer = setTimeout(() => {
    restore = drop('one');
  }, CUT_AFTER_MS);
  const heard = await call(world.left, world.right, CALL);
  clearTimeout(timer);
  restore?.();
  await Promise.all([world.left.tunnelsUp(2), world.right.tunnelsUp(2)]);
  return { ...heardOf(heard), lost: heard.lost, duplicates: heard.duplicates };
}

try {
  const patronus = await world.patronus();
  for (const pid of patronus.pids) hasten(pid);
  // Otherwise the wire carries several datagrams as one, and loses them together.
  world.segmentOffload('off');
  const restore = drop('one', percent * 10);
  const [plain, parity] = [await lossy('single'), await lossy('fec')];
  restore();
  const [once, twice] = [await cut('single'), await cut('duplicate')];
  const result = {
    percent,
    plain,
    parity,
    ratio: rounded(plain.residual / Math.max(parity.residual, 1 / parity.sent), 1),
    cut: { single: once, duplicate: twice },
  };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await world.close();
}
