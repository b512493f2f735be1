import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanOpinionScore } from './mos.ts';

test('a good path is above 4.3, and one that loses or delays is where the E-model puts it', () => {
  assert.ok(meanOpinionScore(10, 0, 0) > 4.3);
  // G.107 with R = 93.2 - 0.024 × 120 - 95 × 5 / 30.1 = 74.5.
  assert.ok(Math.abs(meanOpinionScore(100, 0, 0.05) - 3.82) < 0.02);
  assert.ok(meanOpinionScore(400, 0, 0) < 3.7);
  assert.equal(meanOpinionScore(5_000, 0, 1), 1);
});

test('it never rises with more loss, delay or jitter', () => {
  for (const worse of [
    (by: number) => [by * 500, 0, 0],
    (by: number) => [20, by * 200, 0],
    (by: number) => [20, 0, by],
  ]) {
    let before = 5;
    for (let by = 0; by <= 1; by += 0.01) {
      const score = meanOpinionScore(...(worse(by) as [number, number, number]));
      assert.ok(score <= before + 1e-9);
      before = score;
    }
  }
});
