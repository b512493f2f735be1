import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from './backoff.ts';

test('the first round after a loss starts at once, later ones wait longer, and none more than 10 s', () => {
  assert.equal(backoffMs(0, 0.5), 0);
  assert.deepEqual(
    [1, 2, 3].map((round) => backoffMs(round, 1)),
    [250, 500, 1_000],
  );
  assert.equal(backoffMs(40, 1), 10_000);
  assert.equal(backoffMs(40, 0), 5_000);
});
