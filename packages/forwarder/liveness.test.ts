import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liveness, PROBE_INTERVAL_MS, RETRY_AFTER_DOWN_MS, SILENCE_LIMIT_MS } from './liveness.ts';

/** Sends due probes from `from` to `to` ms; those for which `answers` says so come back `delayMs` later. */
function run(liveness: Liveness, from: number, to: number, answers: (ms: number) => boolean, delayMs = 20): string[] {
  const log: string[] = [];
  const replies: { at: number; sequence: number; sentAtUs: number }[] = [];
  for (let now = from; now <= to; now++) {
    while (replies[0]?.at === now) {
      const reply = replies.shift()!;
      if (liveness.reply(reply.sequence, reply.sentAtUs, now * 1000)) log.push(`up ${now}`);
    }
    if (liveness.expire(now)) log.push(`down ${now}`);
    if (liveness.retryIsDue(now)) log.push(`retry ${now}`);
    if (now < liveness.nextProbeAtMs) continue;
    const sequence = liveness.probe(now * 1000);
    liveness.schedule(now);
    if (answers(now)) replies.push({ at: now + delayMs, sequence, sentAtUs: now * 1000 });
  }
  return log;
}

test('a tunnel is up after the first reply', () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.state, 'connecting');
  assert.deepEqual(
    run(liveness, 0, 300, () => true),
    ['up 20'],
  );
  assert.equal(liveness.state, 'up');
  assert.equal(liveness.sinceMs, 20);
});

test('it is down after one second without any reply, and up again by the next one', () => {
  const liveness = new Liveness(0);
  const log = run(liveness, 0, 6_000, (ms) => ms < 2_000 || ms >= 4_000);
  assert.deepEqual(log.slice(0, 2), ['up 20', 'down 2770']);
  const up = Number(log[2]?.split(' ')[1]);
  assert.ok(log.length === 3 && up - 4_000 <= PROBE_INTERVAL_MS + 20, log.join(', '));
});

test('traffic moves well within three seconds of silence', () => {
  const liveness = new Liveness(0);
  const log = run(liveness, 0, 5_000, (ms) => ms < 1_500);
  const down = Number(log.at(-1)?.split(' ')[1]);
  assert.ok(down - 1_500 <= SILENCE_LIMIT_MS + PROBE_INTERVAL_MS + 20);
});

test('silence is asked about more often, so that loss alone seldom looks like an end', () => {
  const liveness = new Liveness(0);
  let seed = 1;
  // Numerical Recipes' generator: the same losses in every run. Three packets of ten are lost each way.
  const roll = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const log = run(liveness, 0, 600_000, () => roll() >= 0.3 && roll() >= 0.3);
  const downs = log.filter((line) => line.startsWith('down'));
  assert.ok(downs.length <= 6, `${downs.length} times down in ten minutes`);
});

test('a tunnel that answers is asked four times a second, however long the way', () => {
  for (const delayMs of [1, 240, 600]) {
    const liveness = new Liveness(0);
    let probes = 0;
    const count = () => {
      probes++;
      return true;
    };
    run(liveness, 0, 5_010, count, delayMs);
    probes = 0;
    run(liveness, 5_011, 5_010 + 10_000, count, delayMs);
    // The replies under way between the two runs are lost, and asked for again.
    assert.ok(probes <= 40 + delayMs / 50, `${probes} probes in ten seconds at ${delayMs} ms`);
  }
});

test('a single lost probe leaves it up', () => {
  const liveness = new Liveness(0);
  assert.deepEqual(
    run(liveness, 0, 5_000, (ms) => ms !== 1_000),
    ['up 20'],
  );
});

test('while it is not up, a fresh handshake is asked for every five seconds', () => {
  const liveness = new Liveness(0);
  const log = run(liveness, 0, 11_000, () => false);
  assert.deepEqual(log, [`retry ${RETRY_AFTER_DOWN_MS}`, `retry ${2 * RETRY_AFTER_DOWN_MS}`]);
});

test('a reply that nobody asked for, or that comes twice, changes nothing', () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.reply(1, 5, 10), false);
  const sequence = liveness.probe(0);
  assert.equal(liveness.reply(sequence, 1, 20_000), false);
  assert.equal(liveness.reply(sequence, 0, 20_000), true);
  assert.equal(liveness.reply(sequence, 0, 900_000), false);
  assert.equal(liveness.expire(1_020), true);
});

test('a reply later than the silence limit does not bring a tunnel up', () => {
  const liveness = new Liveness(0);
  const sequence = liveness.probe(0);
  assert.equal(liveness.reply(sequence, 0, (SILENCE_LIMIT_MS + 1) * 1000), false);
  assert.equal(liveness.state, 'connecting');
});

test('round-trip time is smoothed, and the shortest of ten seconds known', () => {
  const liveness = new Liveness(0);
  run(liveness, 0, 3_000, () => true, 20);
  run(liveness, 3_001, 3_500, () => true, 100);
  assert.equal(liveness.minRoundTripUs(3_500_000), 20_000);
  assert.ok(liveness.smoothedRoundTripUs! > 20_000 && liveness.smoothedRoundTripUs! < 100_000);
  run(liveness, 3_501, 14_000, () => true, 100);
  assert.equal(liveness.minRoundTripUs(14_000_000), 100_000);
  assert.equal(liveness.minRoundTripUs(60_000_000), null);
});

test('loss is the unanswered part of the last ten seconds', () => {
  const liveness = new Liveness(0);
  assert.equal(liveness.loss(0), null);
  let count = 0;
  run(liveness, 0, 10_000, () => count++ % 4 !== 0);
  assert.ok(Math.abs(liveness.loss(10_000_000)! - 0.25) < 0.03);
  run(liveness, 10_001, 22_000, () => true);
  assert.equal(liveness.loss(22_000_000), 0);
});

test('after a pause of the whole process probes do not come in a bunch', () => {
  const liveness = new Liveness(0);
  run(liveness, 0, 1_000, () => true);
  let probes = 0;
  for (let now = 10_000; now < 10_250; now++) {
    liveness.expire(now);
    if (now < liveness.nextProbeAtMs) continue;
    liveness.probe(now * 1000);
    liveness.schedule(now);
    probes++;
  }
  assert.ok(probes <= 2);
});

test('the sequence may wrap', () => {
  const liveness = new Liveness(0);
  for (let at = 0; at < 200; at++) {
    const sequence = liveness.probe(at);
    assert.equal(liveness.reply(sequence, at, at + 1), at === 0);
  }
});
