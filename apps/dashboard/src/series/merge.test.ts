import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignSamples, mergeSamples, sumColumns } from './merge.ts';

const sample = (second: number, value: number | null = second) => ({
  at: new Date(second * 1000).toISOString(),
  value,
});
const seconds = (samples: readonly { at: string }[]) => samples.map(({ at }) => Date.parse(at) / 1000);

test('live samples continue the history without doubles', () => {
  const merged = mergeSamples([sample(1), sample(2), sample(3)], [sample(3, 30), sample(4)], 60_000);
  assert.deepEqual(seconds(merged), [1, 2, 3, 4]);
  assert.equal(merged[2]?.value, 30, 'the fresher of two equal moments counts');
});

test('samples older than the window fall off the left end', () => {
  const merged = mergeSamples([sample(1), sample(50), sample(100)], [sample(105)], 10_000);
  assert.deepEqual(seconds(merged), [100, 105]);
});

test('history that answers after the first live sample keeps the newer samples', () => {
  const merged = mergeSamples([sample(9), sample(10)], [sample(1), sample(5), sample(9)], 60_000);
  assert.deepEqual(seconds(merged), [1, 5, 9, 10]);
});

test('nothing fresh changes nothing', () => {
  const known = [sample(1)];
  assert.equal(mergeSamples(known, [], 1_000), known);
});

test('series with different moments share one grid', () => {
  const columns = alignSamples(
    [
      [sample(2, 5), sample(4, 6)],
      [sample(3, 7), sample(5, 8)],
    ],
    (s) => s.value,
    2,
  );
  assert.deepEqual(columns.xs, [2, 4]);
  assert.deepEqual(columns.values, [
    [5, 6],
    [7, 8],
  ]);
});

test('a late sample is bridged, a longer gap stays a gap', () => {
  const full = Array.from({ length: 7 }, (_, second) => sample(second, 1));
  const { values } = alignSamples([full, [sample(0, 5), sample(6, 9)]], (s) => s.value, 1);
  assert.deepEqual(values[1], [5, 5, 5, 5, null, null, 9]);
});

test('a sample that says it knows nothing is a gap at once', () => {
  const full = Array.from({ length: 3 }, (_, second) => sample(second, 1));
  const { values } = alignSamples([full, [sample(0, 5), sample(1, null)]], (s) => s.value, 1);
  assert.deepEqual(values[1], [5, null, null]);
});

test('a sum counts what there is and is empty only where there is nothing', () => {
  assert.deepEqual(
    sumColumns({
      xs: [1, 2, 3],
      values: [
        [1, 2, null],
        [10, null, null],
      ],
    }),
    [11, 2, null],
  );
});

test('no series align to nothing', () => {
  assert.deepEqual(
    alignSamples([], () => 1, 2),
    { xs: [], values: [] },
  );
});

test('a pause of every series is a gap and not a straight line', () => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const { xs, values } = alignSamples([[{ at: at(100) }, { at: at(102) }, { at: at(140) }]], () => 5, 2);
  assert.deepEqual(xs, [100, 102, 110, 140]);
  assert.deepEqual(values, [[5, 5, null, 5]]);
});
