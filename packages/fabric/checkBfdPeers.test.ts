import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bfdPeerChecks } from './checkBfdPeers.ts';
import type { BfdPeer, Model } from './model.ts';

const uplink = { id: 'u1', edgeId: 'e1', label: 'wan', interface: 'wan0', domain: 'internet', cost: 1, port: 51_820 };
const model: Model = {
  ...{ organisation: 'o', controllers: ['c:1'], mtu: 1420, peers: [], policies: [] },
  sites: [{ id: 's1', name: 'Berlin', prefixes: [{ segment: 0, prefix: '10.1.0.0/16' }] }],
  edges: [{ id: 'e1', name: 'berlin-1', siteId: 's1', overlayAddress: '100.64.0.1', isTrusted: true }],
  uplinks: [{ ...uplink, publicKey: null, endpoints: [] }],
};
const peer: BfdPeer = {
  ...{ id: 'p1', edgeId: 'e1', address: '10.1.0.1', interface: 'lan0', multihop: false },
  ...{ intervalMs: 300, multiplier: 3, authentication: null, passive: false },
};

function codes(...peers: Partial<BfdPeer>[]): string[] {
  const bfdPeers = peers.map((one, at) => ({ ...peer, id: `p${at}`, ...one }));
  return bfdPeerChecks.flatMap((check) => check({ ...model, bfdPeers })).map(({ code }) => code);
}

test('a router in a LAN of the site, at an uplink, on the link, or several hops away is where it can be', () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ address: '192.0.2.1', interface: 'wan0' }), []);
  assert.deepEqual(codes({ address: 'fe80::1' }), []);
  assert.deepEqual(codes({ address: '192.0.2.1', interface: null, multihop: true }), []);
});

test('a router that cannot be there, or is there twice, is refused', () => {
  assert.deepEqual(codes({ address: '192.0.2.1' }), ['BFD_PEER_FOREIGN']);
  assert.deepEqual(codes({ interface: null }), ['BFD_PEER_INTERFACE']);
  assert.deepEqual(codes({ multihop: true }), ['BFD_PEER_INTERFACE']);
  assert.deepEqual(codes({ address: 'fe80::1', interface: null, multihop: true }), ['BFD_PEER_FAR']);
  assert.deepEqual(codes({}, {}), ['BFD_PEER_TWICE']);
  const many = Array.from({ length: 65 }, (_, at) => ({ address: `10.1.0.${at + 1}` }));
  assert.deepEqual(codes(...many), ['BFD_PEERS_TOO_MANY']);
});

test('a key that its kind has no room for is refused, in words that do not tell it', () => {
  const key = 'ü'.repeat(9);
  const bfdPeers = [{ ...peer, authentication: { type: 'md5', keyId: 1, key } }] as const;
  const [finding] = bfdPeerChecks.flatMap((check) => check({ ...model, bfdPeers }));
  assert.equal(finding?.code, 'BFD_PEER_KEY');
  assert.match(finding.message, /18 bytes; md5 takes 1 to 16/);
  assert.ok(!finding.message.includes(key));
});
