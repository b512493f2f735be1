import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endsFrom, ratesFrom } from './perspective.ts';

const tunnel = { a: { site: { id: 'berlin' }, uplink: 'lte' }, b: { site: { id: 'oslo' }, uplink: 'fibre' } };
const rates = { aToBBitsPerSecond: 5, bToABitsPerSecond: 9 };

test('a tunnel seen from its a sends what goes from a to b', () => {
  assert.equal(endsFrom(tunnel, 'berlin').near.uplink, 'lte');
  assert.deepEqual(ratesFrom(tunnel, rates, 'berlin'), { received: 9, sent: 5 });
});

test('a tunnel seen from its b is the same tunnel turned round', () => {
  assert.equal(endsFrom(tunnel, 'oslo').near.uplink, 'fibre');
  assert.equal(endsFrom(tunnel, 'oslo').far.uplink, 'lte');
  assert.deepEqual(ratesFrom(tunnel, rates, 'oslo'), { received: 5, sent: 9 });
});

test('a tunnel of other sites is seen from its a', () => {
  assert.equal(endsFrom(tunnel, 'rome').near.uplink, 'lte');
  assert.deepEqual(ratesFrom(tunnel, rates, 'rome'), { received: 9, sent: 5 });
});
