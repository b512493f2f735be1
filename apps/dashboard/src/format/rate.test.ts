import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPercent, formatRate } from './rate.ts';

test('a rate is written in the largest unit that keeps it at or above one', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 bit/s'],
    [0.4, '0 bit/s'],
    [12, '12 bit/s'],
    [999, '999 bit/s'],
    [1000, '1.00 kbit/s'],
    [12_345, '12.3 kbit/s'],
    [123_456, '123 kbit/s'],
    [84_200_000, '84.2 Mbit/s'],
    [2_500_000_000, '2.50 Gbit/s'],
    [7e15, '7000 Tbit/s'],
  ];
  for (const [bits, expected] of cases) assert.equal(formatRate(bits), expected);
});

test('a rate that rounds up to a thousand moves to the next unit', () => {
  assert.equal(formatRate(999.7), '1.00 kbit/s');
  assert.equal(formatRate(999_600), '1.00 Mbit/s');
  assert.equal(formatRate(9_996), '10.0 kbit/s');
  assert.equal(formatRate(99_960), '100 kbit/s');
});

test('a rate that is not a positive number is written as nothing', () => {
  for (const bits of [Number.NaN, -5, Number.NEGATIVE_INFINITY]) assert.equal(formatRate(bits), '0 bit/s');
});

test('a small loss never looks like no loss', () => {
  assert.equal(formatPercent(0), '0 %');
  assert.equal(formatPercent(0.01), '< 0.1 %');
  assert.equal(formatPercent(0.42), '0.4 %');
  assert.equal(formatPercent(9.97), '10 %');
  assert.equal(formatPercent(100), '100 %');
  assert.equal(formatPercent(null), '–');
});
