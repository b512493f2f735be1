import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttributeCode,
  attribute,
  attributeValue,
  familyKey,
  type PathAttribute,
  PolicyForRoutes,
} from '@patronus/bgp';
import { parseAddress, parsePrefix } from '@patronus/net';
import { type Configuration, configurationSchema } from '@patronus/protocol';
import { speakerOf } from './intent.ts';

const key = `${'A'.repeat(42)}A=`;
const IPV4 = familyKey(1, 1);
const policy = { prefixes: null, communities: ['65000:7'], localPreference: null };
const neighbour = {
  ...{
    id: 'n1',
    name: 'Core',
    address: '10.1.0.2',
    remoteAs: 65_001,
    interface: 'lan0',
    key: 'hush',
    passive: false,
  },
  ...{ holdSeconds: 30, keepaliveSeconds: null, gtsm: true, bfdPeerId: 'n1' },
  ...{ maxPrefixes: 100, restartAfterSeconds: 60 },
  ...{ import: policy, export: { ...policy, communities: [] } },
};
const edge = (number: number, siteId = `s${number}`) => ({
  ...{ id: `e${number}`, siteId, overlayAddress: `100.127.0.${number}`, allowed: [] },
});
const configuration: Configuration = configurationSchema.parse({
  ...{
    format: 1,
    version: { epoch: 1, sequence: 1 },
    organisation: 'o',
    issuedAt: '',
    controllers: ['c:1'],
    mtu: 1420,
  },
  edge: { id: 'e1', name: 'edge-1', siteId: 's1', siteName: 'Berlin', overlayAddress: '100.127.0.1' },
  ...{ local: [], uplinks: [], tunnels: [], peers: [], policies: [], key },
  edges: [edge(2), edge(3), edge(4, 's1')],
  routes: [{ segment: 0, prefix: '10.2.0.0/16', nextHops: ['e2'] }],
  bgp: {
    as: 4_200_000_000,
    fabric: [
      { edgeId: 'e2', address: '100.127.0.2', role: 'reflector' },
      { edgeId: 'e3', address: '100.127.0.3', role: 'client' },
    ],
    neighbours: [neighbour],
    allowances: [
      { siteId: 's1', prefixes: [{ prefix: '172.16.0.0/16', longest: 24, preference: 0 }] },
      { siteId: 's2', prefixes: [{ prefix: '172.20.0.0/16', longest: 24, preference: 2 }] },
      { siteId: 's3', prefixes: [{ prefix: '172.20.0.0/16', longest: 24, preference: 1 }] },
    ],
  },
});
const speaker = speakerOf(configuration, configuration.bgp!);

/** The attributes behind a policy; undefined: it does not pass. */
function passed(name: string | undefined, prefixText: string, nextHop: string): readonly PathAttribute[] | undefined {
  const parsed = parsePrefix(prefixText);
  assert.ok(parsed.ok);
  const hop = parseAddress(nextHop)!.bytes;
  const rules = new PolicyForRoutes(speaker.policies.get(name!)!, {
    ...{ neighbour: { address: hop, as: 1 }, localAs: 2, ownNextHops: { ipv4: Uint8Array.of(100, 127, 0, 1) } },
  });
  const attributes: PathAttribute[] = [
    ...[attribute(AttributeCode.origin, 'igp'), attribute(AttributeCode.asPath, [])],
    attribute(AttributeCode.nextHop, hop),
  ];
  return rules.apply(attributes, IPV4, { pathId: 0, length: parsed.value.length, address: parsed.value.bytes });
}
const routesOf = (name: string) => speaker.neighbours.find((one) => one.name === name)!.routes;
const preference = (attributes: readonly PathAttribute[] | undefined) =>
  attributes && attributeValue(attributes, AttributeCode.localPreference);

test('what another edge brings is taken within its own site’s allowance alone, at the signed preference', () => {
  const name = routesOf('e2').import;
  const second = preference(passed(name, '172.20.1.0/24', '100.127.0.2'))!;
  const third = preference(passed(name, '172.20.1.0/24', '100.127.0.3'))!;
  assert.ok(third > second, 'the lower preference is preferred');
  assert.equal(passed(name, '172.21.0.0/24', '100.127.0.2'), undefined, 'nobody may bring it');
  assert.equal(passed(name, '172.20.1.0/25', '100.127.0.2'), undefined, 'longer than allowed');
  assert.equal(passed(name, '172.16.1.0/24', '100.127.0.2'), undefined, 'another site may bring it');
  assert.equal(passed(name, '172.20.1.0/24', '10.9.9.9'), undefined, 'from no edge');
  assert.equal(passed(name, '172.16.1.0/24', '100.127.0.4'), undefined, 'of this site, back through the fabric');
});

test('a router brings what its site may, before anything from elsewhere, and with its communities', () => {
  const name = routesOf('n1').import;
  const taken = passed(name, '172.16.1.0/24', '10.1.0.2');
  assert.ok(preference(taken)! > preference(passed(routesOf('e2').import, '172.20.1.0/24', '100.127.0.3'))!);
  assert.deepEqual(attributeValue(taken!, AttributeCode.communities), [(65_000 * 65_536 + 7) >>> 0]);
  assert.equal(passed(name, '172.20.1.0/24', '10.1.0.2'), undefined);
  assert.equal(passed(name, '0.0.0.0/0', '10.1.0.2'), undefined);
});

test('edges are told under our own next hop what routers brought, and under theirs what is reflected', () => {
  const name = routesOf('e3').export;
  const hopOf = (attributes: readonly PathAttribute[] | undefined) =>
    attributes && [...attributeValue(attributes, AttributeCode.nextHop)!].join('.');
  assert.equal(hopOf(passed(name, '172.16.1.0/24', '10.1.0.2')), '100.127.0.1');
  assert.equal(hopOf(passed(name, '172.20.1.0/24', '100.127.0.2')), '100.127.0.2');
  assert.equal(passed(name, '10.2.0.0/16', '0.0.0.0'), undefined, 'LANs are in the configuration');
  assert.equal(routesOf('e3').isReflectorClient, true);
  assert.equal(routesOf('e2').isReflectorClient, false);
});

test('a router gets key, hop limit and prefix limit of its own, and the LANs of other sites', () => {
  const { session, device } = speaker.neighbours.find(({ name }) => name === 'n1')!;
  assert.equal(session.md5Key?.reveal(), 'hush');
  assert.ok(!JSON.stringify(speaker.neighbours).includes('hush'));
  assert.deepEqual([session.ttlSecurityHops, session.holdTimeS, session.prefixLimits?.[0]?.most], [1, 30, 100]);
  assert.equal(device, 'lan0');
  assert.equal(speaker.networks.length, 1);
  assert.ok(passed(routesOf('n1').export, '10.2.0.0/16', '0.0.0.0'));
});
