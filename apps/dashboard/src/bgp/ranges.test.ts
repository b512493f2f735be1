import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyInput, readRanges } from './ranges.ts';

test('prefixes stand alone, or with the longest that lies inside of them', () => {
  assert.deepEqual(readRanges(' 10.0.0.0/8-24, 2001:db8::/32\n10.9.0.0/16 '), [
    { prefix: '10.0.0.0/8', longest: 24 },
    { prefix: '2001:db8::/32', longest: null },
    { prefix: '10.9.0.0/16', longest: null },
  ]);
  assert.deepEqual(readRanges('  '), []);
});

test('nothing is no policy, everything names no prefix', () => {
  assert.equal(policyInput('nothing', '10.0.0.0/8', {}), null);
  assert.deepEqual(policyInput('everything', '10.0.0.0/8', { communities: ['1:2'], localPreference: 200 }), {
    ...{ everything: true, prefixes: null, communities: ['1:2'], localPreference: 200 },
  });
  assert.deepEqual(policyInput('prefixes', '10.0.0.0/8', {})?.prefixes, [{ prefix: '10.0.0.0/8', longest: null }]);
});
