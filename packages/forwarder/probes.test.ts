import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDLE_PROBE_INTERVAL_MS, PROBE_INTERVAL_MS, Probes } from './probes.ts';

/** Sends due probes from `from` to `to` ms; those for which `answers` says so come back `delayMs` later. */
function run(probes: Probes, from: number, to: number, answers: (ms: number) => boolean, delayMs = 20): number {
  const replies: { at: number; sequence: number; sentAtUs: number }[] = [];
  let sent = 0;
  for (let now = from; now <= to; now++) {
    while (replies[0]?.at === now) {
      const reply = replies.shift()!;
      probes.reply(reply.sequence, reply.sentAtUs, now * 1000);
    }
    if (!probes.isDue(false, now)) continue;
    const sequence = probes.probe(now * 1000);
    sent += 1;
    if (answers(now)) replies.push({ at: now + delayMs, sequence, sentAtUs: now * 1000 });
  }
  return sent;
}

test('a tunnel in use is probed once a second, an idle one every five', () => {
  const probes = new Probes();
  assert.equal(
    run(probes, 0, 9_999, () => true),
    10,
  );
  assert.equal(probes.isDue(false, 9_000 + PROBE_INTERVAL_MS), true);
  assert.equal(probes.isDue(true, 9_000 + PROBE_INTERVAL_MS), false);
  assert.equal(probes.isDue(true, 9_000 + IDLE_PROBE_INTERVAL_MS), true);
});

test('round-trip time is smoothed, and the shortest of ten seconds known', () => {
  const probes = new Probes();
  run(probes, 0, 3_100, () => true, 20);
  run(probes, 3_101, 5_500, () => true, 100);
  assert.equal(probes.minRoundTripUs(5_500_000), 20_000);
  assert.ok(probes.smoothedRoundTripUs! > 20_000 && probes.smoothedRoundTripUs! < 100_000);
  run(probes, 5_501, 16_000, () => true, 100);
  assert.equal(probes.minRoundTripUs(16_000_000), 100_000);
  assert.equal(probes.minRoundTripUs(60_000_000), null);
});

test('loss is the unanswered part of the last ten seconds', () => {
  const probes = new Probes();
  assert.equal(probes.loss(0), null);
  let count = 0;
  run(probes, 0, 10_000, () => count++ % 5 !== 0);
  assert.ok(Math.abs(probes.loss(10_000_000)! - 0.2) < 0.03);
  run(probes, 10_001, 22_000, () => true);
  assert.equal(probes.loss(22_000_000), 0);
});

test('a reply that nobody asked for, or that comes twice, changes nothing', () => {
  const probes = new Probes();
  probes.reply(1, 5, 10);
  assert.equal(probes.smoothedRoundTripUs, null);
  const sequence = probes.probe(0);
  probes.reply(sequence, 1, 20_000);
  assert.equal(probes.smoothedRoundTripUs, null);
  probes.reply(sequence, 0, 20_000);
  probes.reply(sequence, 0, 900_000);
  assert.equal(probes.smoothedRoundTripUs, 20_000);
  assert.equal(probes.lastReplyMs, 20);
});
