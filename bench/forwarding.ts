/**
 * How fast is the packet path, against wireguard-go on the same wire in the same run? Two namespaces joined by veth, both
 * ends and both iperf3 on this machine; each round measures every contender, in an order that turns from round to round.
 *
 *     npm run -s bench -- forwarding --json [--rounds 5] [--seconds 3] [--picture FILE]
 *
 * `ratio` is patronus to wireguard-go, the median over the rounds of what was measured in the same round; for round trips
 * and processor time less is better. WIREGUARD_GO names another wireguard-go to be measured as `other`. Needs root.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compression } from './forwarding/compression.ts';
import { rttFlood, rttIdle, tcp, udp64 } from './forwarding/measure.ts';
import { picture } from './forwarding/picture.ts';
import { Rounds, table } from './forwarding/rounds.ts';
import { type Contender, hasProgram, World } from './forwarding/world.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    picture: { type: 'string' },
    /** Leaves the transfers over a slow line out. */
    'without-lz4': { type: 'boolean', default: false },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

function give(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

if (process.getuid?.() !== 0) give('forwarding needs root for network namespaces: sudo npm run -s bench -- forwarding');
if (!(rounds >= 1 && seconds >= 1)) give('--rounds and --seconds are numbers from 1 on');
for (const program of ['iperf3', 'wireguard-go', 'wg', 'ethtool', 'ping', 'ss', 'tc']) {
  if (!hasProgram(program)) give(`${program} is missing: \`npm test -- interop\` as root installs what is needed`);
}

const say = (text: string) => process.stderr.write(`${text}\n`);
const world = new World();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void world.close().finally(() => process.exit(130)));
}

const figures = new Rounds();
try {
  const other = process.env.WIREGUARD_GO;
  const contenders: Contender[] = [
    await world.patronus(),
    await world.wireguardGo('wireguardGo', 'wireguard-go'),
    ...(other === undefined ? [] : [await world.wireguardGo('other', other)]),
    world.veth,
  ];
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, at) => contenders[(at + round) % contenders.length]!);
    world.segmentOffload('on');
    for (const contender of order) {
      say(`round ${round + 1} of ${rounds}: ${contender.name}`);
      const one = await tcp(world, contender, 1, seconds);
      figures.add(round, 'tcp1', contender.name, one.gigabits);
      if (contender.pids.length > 0) figures.add(round, 'cpuPerGbit', contender.name, one.cpuPerGigabit);
      figures.add(round, 'tcp4', contender.name, (await tcp(world, contender, 4, seconds)).gigabits);
      figures.add(round, 'udp64', contender.name, await udp64(world, contender, seconds));
      figures.add(round, 'rttFloodUs', contender.name, rttFlood(world, contender));
      figures.add(round, 'rttIdleUs', contender.name, rttIdle(world, contender));
    }
    world.segmentOffload('off');
    for (const contender of order) {
      say(`round ${round + 1} of ${rounds}: ${contender.name}, without segment offload`);
      figures.add(round, 'tcp1NoSegmentOffload', contender.name, (await tcp(world, contender, 1, seconds)).gigabits);
      figures.add(round, 'tcp4NoSegmentOffload', contender.name, (await tcp(world, contender, 4, seconds)).gigabits);
    }
  }
} finally {
  await world.close();
}

const result = {
  ...figures.summary(),
  ...(values['without-lz4'] ? {} : { lz4: await compression(say) }),
  rounds,
  seconds,
};
if (values.picture !== undefined) writeFileSync(values.picture, picture(result));
process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : table(result));
