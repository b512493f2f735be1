import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterSkip, afterTry, shouldTry } from './sampling.ts';

/** How many of so many packets are tried, when each shrinks to this part of itself. */
function tried(packets: number, part: number, state = 0): { tries: number; state: number } {
  let tries = 0;
  for (let at = 0; at < packets; at++) {
    if (shouldTry(state)) {
      tries += 1;
      state = afterTry(state, 1000, 1000 * part);
    } else state = afterSkip(state);
    assert.ok(state >= 0 && state <= 0xffff);
  }
  return { tries, state };
}

test('every packet of a flow that shrinks is tried', () => {
  assert.equal(tried(5_000, 0.6).tries, 5_000);
});

test('a flow that does not shrink is given up after four packets, then tried ever less often', () => {
  assert.equal(tried(4 + 64, 1).tries, 4);
  assert.equal(tried(4 + 64 + 1 + 128, 1).tries, 5);
  assert.ok(tried(100_000, 1).tries < 210);
});

test('a flow that begins to shrink is tried again at the next chance, and from then on always', () => {
  const { state } = tried(1_000, 0.99);
  assert.ok(tried(1_500, 0.5, state).tries > 900);
});

test('a few packets that do not shrink do not end it', () => {
  let state = 0;
  for (let at = 0; at < 100; at++) {
    assert.ok(shouldTry(state));
    state = afterTry(state, 1000, at % 4 === 3 ? 500 : 1000);
  }
});
