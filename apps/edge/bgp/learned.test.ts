import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import type { BgpConfiguration } from '@patronus/protocol';
import { configurationOf, wireguardKey } from '../configuration/fixtures.ts';
import { translate, translateLearned } from '../forwarder/translate.ts';
import { desiredKernel, failClosed } from '../kernel/desired.ts';
import { fabricTable, metrics } from '../kernel/plan.ts';
import { BestRoutes, type Learned, nothingLearned, overlayKey } from './learned.ts';

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok);
  return parsed.value;
};
const bytes = (text: string) => parseAddress(text)!.bytes;

const plain = configurationOf(1);
const range = (text: string, preference = 0) => ({ prefix: text, longest: 24, preference });
const bgp: BgpConfiguration = {
  ...{ as: 4_200_000_000, fabric: [], neighbours: [] },
  allowances: [
    { siteId: plain.edge.siteId, prefixes: [range('172.16.0.0/16'), range('172.30.0.0/16', 1)] },
    { siteId: 'elsewhere', prefixes: [range('172.20.0.0/16'), range('172.30.0.0/16', 2)] },
  ],
};
const configuration = { ...plain, bgp };

const best = new BestRoutes();
best.apply([
  { prefix: prefix('172.20.1.0/24'), nextHop: bytes('100.64.0.2') },
  { prefix: prefix('2001:db8:1::/48'), nextHop: bytes('::ffff:100.64.0.2') },
  { prefix: prefix('172.16.1.0/24'), nextHop: bytes('10.1.0.2') },
  { prefix: prefix('172.16.2.0/24'), nextHop: bytes('192.0.2.9') },
  { prefix: prefix('172.16.3.0/24'), nextHop: bytes('10.1.0.2') },
  { prefix: prefix('10.0.0.0/8'), nextHop: new Uint8Array(4) },
  { prefix: prefix('172.16.3.0/24'), nextHop: undefined },
]);
const learn = () =>
  best.learn(
    (nextHop) => (overlayKey(nextHop) === '100.64.0.2' ? 'london' : undefined),
    (nextHop) =>
      nextHop[0] === 10 ? { interfaceIndex: 5, gateway: { family: 4 as const, bytes: nextHop } } : undefined,
  );
const learned = learn()!.all;

test('a route leads to the edge whose address is its next hop, to a router, or nowhere; one of our own is none', () => {
  assert.deepEqual(
    learned.fabric.map(({ prefix: of, edgeId }) => [formatPrefix(of), edgeId]),
    [
      ['172.20.1.0/24', 'london'],
      ['2001:db8:1::/48', 'london'],
    ],
  );
  assert.deepEqual(
    learned.lan.map(({ prefix: of }) => formatPrefix(of)),
    ['172.16.1.0/24'],
  );
});

test('the kernel sends what edges brought to the TUN, and what a router brought to the router first', () => {
  const { routes } = desiredKernel(configuration, [], 9, [], learned);
  const shown = routes
    .filter(({ table, prefix: of }) => table === fabricTable && /^(172|2001)/.test(formatPrefix(of)))
    .map(({ type, prefix: of, interfaceIndex, metric }) => [type, formatPrefix(of), interfaceIndex, metric]);
  assert.deepEqual(shown, [
    ['unreachable', '172.20.0.0/16', undefined, metrics.lastResort],
    ['unicast', '172.16.1.0/24', 5, metrics.lan],
    ['unicast', '172.20.1.0/24', 9, metrics.fabric],
    ['unicast', '2001:db8:1::/48', 9, metrics.fabric],
  ]);
  assert.ok(metrics.lan < metrics.fabric);
});

test('what only other sites may bring never leaves by the default route, also while nobody brings it', () => {
  const closed = failClosed(configuration).routes.filter(({ type }) => type === 'unreachable');
  const shown = closed.map(({ prefix: of }) => formatPrefix(of)).filter((text) => text.startsWith('172'));
  assert.deepEqual(shown, ['172.20.0.0/16'], 'not what this site may bring itself');
});

test('the forwarder takes sources that the site may bring, and hears of what edges brought and took away', () => {
  const uplinks = [{ id: 'internet', privateKey: wireguardKey('s'), timestampFloor: null }];
  const command = translate(configuration, uplinks, 1);
  const local = command.local.map(({ prefix: of }) => of);
  assert.ok(local.includes('172.16.0.0/16') && local.includes('172.30.0.0/16') && !local.includes('172.20.0.0/16'));
  assert.deepEqual(translateLearned({ all: learned, set: learned, gone: { fabric: [], lan: learned.lan } }), [
    {
      type: 'routes',
      set: [
        { segment: 0, prefix: '172.20.1.0/24', nextHops: ['london'] },
        { segment: 0, prefix: '2001:db8:1::/48', nextHops: ['london'] },
      ],
      gone: [],
    },
  ]);
  const gone = translateLearned({ all: nothingLearned, set: nothingLearned, gone: learned });
  assert.deepEqual(gone, [
    {
      type: 'routes',
      set: [],
      gone: [
        { segment: 0, prefix: '172.20.1.0/24' },
        { segment: 0, prefix: '2001:db8:1::/48' },
      ],
    },
  ]);
  assert.equal(translate(plain, uplinks, 1).local.length, plain.local.length + 1);
});

test('what has changed since the last time is told beside all there is, and what moved from edge to router is gone and new', () => {
  const best = new BestRoutes();
  const [one, two] = [prefix('172.16.1.0/24'), prefix('172.16.2.0/24')];
  const changes = (edges: Readonly<Record<string, string>> = { '100.64.0.2': 'london' }) => {
    const change = best.learn(
      (nextHop) => edges[overlayKey(nextHop)],
      (nextHop) => ({ interfaceIndex: 5, gateway: { family: 4 as const, bytes: nextHop } }),
    );
    const texts = ({ fabric, lan }: Learned) => [...fabric, ...lan].map((route) => formatPrefix(route.prefix));
    return change && [texts(change.all), texts(change.set), texts(change.gone)];
  };
  const fabric = bytes('100.64.0.2');
  best.apply([one, two].map((of) => ({ prefix: of, nextHop: fabric })));
  const both = ['172.16.1.0/24', '172.16.2.0/24'];
  assert.deepEqual(changes(), [both, both, []]);
  assert.equal(changes(), undefined, 'nothing new');
  best.apply([{ prefix: one, nextHop: bytes('10.1.0.2') }]);
  assert.deepEqual(changes(), [['172.16.2.0/24', '172.16.1.0/24'], ['172.16.1.0/24'], ['172.16.1.0/24']]);
  assert.deepEqual(changes({ '100.64.0.2': 'tokyo' }), [['172.16.2.0/24', '172.16.1.0/24'], ['172.16.2.0/24'], []]);
  best.clear();
  assert.deepEqual(changes(), [[], [], ['172.16.2.0/24', '172.16.1.0/24']]);
});
