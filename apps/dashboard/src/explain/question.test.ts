import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftOf, isAsked, searchOf } from './question.ts';

test('what the address carries comes back from the fields', () => {
  const search = { from: '10.1.0.10', to: '10.2.0.10', protocol: 'udp', port: 5060, dscp: 0 };
  assert.deepEqual(searchOf(draftOf(search)), search);
});

test('an empty field is not said at all', () => {
  assert.deepEqual(searchOf(draftOf({})), {});
  assert.deepEqual(searchOf({ ...draftOf({}), from: ' 10.1.0.10 ' }), { from: '10.1.0.10' });
});

test('it takes both ends to ask', () => {
  assert.ok(!isAsked({ from: '10.1.0.10' }));
  assert.ok(isAsked({ from: '10.1.0.10', to: '10.2.0.10' }));
});
