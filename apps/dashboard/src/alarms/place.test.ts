import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmPlace } from './place.ts';

test('an alarm leads to what it is about', () => {
  assert.deepEqual(alarmPlace('TUNNEL_DOWN', 'site_a'), {
    to: '/tunnels',
    search: { site: 'site_a', state: 'DOWN' },
    label: 'Tunnels that are down',
  });
  assert.equal(alarmPlace('SLA_VIOLATED', 'site_a')?.to, '/decisions');
  assert.equal(alarmPlace('BFD_FLAPPING', 'site_a')?.to, '/tunnels/bfd');
  assert.deepEqual(alarmPlace('BGP_NEIGHBOUR_DOWN', 'site_a'), {
    ...{ to: '/bgp', search: { site: 'site_a' }, label: 'BGP' },
  });
  assert.equal(alarmPlace('REACH_LOST', 'site_a')?.label, 'Reach of the site');
  assert.deepEqual(alarmPlace('EDGE_OFFLINE', 'site_a')?.params, { siteId: 'site_a' });
});

test('an alarm about no site leads nowhere, unless its page is of the whole network', () => {
  assert.equal(alarmPlace('CLOCK_SKEW', undefined), null);
  assert.equal(alarmPlace('TUNNEL_DOWN', undefined)?.to, '/tunnels');
});
