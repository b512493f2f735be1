import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefixOrder, readRange } from './ranges.ts';

test('a prefix stands alone, or with the longest that lies inside of it', () => {
  assert.deepEqual(readRange(' 10.0.0.0/8-24'), { prefix: '10.0.0.0/8', longest: 24 });
  assert.deepEqual(readRange('2001:db8::/32 '), { prefix: '2001:db8::/32', longest: null });
});

test('what is no prefix goes to the controller as it was typed, which says why', () => {
  assert.deepEqual(readRange('core-switch'), { prefix: 'core-switch', longest: null });
});

test('prefixes stand as in a routing table', () => {
  const inOrder = ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '172.20.0.0/16-24', '192.168.7.0/24', '2001:db8::/32'];
  inOrder.push('2001:db8:0:1::/64', '2001:db8:a::/48', 'fd20:1::/64');
  const mixed = inOrder.toSorted();
  assert.notDeepEqual(mixed, inOrder);
  assert.deepEqual(
    mixed.toSorted((one, other) => (prefixOrder(one) < prefixOrder(other) ? -1 : 1)),
    inOrder,
  );
});
