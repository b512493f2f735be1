import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confidenceWord, secondsWords, sumOf, toneOf } from './outcome.ts';

test('fewer switches and less time are better, the same is neither', () => {
  assert.deepEqual([toneOf(41, 3), toneOf(0, 0), toneOf(1, 2)], ['up', 'same', 'down']);
});

test('time and confidence are told in words', () => {
  assert.equal(secondsWords(3_725.4), '1 h 2 min');
  assert.deepEqual([1, 0.8, 0.5, 0.1, 0].map(confidenceWord), ['good', 'good', 'fair', 'poor', 'none']);
});

test('outcomes of several gateways add up', () => {
  const one = { switches: 1, outOfSlaSeconds: 2, downSeconds: 3 };
  assert.deepEqual(sumOf([one, one]), { switches: 2, outOfSlaSeconds: 4, downSeconds: 6 });
  assert.deepEqual(sumOf([]), { switches: 0, outOfSlaSeconds: 0, downSeconds: 0 });
});
