import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowsSeen } from './row-window.ts';

test('a short table is drawn whole', () => {
  assert.deepEqual(rowsSeen(100, -4_000, 900), { start: 0, end: 100 });
});

test('of a long table only what is near is drawn', () => {
  const { start, end } = rowsSeen(10_000, -200_000, 900);
  assert.ok(start > 4_300 && end < 4_600, `${start} to ${end}`);
});

test('every row that is seen is drawn, wherever the table stands', () => {
  const numbers = fc.record({
    count: fc.nat(5_000),
    top: fc.integer({ min: -250_000, max: 5_000 }),
    height: fc.integer({ min: 100, max: 3_000 }),
    row: fc.nat(4_999),
    rowHeight: fc.integer({ min: 30, max: 120 }),
  });
  fc.assert(
    fc.property(numbers, ({ count, top, height, row, rowHeight }) => {
      const { start, end } = rowsSeen(count, top, height, rowHeight);
      assert.ok(start >= 0 && end <= count && start <= end);
      const y = top + row * rowHeight;
      const isSeen = row < count && y + rowHeight > 0 && y < height;
      assert.ok(!isSeen || (row >= start && row < end), `row ${row} is seen, drawn are ${start} to ${end}`);
    }),
  );
});
