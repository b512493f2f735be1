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

test('reports of very many tunnels are held to a number of bytes, and come out as they went in', () => {
  const buffer = new ReportBuffer<object>(100, 20_000);
  const report = (number: number) => ({
    number,
    tunnels: Array.from({ length: 200 }, (_, at) => ({
      id: `berlin~tokyo-${at}`,
      sentBytes: (at * 7_919 + number) % 977,
    })),
  });
  for (let number = 0; number < 100; number++) buffer.add(report(number));
  assert.ok(buffer.length >= 5 && buffer.dropped > 0);
  assert.equal(buffer.length + buffer.dropped, 100);
  const first = buffer.dropped;
  assert.deepEqual(buffer.take(3), [report(first), report(first + 1), report(first + 2)]);
  buffer.add(report(100));
  assert.equal(buffer.dropped, first, 'what was taken makes room');
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
