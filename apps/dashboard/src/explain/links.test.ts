import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainBetween, explainFrom, hostOf } from './links.ts';

const site = (prefix: string, reachProbe?: string) => ({ prefixes: [{ prefix }], reachProbe: reachProbe ?? null });

test('a host of a network stands for it, best the one that answers probes', () => {
  assert.equal(hostOf(site('10.1.0.0/24')), '10.1.0.1');
  assert.equal(hostOf(site('10.1.0.0/24', '10.1.0.7')), '10.1.0.7');
  assert.equal(hostOf(site('10.1.0.9/32')), '10.1.0.9');
  assert.equal(hostOf(site('fd00:1::/64')), 'fd00:1::1');
  assert.equal(hostOf({ prefixes: [] }), undefined);
});

test('a link carries the ends that are known', () => {
  assert.deepEqual(explainBetween(site('10.1.0.0/24'), site('10.2.0.0/24')), { from: '10.1.0.1', to: '10.2.0.1' });
  assert.deepEqual(explainFrom({ prefixes: [] }), {});
});
