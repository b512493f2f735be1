import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditSearch, decisionsSearch, explainSearch, signInSearch, sitesSearch } from './search.ts';

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

test('numbers in an address are whole and within their bounds, or not there', () => {
  assert.deepEqual(explainSearch({ from: '10.1.0.10', port: 443, dscp: 46 }), {
    from: '10.1.0.10',
    port: 443,
    dscp: 46,
  });
  assert.deepEqual(explainSearch({ port: 70_000, dscp: -1, to: 5 }), {});
  assert.deepEqual(decisionsSearch({ minutes: '15', site: 'site_a', state: 'x' }), { site: 'site_a' });
});
