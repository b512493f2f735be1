import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditSearch, signInSearch, sitesSearch } from './search.ts';

test('after signing in one only ever lands on a page of our own', () => {
  assert.deepEqual(signInSearch({ to: '/sites?name=a' }), { to: '/sites?name=a' });
  for (const to of ['https://example.net/', '//example.net', '/\\example.net', 'sites', 7]) {
    assert.deepEqual(signInSearch({ to }), {});
  }
});

test('a filter that makes no sense is no filter', () => {
  assert.deepEqual(sitesSearch({ state: 'SIDEWAYS', desc: 'yes', name: '' }), {});
  assert.deepEqual(sitesSearch({ state: 'DOWN', desc: true, name: 'b' }), { state: 'DOWN', desc: true, name: 'b' });
  assert.deepEqual(auditSearch({ actor: 'ada', other: 1 }), { actor: 'ada' });
});
