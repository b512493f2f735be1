import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BgpAllowance, type BgpIntent, type BgpNeighbour, DEFAULT_FABRIC_AS } from './bgp.ts';
import { bgpChecks } from './checkBgp.ts';
import { compile } from './compile.ts';
import type { Model } from './model.ts';

const uplink = {
  label: 'wan',
  interface: 'wan0',
  domain: 'internet',
  cost: 1,
  port: 51_820,
  endpoints: ['192.0.2.1:1'],
};
const site = (number: number) => ({
  ...{ id: `s${number}`, name: `Site ${number}` },
  prefixes: [{ segment: 0, prefix: `10.${number}.0.0/16` }],
});
const edge = (number: number) => ({
  ...{ id: `e${number}`, name: `edge-${number}`, siteId: `s${number}` },
  ...{ overlayAddress: `100.127.0.${number}`, isTrusted: true },
});
const base: Model = {
  ...{ organisation: 'o', controllers: ['c:1'], mtu: 1420, peers: [], policies: [] },
  sites: [1, 2, 3].map(site),
  edges: [1, 2, 3].map(edge),
  uplinks: [1, 2, 3].map((number) => ({
    ...uplink,
    id: `u${number}`,
    edgeId: `e${number}`,
    publicKey: `key${number}`,
  })),
};
const neighbour: BgpNeighbour = {
  ...{ id: 'n1', edgeId: 'e1', name: 'Core', address: '10.1.0.1', remoteAs: 65_001, interface: 'lan0', key: null },
  ...{ passive: false, holdSeconds: 90, keepaliveSeconds: null, gtsm: false, bfd: false },
  ...{ maxPrefixes: 1000, restartAfterSeconds: 300 },
  ...{ import: { prefixes: null, communities: [], localPreference: null }, export: null },
};
const allowance: BgpAllowance = { id: 'a1', siteId: 's1', prefix: '172.16.0.0/16', longest: 24, preference: null };

function intent(more: Partial<BgpIntent>): Model {
  const nothing = { as: DEFAULT_FABRIC_AS, reflectors: [], neighbours: [], allowances: [] };
  return { ...base, bgp: { ...nothing, ...more } };
}
const codesOf = (model: Model) => bgpChecks.flatMap((check) => check(model)).map(({ code }) => code);
const ofNeighbours = (...changes: Partial<BgpNeighbour>[]) =>
  codesOf(intent({ neighbours: changes.map((change, at) => ({ ...neighbour, id: `n${at}`, ...change })) }));
const ofAllowances = (...changes: Partial<BgpAllowance>[]) =>
  codesOf(intent({ allowances: changes.map((change, at) => ({ ...allowance, id: `a${at}`, ...change })) }));

test('a router in a LAN of the site, at an uplink, on the link, or several hops away can be a neighbour', () => {
  assert.deepEqual(ofNeighbours({}), []);
  assert.deepEqual(ofNeighbours({ address: '192.0.2.9', interface: 'wan0', gtsm: true }), []);
  assert.deepEqual(ofNeighbours({ address: 'fe80::1' }), []);
  assert.deepEqual(ofNeighbours({ address: '192.0.2.9', interface: null }), []);
  assert.deepEqual(ofNeighbours({ address: '192.0.2.9' }), ['BGP_NEIGHBOUR_FOREIGN']);
});

test('an AS number that nobody can have, and the own one, are refused', () => {
  for (const remoteAs of [0, 23_456, 65_535, 4_294_967_295, DEFAULT_FABRIC_AS]) {
    assert.deepEqual(ofNeighbours({ remoteAs }), ['BGP_NEIGHBOUR_AS'], String(remoteAs));
  }
  assert.deepEqual(codesOf(intent({ as: 23_456 })), ['BGP_AS']);
});

test('sessions that could not hold, or prove what they are to prove, are refused', () => {
  assert.deepEqual(ofNeighbours({ holdSeconds: 2 }), ['BGP_NEIGHBOUR_HOLD']);
  assert.deepEqual(ofNeighbours({ keepaliveSeconds: 90 }), ['BGP_NEIGHBOUR_KEEPALIVE']);
  assert.deepEqual(ofNeighbours({ gtsm: true, interface: null }), ['BGP_NEIGHBOUR_GTSM']);
  assert.deepEqual(ofNeighbours({}, {}), ['BGP_NEIGHBOUR_TWICE']);
  const prefixes = [{ prefix: '10.0.0.0/8', longest: 7 }];
  assert.deepEqual(ofNeighbours({ export: { prefixes, communities: [], localPreference: null } }), [
    'BGP_NEIGHBOUR_POLICY',
  ]);
});

test('a key that TCP has no room for is refused, in words that do not tell it', () => {
  const key = 'ü'.repeat(41);
  const [finding] = bgpChecks.flatMap((check) => check(intent({ neighbours: [{ ...neighbour, key }] })));
  assert.equal(finding?.code, 'BGP_NEIGHBOUR_KEY');
  assert.match(finding.message, /82 bytes/);
  assert.ok(!finding.message.includes(key));
});

test('two sites may bring the same prefix only with a preference each', () => {
  const other = { siteId: 's2', prefix: '172.16.8.0/24' };
  assert.deepEqual(ofAllowances({}, other), ['BGP_ALLOWANCE_OVERLAP']);
  assert.deepEqual(ofAllowances({ preference: 1 }, other), ['BGP_ALLOWANCE_OVERLAP']);
  assert.deepEqual(ofAllowances({ preference: 1 }, { ...other, preference: 2 }), []);
  assert.deepEqual(ofAllowances({ longest: 16 }, other), [], 'the wide one brings nothing as long as the other');
  assert.deepEqual(ofAllowances({}, {}), ['BGP_ALLOWANCE_TWICE']);
});

test('no site may be allowed everything, or the LAN of another', () => {
  assert.deepEqual(ofAllowances({ prefix: '0.0.0.0/0', longest: 0 }), ['BGP_ALLOWANCE_DEFAULT']);
  assert.deepEqual(ofAllowances({ prefix: '10.2.0.0/16', longest: 24 }), ['BGP_ALLOWANCE_HOLDS_LAN']);
  assert.deepEqual(ofAllowances({ prefix: '10.2.7.0/24', longest: 24 }), [], 'inside of it is normal routing');
  assert.deepEqual(ofAllowances({ prefix: '172.16.0.0/16', longest: 33 }), ['BGP_ALLOWANCE_RANGE']);
});

test('edges speak with every other, or hubs reflect; each may send from what it may originate', () => {
  const compiled = compile(intent({ allowances: [allowance], neighbours: [neighbour] }));
  assert.deepEqual(compiled.get('e2')?.bgp?.fabric, [
    { edgeId: 'e1', address: '100.127.0.1', role: 'peer' },
    { edgeId: 'e3', address: '100.127.0.3', role: 'peer' },
  ]);
  assert.deepEqual(compiled.get('e2')?.bgp?.neighbours, []);
  assert.deepEqual(
    compiled.get('e1')?.bgp?.neighbours.map(({ id }) => id),
    ['n1'],
  );
  const toFirst = compiled.get('e2')?.edges.find(({ id }) => id === 'e1');
  assert.deepEqual(
    toFirst?.allowed.map(({ prefix }) => prefix),
    ['10.1.0.0/16', '172.16.0.0/16'],
  );
  const hub = compile(intent({ allowances: [allowance], reflectors: ['s1'] }));
  assert.deepEqual(
    hub.get('e1')?.bgp?.fabric.map(({ role }) => role),
    ['client', 'client'],
  );
  assert.deepEqual(hub.get('e2')?.bgp?.fabric, [{ edgeId: 'e1', address: '100.127.0.1', role: 'reflector' }]);
  assert.equal(compile(intent({})).get('e1')?.bgp, undefined, 'nobody speaks BGP');
});

test('a neighbour that wants BFD gets a session of its own, or the one that is there', () => {
  const alone = compile(intent({ neighbours: [{ ...neighbour, bfd: true }] })).get('e1');
  assert.equal(alone?.bgp?.neighbours[0]?.bfdPeerId, 'n1');
  assert.deepEqual(
    alone?.bfdPeers.map(({ id, address }) => [id, address]),
    [['n1', '10.1.0.1']],
  );
  const peer = {
    ...{ id: 'p1', edgeId: 'e1', address: '10.1.0.1', interface: 'lan0', multihop: false, authentication: null },
    ...{ intervalMs: 50, multiplier: 3, passive: false },
  };
  const both = compile({ ...intent({ neighbours: [{ ...neighbour, bfd: true }] }), bfdPeers: [peer] }).get('e1');
  assert.equal(both?.bgp?.neighbours[0]?.bfdPeerId, 'p1');
  assert.deepEqual(
    both?.bfdPeers.map(({ id }) => id),
    ['p1'],
  );
});
