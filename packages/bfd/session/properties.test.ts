import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decoded, type End, fast, Network, seeded } from '../simulation.ts';
import type { SessionEvent, SessionParameters } from './events.ts';

const parameters: fc.Arbitrary<SessionParameters> = fc.record({
  desiredMinTxIntervalUs: fc.constantFrom(10_000, 50_000, 300_000, 1_000_000, 2_000_000),
  requiredMinRxIntervalUs: fc.constantFrom(10_000, 50_000, 300_000, 1_000_000),
  requiredMinEchoRxIntervalUs: fc.constantFrom(0, 50_000),
  detectMultiplier: fc.integer({ min: 2, max: 5 }),
  demandMode: fc.boolean(),
  echoIntervalUs: fc.constantFrom(0, 20_000),
});

const event: fc.Arbitrary<SessionEvent> = fc.oneof(
  parameters.map((given) => ({ kind: 'configure' as const, parameters: given })),
  fc.constantFrom<SessionEvent>(
    { kind: 'verify' },
    { kind: 'disable' },
    { kind: 'enable' },
    { kind: 'fail', diagnostic: 5 },
    { kind: 'concatenatedPath', diagnostic: 6 },
  ),
);

const steps = fc.array(
  fc.record({
    which: fc.constantFrom(0 as const, 1 as const),
    event: fc.option(event, { nil: undefined }),
    lossPercent: fc.constantFrom(0, 0, 0, 30, 100),
    ms: fc.integer({ min: 0, max: 3_000 }),
  }),
  { maxLength: 25 },
);

/** Plays the steps, then leaves both in peace. */
function play(
  seed: number,
  one: SessionParameters,
  other: SessionParameters,
  played: typeof steps extends fc.Arbitrary<infer T> ? T : never,
) {
  const network = new Network({ parameters: one }, { parameters: other }, seed);
  const next = seeded(seed);
  for (const { which, event: happening, lossPercent, ms } of played) {
    network.loses = () => next() % 100 < lossPercent;
    if (happening !== undefined) network.handle(network.ends[which], happening);
    network.run(ms);
  }
  network.loses = () => false;
  for (const end of network.ends) network.handle(end, { kind: 'enable' });
  return network;
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

test('whatever happened, two ends that hear each other come Up and stay Up', () => {
  fc.assert(
    fc.property(seeds, parameters, parameters, steps, (seed, one, other, played) => {
      const network = play(seed, one, other, played);
      network.run(60_000);
      assert.ok(network.bothUp);
      const downs = network.ends.map(({ session }) => session.downs);
      network.run(60_000);
      assert.deepEqual(
        network.ends.map(({ session }) => session.downs),
        downs,
      );
    }),
    { numRuns: 150 },
  );
});

test('whatever happens, packets obey the rules of §6.8.7: bits, discriminators, and the second between packets that are not Up', () => {
  fc.assert(
    fc.property(seeds, parameters, parameters, steps, (seed, one, other, played) => {
      const network = play(seed, one, other, played);
      network.run(5_000);
      for (const { bytes, isEcho, from } of network.sent) {
        if (isEcho) continue;
        const packet = decoded(bytes);
        assert.equal(packet.poll && packet.final, false);
        assert.equal(packet.myDiscriminator, from === 'one' ? 0x1111 : 0x2222);
        if (packet.demand) assert.equal(packet.state, 'up');
        if (packet.state !== 'up') assert.ok(packet.desiredMinTxIntervalUs >= 1_000_000);
        if (packet.yourDiscriminator === 0) assert.ok(packet.state === 'down' || packet.state === 'adminDown');
      }
    }),
    { numRuns: 150 },
  );
});

test('the same events at the same times have the same effects', () => {
  fc.assert(
    fc.property(seeds, parameters, parameters, steps, (seed, one, other, played) => {
      const record = () => {
        const network = play(seed, one, other, played);
        network.run(3_000);
        return network.sent.map(({ from, atMs, bytes }) => `${from} ${atMs} ${Buffer.from(bytes).toString('hex')}`);
      };
      assert.deepEqual(record(), record());
    }),
    { numRuns: 40 },
  );
});

test('an end that is cut off never says Up for longer than its Detection Time after the last packet', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 3_000 }), (seed, ms) => {
      const network = new Network({ parameters: fast }, { parameters: fast }, seed);
      network.run(10_000, () => network.bothUp);
      network.run(ms);
      const longestMs = Math.max(...network.ends.map(({ session }: End) => session.detectionTimeUs / 1_000));
      network.loses = () => true;
      network.run(longestMs + network.delayMs + 1);
      assert.ok(network.ends.every(({ session }) => session.state !== 'up'));
    }),
  );
});

test('a packet that changes nothing allocates nothing', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(10_000, () => network.bothUp);
  network.run(1_000);
  const [one] = network.ends;
  const bytes = network.sent.filter(({ from }) => from === 'other').at(-1)!.bytes;
  const happening = { kind: 'packet', packet: decoded(bytes), bytes, offset: 0 } as const;
  const receive = (times: number) => {
    for (let at = 0; at < times; at++) one.session.handle(happening, 100_000.5);
  };
  receive(200_000);
  const before = process.memoryUsage().heapUsed;
  receive(200_000);
  const grown = process.memoryUsage().heapUsed - before;
  // An object for each would be several megabytes, a boxed number three.
  assert.ok(grown < 1_000_000, `${grown} bytes`);
});
