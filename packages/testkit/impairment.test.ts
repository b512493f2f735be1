import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImpairment, delayAt, type ImpairmentSettings, reorderHoldMs } from './impairment.ts';

const clean: ImpairmentSettings = {
  delayMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  reorderPercent: 0,
  duplicatePercent: 0,
  corruptPercent: 0,
};
const everything: ImpairmentSettings = {
  delayMs: 30,
  jitterMs: 5,
  lossPercent: 3,
  reorderPercent: 2,
  duplicatePercent: 2,
  corruptPercent: 1,
};

function decideMany(settings: ImpairmentSettings, seed: number, count: number, everyMs = 1) {
  const impairment = createImpairment(settings, seed);
  return Array.from({ length: count }, (_, i) => impairment.decide(i * everyMs, 1000));
}

test('the same seed gives the same decisions', () => {
  assert.deepEqual(decideMany(everything, 7, 5000), decideMany(everything, 7, 5000));
});

test('another seed gives other decisions', () => {
  assert.notDeepEqual(decideMany(everything, 7, 500), decideMany(everything, 8, 500));
});

test('a clean wire delivers each packet once, at once and whole', () => {
  for (const [i, deliveries] of decideMany(clean, 1, 1000).entries()) {
    assert.deepEqual(deliveries, [{ atMs: i, flipBit: -1 }]);
  }
});

test('the delay has the mean asked for and stays within the jitter', () => {
  const delays = Array.from({ length: 50_000 }, (_, i) => delayAt({ ...clean, delayMs: 30, jitterMs: 5 }, 3, i * 0.9));
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  const deviation = Math.sqrt(delays.reduce((sum, delay) => sum + (delay - mean) ** 2, 0) / delays.length);
  assert.ok(Math.abs(mean - 30) < 0.2, `mean ${mean}`);
  // Uniform knots have a deviation of 5/√3; lines between them take a third off the variance.
  assert.ok(Math.abs(deviation - (5 / Math.sqrt(3)) * Math.sqrt(2 / 3)) < 0.2, `deviation ${deviation}`);
  assert.ok(Math.min(...delays.slice(0, 10_000)) >= 25 && Math.max(...delays.slice(0, 10_000)) <= 35);
});

test('jitter alone never reorders packets, however close together they are', () => {
  for (const everyMs of [0.01, 0.3, 7]) {
    const arrivals = decideMany({ ...clean, delayMs: 30, jitterMs: 20 }, 5, 20_000, everyMs).map(([d]) => d?.atMs ?? 0);
    for (let i = 1; i < arrivals.length; i++) assert.ok(arrivals[i]! >= arrivals[i - 1]! - 1e-6);
  }
});

test('a delay shorter than its jitter never sends a packet into the past', () => {
  for (const [i, [delivery]] of decideMany({ ...clean, delayMs: 1, jitterMs: 20 }, 5, 5000).entries()) {
    assert.ok(delivery!.atMs >= i);
  }
});

for (const [name, count] of [
  ['lossPercent', (settings: ImpairmentSettings) => decideMany(settings, 11, 100_000).filter((d) => d.length === 0)],
  [
    'duplicatePercent',
    (settings: ImpairmentSettings) => decideMany(settings, 12, 100_000).filter((d) => d.length === 2),
  ],
  [
    'corruptPercent',
    (settings: ImpairmentSettings) => decideMany(settings, 13, 100_000).filter((d) => d[0]!.flipBit >= 0),
  ],
  [
    'reorderPercent',
    (settings: ImpairmentSettings) =>
      decideMany(settings, 14, 100_000).filter((d, i) => d[0]!.atMs === i + reorderHoldMs),
  ],
] as const) {
  test(`${name} happens as often as asked`, () => {
    for (const percent of [0, 1, 20, 100]) {
      const share = (count({ ...clean, [name]: percent }).length / 100_000) * 100;
      assert.ok(Math.abs(share - percent) < 0.5, `${percent} % asked, ${share} % seen`);
    }
  });
}

test('a flipped bit lies behind the Ethernet header and inside the frame', () => {
  const impairment = createImpairment({ ...clean, corruptPercent: 100 }, 2);
  for (let i = 0; i < 5000; i++) {
    const [delivery] = impairment.decide(i, 60);
    assert.ok(delivery!.flipBit >= 14 * 8 && delivery!.flipBit < 60 * 8);
  }
  assert.deepEqual(impairment.decide(0, 14), [{ atMs: 0, flipBit: -1 }]);
});

test('changing one setting leaves what the others decided as it was', () => {
  const lostOf = (settings: ImpairmentSettings) => decideMany(settings, 9, 2000).map((d) => d.length === 0);
  assert.deepEqual(lostOf({ ...clean, lossPercent: 5 }), lostOf({ ...clean, lossPercent: 5, duplicatePercent: 50 }));
});
