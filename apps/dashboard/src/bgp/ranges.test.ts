import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRange } from './ranges.ts';

test('a prefix stands alone, or with the longest that lies inside of it', () => {
  assert.deepEqual(readRange(' 10.0.0.0/8-24'), { prefix: '10.0.0.0/8', longest: 24 });
  assert.deepEqual(readRange('2001:db8::/32 '), { prefix: '2001:db8::/32', longest: null });
});

test('what is no prefix goes to the controller as it was typed, which says why', () => {
  assert.deepEqual(readRange('core-switch'), { prefix: 'core-switch', longest: null });
});
