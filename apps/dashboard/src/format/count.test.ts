import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countWords } from './count.ts';

test('a list says how many there are, and when it does not show them all', () => {
  assert.equal(countWords('tunnels', 0, undefined), 'Tunnels');
  assert.equal(countWords('tunnels', 1, 1), '1 tunnel');
  assert.equal(countWords('tunnels', 12, 12), '12 tunnels');
  assert.equal(countWords('tunnels', 1000, 1012), '1,000 of 1,012 tunnels, narrow the filter to find the others');
});
