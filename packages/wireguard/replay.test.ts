import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { REJECT_AFTER_MESSAGES, REPLAY_WINDOW, ReplayWindow } from './index.ts';

/** What the window has to do, said without any bits. */
class NaiveWindow {
  readonly #seen = new Set<number>();
  #greatest = -1;

  accept(counter: number): boolean {
    if (counter >= REJECT_AFTER_MESSAGES || this.#seen.has(counter)) return false;
    if (counter <= this.#greatest - REPLAY_WINDOW) return false;
    this.#seen.add(counter);
    this.#greatest = Math.max(this.#greatest, counter);
    return true;
  }
}

const steps = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: -9000, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -20000, max: 1_000_000 }) },
);

test('any order of counters is judged as by a set of all counters ever seen', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.array(steps, { maxLength: 300 }), (start, moves) => {
      const [window, naive] = [new ReplayWindow(), new NaiveWindow()];
      let counter = start;
      for (const move of moves) {
        counter = Math.max(0, counter + move);
        const expected = naive.accept(counter);
        assert.equal(window.check(counter), expected, `check ${counter}`);
        assert.equal(window.accept(counter), expected, `accept ${counter}`);
        assert.equal(window.check(counter), false, `again ${counter}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('the window is at least 8,128 wide', () => {
  assert.ok(REPLAY_WINDOW >= 8_128);
  const window = new ReplayWindow();
  window.accept(REPLAY_WINDOW);
  assert.equal(window.check(1), true);
  assert.equal(window.check(0), false);
});

test('checking does not mark, so a packet with a bad tag costs nothing', () => {
  const window = new ReplayWindow();
  assert.ok(window.check(2 ** 40));
  assert.equal(window.greatest, -1);
  assert.ok(window.accept(0));
});

test('counters that a session may never reach are refused, also those too large for a number', () => {
  const window = new ReplayWindow();
  assert.ok(window.check(REJECT_AFTER_MESSAGES - 1));
  for (const counter of [REJECT_AFTER_MESSAGES, 2 ** 53, 2 ** 64]) assert.equal(window.accept(counter), false);
});

test('a jump over the whole window forgets the bits of the past, not the past', () => {
  const window = new ReplayWindow();
  for (let counter = 0; counter < 9000; counter++) assert.ok(window.accept(counter));
  assert.ok(window.accept(100_000));
  assert.equal(window.accept(8999), false);
  for (let counter = 100_000 - REPLAY_WINDOW + 1; counter < 100_000; counter++) assert.ok(window.accept(counter));
});
