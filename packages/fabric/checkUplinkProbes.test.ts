import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uplinkProbes } from './checkUplinkProbes.ts';
import type { Model } from './model.ts';

const uplink = { id: 'u1', edgeId: 'e1', label: 'wan', interface: 'wan0', domain: 'internet', cost: 1, port: 51_820 };
const model: Model = {
  ...{ organisation: 'o', controllers: ['c:1'], mtu: 1420, peers: [], policies: [], uplinks: [] },
  sites: [
    { id: 's1', name: 'Berlin', prefixes: [{ segment: 0, prefix: '10.1.0.0/16' }] },
    { id: 's2', name: 'Paris', prefixes: [{ segment: 0, prefix: 'fd00:2::/64' }] },
  ],
  edges: [{ id: 'e1', name: 'berlin-1', siteId: 's1', overlayAddress: '100.64.0.1', isTrusted: true }],
};

function found(...probeTargets: string[]): string[] {
  const uplinks = [{ ...uplink, publicKey: null, endpoints: [], probeTargets }];
  return uplinkProbes({ ...model, uplinks }).map(({ message }) => message);
}

test('hosts of the internet, of either family and of a provider’s private network, may be asked', () => {
  assert.deepEqual(found(), []);
  assert.deepEqual(found('192.0.2.1', '2001:db8::1', '172.16.0.1'), []);
});

test('a host that is reached through the tunnels, or by nobody, is refused with its uplink and the reason', () => {
  assert.deepEqual(found('192.0.2.1', 'fd00:2::9'), [
    'the uplink wan of Berlin is to ask fd00:2::9, which lies in a LAN of Paris, which is reached through the tunnels; name a host of the internet that answers to ping',
  ]);
  for (const unfit of ['10.1.0.1', '127.0.0.1', '0.0.0.0', '255.255.255.255', '239.1.1.1', '169.254.1.1'])
    assert.equal(found(unfit).length, 1, unfit);
  for (const unfit of ['::1', '::', 'fe80::1', 'ff02::1']) assert.equal(found(unfit).length, 1, unfit);
});
