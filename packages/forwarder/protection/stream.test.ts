import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Link } from '../links.ts';
import { createMemory, Layout, PROTECTION_AREA } from '../memory.ts';
import { Slots } from '../slots.ts';
import { zeroProtection } from './counts.ts';
import { Stream, WINDOW } from './stream.ts';

const memory = createMemory();
const link = {} as Link;
const WAIT_MS = 10;

/** A stream whose packets are their own numbers. */
function receiver(next = 0, retains = false) {
  const slots = new Slots(PROTECTION_AREA);
  const counts = zeroProtection();
  const passed: number[] = [];
  const stream = new Stream(
    {
      ...{ memory, slots, counts },
      take: () => Layout.stagingArea,
      deliver: (_, __, offset) => void passed.push(memory.view.getUint32(offset)),
    },
    1,
    next >>> 0,
  );
  stream.retains = retains;
  const accept = (number: number, now = 0, waitMs = WAIT_MS) => {
    memory.view.setUint32(Layout.tunArea, number >>> 0);
    stream.accept(link, 0, number >>> 0, Layout.tunArea, 40, waitMs, now);
    slots.settle();
  };
  const expire = (now: number) => {
    stream.expire(now);
    slots.settle();
  };
  return { stream, slots, counts, passed, accept, expire };
}

test('two copies of each packet are passed on once, in order', () => {
  const { accept, passed, counts, slots } = receiver();
  for (const number of [0, 1, 0, 2, 1, 2, 3, 3]) accept(number);
  assert.deepEqual(passed, [0, 1, 2, 3]);
  assert.equal(counts.duplicates, 4);
  assert.equal(slots.used, 0);
});

test('what comes behind a gap waits for what is missing, and no longer than it may', () => {
  const { accept, expire, passed, counts, stream, slots } = receiver();
  accept(0);
  accept(2, 1);
  accept(3, 2);
  assert.deepEqual(passed, [0]);
  accept(1, 3);
  assert.deepEqual(passed, [0, 1, 2, 3]);
  assert.equal(stream.deadline, Number.POSITIVE_INFINITY);
  accept(6, 4);
  assert.equal(stream.deadline, 4 + WAIT_MS);
  expire(13);
  assert.deepEqual(passed, [0, 1, 2, 3]);
  expire(14);
  assert.deepEqual(passed, [0, 1, 2, 3, 6]);
  assert.equal(counts.lost, 2);
  accept(4, 20);
  assert.deepEqual(passed.at(-1), 4, 'late is better than never');
  accept(4, 21);
  assert.equal(passed.length, 6);
  assert.deepEqual([counts.late, counts.duplicates, slots.used], [1, 1, 0]);
});

test('nothing waits when nothing more is under way', () => {
  const { accept, passed, counts } = receiver();
  for (const number of [0, 1, 5, 6]) accept(number, 0, 0);
  assert.deepEqual(passed, [0, 1, 5, 6]);
  assert.equal(counts.lost, 3);
});

test('numbers wrap', () => {
  const { accept, passed } = receiver(-3);
  for (const number of [-3, -1, -2, 1, 0, -2, 2]) accept(number);
  assert.deepEqual(
    passed.map((number) => number | 0),
    [-3, -2, -1, 0, 1, 2],
  );
});

test('a leap ahead ends what waited; what is older than the window is not passed on again', () => {
  const { accept, passed, counts, slots } = receiver();
  accept(0);
  accept(2);
  accept(100_000);
  accept(100_001);
  accept(2);
  accept(1);
  assert.deepEqual(passed, [0, 2, 100_000, 100_001]);
  assert.equal(counts.tooLate, 2);
  assert.equal(slots.used, 0);
});

test('a leap just out of the window forgets nothing that may come again', () => {
  const { accept, passed } = receiver();
  for (const number of [24, WINDOW, 24]) accept(number);
  assert.deepEqual(passed, [24, WINDOW]);
});

test('a full memory costs order, not packets', () => {
  const { accept, expire, passed, slots } = receiver();
  const taken: number[] = [];
  while (slots.used < PROTECTION_AREA.small.count) taken.push(slots.take(40));
  for (const number of [0, 2, 1, 4, 3]) accept(number);
  expire(1_000);
  assert.deepEqual([...passed].sort(), [0, 1, 2, 3, 4]);
});

test('whatever is lost, doubled and shuffled, each packet is passed on once, and no slot stays taken', () => {
  const step = fc.record({ number: fc.nat(2 * WINDOW), copies: fc.integer({ min: 1, max: 3 }), after: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.boolean(), fc.integer(), (steps, retains, base) => {
      const { accept, expire, passed, slots, stream } = receiver(base, retains);
      let now = 0;
      for (const { number, copies, after } of steps) {
        now += after;
        for (let copy = 0; copy < copies; copy++) accept(base + number, now);
        if (stream.deadline <= now) expire(now);
      }
      expire(now + WAIT_MS);
      assert.equal(new Set(passed).size, passed.length);
      if (retains) stream.begin(2, 0, now);
      assert.equal(slots.used, 0);
    }),
    { numRuns: 200 },
  );
});
