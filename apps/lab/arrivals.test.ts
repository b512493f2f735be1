import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createArrivals } from './arrivals.ts';

test('arrivals come out by time, and in the order they came in when due together', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const arrivals = createArrivals();
      for (const [slot, atMs] of times.entries()) arrivals.add({ atMs, slot, length: 60 });
      const expected = times.map((atMs, slot) => ({ atMs, slot })).sort((a, b) => a.atMs - b.atMs || a.slot - b.slot);
      for (const { atMs, slot } of expected) {
        assert.equal(arrivals.nextMs(), atMs);
        assert.equal(arrivals.takeDue(atMs - 0.001), undefined);
        assert.equal(arrivals.takeDue(atMs)?.slot, slot);
      }
      assert.equal(arrivals.nextMs(), Number.POSITIVE_INFINITY);
      assert.equal(arrivals.takeDue(Number.POSITIVE_INFINITY), undefined);
    }),
  );
});
