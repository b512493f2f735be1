import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReportBuffer } from './reports.ts';

test('a full buffer gives up its oldest report and counts it', () => {
  const buffer = new ReportBuffer<number>(2);
  for (const report of [1, 2, 3]) buffer.add(report);
  assert.equal(buffer.dropped, 1);
  assert.deepEqual(buffer.take(10), [2, 3]);
  assert.equal(buffer.length, 0);
});

test('every report is taken once, in order, or counted as dropped', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.option(fc.nat(3))), (capacity, steps) => {
      const buffer = new ReportBuffer<number>(capacity);
      const taken: number[] = [];
      let added = 0;
      for (const step of steps) {
        if (step === null) buffer.add(added++);
        else taken.push(...buffer.take(step));
        assert.ok(buffer.length <= capacity);
      }
      taken.push(...buffer.take(capacity));
      assert.equal(taken.length + buffer.dropped, added);
      assert.deepEqual(
        taken,
        [...taken].sort((a, b) => a - b),
      );
    }),
  );
});
