import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInterval, mosWords } from './quality.ts';

test('a mean opinion score has a word, and none when it was not measured', () => {
  assert.deepEqual(
    [4.4, 4.03, 3.8, 3.2, 1.5].map((mos) => mosWords(mos).word),
    ['good', 'good', 'fair', 'poor', 'bad'],
  );
  assert.deepEqual(mosWords(null), { value: '–', word: 'not measured' });
  assert.equal(mosWords(4.4).value, '4.40');
});

test('intervals keep no zeroes that say nothing', () => {
  assert.deepEqual([100, 33.33, 900, 1_000, 1_500].map(formatInterval), [
    '100 ms',
    '33.3 ms',
    '900 ms',
    '1 s',
    '1.5 s',
  ]);
});
