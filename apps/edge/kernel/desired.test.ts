import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import type { Route } from '@patronus/system';
import fc from 'fast-check';
import { configurationOf } from '../configuration/fixtures.ts';
import { type Desired, desiredKernel, failClosed } from './desired.ts';
import { difference, isEmpty } from './difference.ts';
import { fabricTable, protocol } from './plan.ts';
import { numberUplinks, reportUplink, type UplinkView, viewUplinks } from './uplinks.ts';

const address = (text: string) => parseAddress(text)!;
const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

const uplink: UplinkView = {
  ...{ id: 'internet', label: 'internet', interface: 'eth0', port: 51_820, number: 3, interfaceIndex: 7, isUp: true },
  addresses: [{ address: address('198.18.1.2'), network: prefix('198.18.1.0/30') }],
  exits: { 4: { gateway: address('198.18.1.1') } },
};
const show = (route: Route) => {
  const via = route.gateway === undefined ? '' : ` via ${formatAddress(route.gateway)}`;
  const by = route.interfaceIndex === undefined ? '' : ` dev ${route.interfaceIndex}`;
  return `${route.type} ${formatPrefix(route.prefix)}${via}${by}`;
};
const inTable = ({ routes }: Desired, table: number) => routes.filter((route) => route.table === table).map(show);

test('the fabric table leads to the TUN, refuses behind it, and leaves the own prefixes to the main table', () => {
  assert.deepEqual(inTable(desiredKernel(configurationOf(1), [], 9, []), fabricTable), [
    'throw 10.1.0.0/16',
    'unreachable 10.0.0.0/8',
    'unreachable fd00:2::/64',
    'unreachable 100.64.0.2/32',
    'unreachable 10.1.9.9/32',
    'unicast 10.0.0.0/8 dev 9',
    'unicast fd00:2::/64 dev 9',
    'unicast 100.64.0.2/32 dev 9',
    'unicast 10.1.9.9/32 dev 9',
  ]);
});

test('without the TUN only what fails closed is left', () => {
  const configuration = configurationOf(1);
  assert.deepEqual(desiredKernel(configuration, [], undefined, []), failClosed(configuration));
  assert.deepEqual(
    failClosed(configuration).rules.map(({ family, priority, table }) => [family, priority, table]),
    [
      [4, 5180, 51_800],
      [6, 5180, 51_800],
    ],
  );
});

test('an uplink has a table of its own, and its packets never follow another', () => {
  const desired = desiredKernel(configurationOf(1), [uplink], 9, []);
  assert.deepEqual(inTable(desired, 51_813), [
    'unicast 198.18.1.0/30 dev 7',
    'unicast 0.0.0.0/0 via 198.18.1.1 dev 7',
    'unreachable 0.0.0.0/0',
    'unreachable ::/0',
  ]);
  const rules = desired.rules.filter(({ table }) => table === 51_813);
  assert.deepEqual(
    rules.map(({ priority, mark, from }) => [priority, mark?.value ?? formatPrefix(from!)]),
    [
      [5170, 0x5054_0003],
      [5170, 0x5054_0003],
      [5185, '198.18.1.2/32'],
    ],
  );
});

test('an uplink that is down or gone keeps its rules and refuses', () => {
  for (const down of [
    { ...uplink, isUp: false },
    { ...uplink, interfaceIndex: undefined, addresses: [] },
  ]) {
    assert.deepEqual(inTable(desiredKernel(configurationOf(1), [down], 9, []), 51_813), [
      'unreachable 0.0.0.0/0',
      'unreachable ::/0',
    ]);
  }
});

test('a gateway outside of the network is reached on the link', () => {
  const odd = { ...uplink, exits: { 4: { gateway: address('203.0.113.1') } } };
  const found = desiredKernel(configurationOf(1), [odd], 9, []).routes.find(({ gateway }) => gateway !== undefined);
  assert.equal(found?.onLink, true);
});

test('once applied, nothing is left to do; whatever else is there is put right, and strangers are left alone', () => {
  const desired = desiredKernel(configurationOf(1), [uplink], 9, []);
  assert.ok(isEmpty(difference(desired, desired)));
  const strangers: Desired = {
    routes: [{ prefix: prefix('10.9.0.0/16'), table: 254, type: 'unicast', metric: 0, protocol: 4, interfaceIndex: 2 }],
    rules: [{ family: 4, priority: 5_180, action: 'lookup', table: 99 }],
    proxies: [{ interfaceIndex: 2, address: address('10.1.9.9') }],
  };
  fc.assert(
    fc.property(fc.subarray([...desired.routes]), fc.subarray([...desired.rules]), (routes, rules) => {
      const stale: Route = { prefix: prefix('10.77.0.0/16'), table: 51_800, type: 'unicast', metric: 1, protocol };
      const present = {
        routes: [...routes, ...strangers.routes, stale],
        rules: [...rules, ...strangers.rules],
        proxies: strangers.proxies,
      };
      const changes = difference(desired, present);
      assert.deepEqual(changes.removeRoutes, [stale]);
      assert.equal(changes.setRoutes.length, desired.routes.length - routes.length);
      assert.equal(changes.addRules.length, desired.rules.length - rules.length);
      assert.equal(changes.removeRules.length, 0);
      assert.equal(changes.removeProxies.length, 0);
    }),
  );
});

test('a route that leads elsewhere than desired is replaced in its place', () => {
  const before = desiredKernel(configurationOf(1), [uplink], 9, []);
  const after = desiredKernel(configurationOf(1), [{ ...uplink, interfaceIndex: 8 }], 9, []);
  const changes = difference(after, before);
  assert.deepEqual(changes.removeRoutes, []);
  assert.deepEqual(changes.setRoutes.map(show), [
    'unicast 198.18.1.0/30 dev 8',
    'unicast 0.0.0.0/0 via 198.18.1.1 dev 8',
  ]);
});

test('IPv6 shows refusals by the loopback interface; that is no difference', () => {
  const desired = failClosed(configurationOf(1));
  const shown = desired.routes.map((route) => (route.type === 'unreachable' ? { ...route, interfaceIndex: 1 } : route));
  assert.ok(isEmpty(difference(desired, { ...desired, routes: shown })));
});

test('a stock peer whose address lies in a LAN is answered for there, and nowhere else', () => {
  const on = (interfaceIndex: number, text: string, prefixLength: number) => ({
    ...{ interfaceIndex, address: address(text), prefixLength },
    ...{ scope: 'global' as const, isUsable: true },
  });
  const addresses = [on(5, '10.1.9.1', 24), on(6, '10.1.8.1', 24), on(7, '10.1.9.2', 16), on(9, '10.1.9.3', 16)];
  const { proxies } = desiredKernel(configurationOf(1), [uplink], 9, addresses);
  assert.deepEqual(proxies, [{ interfaceIndex: 5, address: address('10.1.9.9'), protocol }]);
  const before = desiredKernel(configurationOf(1), [uplink], 9, []);
  assert.deepEqual(difference({ ...before, proxies }, before).addProxies, proxies);
  assert.deepEqual(difference(before, { ...before, proxies }).removeProxies, proxies);
  assert.deepEqual(desiredKernel(configurationOf(1), [uplink], undefined, addresses).proxies, []);
});

const network = {
  links: [{ index: 7, name: 'eth0', kind: '', mtu: 1500, isUp: true, hasCarrier: true }],
  addresses: [
    { interfaceIndex: 7, address: address('198.18.1.2'), prefixLength: 30, scope: 'global' as const, isUsable: true },
    { interfaceIndex: 7, address: address('fe80::1'), prefixLength: 64, scope: 'link' as const, isUsable: true },
  ],
  mainRoutes: [{ prefix: prefix('0.0.0.0/0'), table: 254, type: 'unicast' as const, metric: 100, protocol: 16 }].map(
    (route) => ({ ...route, gateway: address('198.18.1.1'), interfaceIndex: 7 }),
  ),
};

test('an uplink is found by name, with its gateway from the main table', () => {
  const [view] = viewUplinks(configurationOf(1).uplinks, { internet: 3 }, network, []);
  assert.deepEqual(view, uplink);
  assert.deepEqual(reportUplink(view!, 'key').endpoints, ['198.18.1.2:51820']);
});

test('a flushed default route does not make the gateway forget, a new network does', () => {
  const { uplinks } = configurationOf(1);
  const before = viewUplinks(uplinks, { internet: 3 }, network, []);
  const flushed = { ...network, mainRoutes: [] };
  assert.deepEqual(viewUplinks(uplinks, { internet: 3 }, flushed, before)[0]!.exits, uplink.exits);
  const moved = { ...flushed, addresses: [{ ...network.addresses[0]!, address: address('192.0.2.7') }] };
  assert.deepEqual(viewUplinks(uplinks, { internet: 3 }, moved, before)[0]!.exits, {});
});

test('an uplink keeps its number as long as it is there', () => {
  assert.deepEqual(numberUplinks({}, ['a', 'b']), { a: 0, b: 1 });
  assert.deepEqual(numberUplinks({ a: 0, b: 1 }, ['c', 'b']), { b: 1, c: 0 });
  assert.deepEqual(numberUplinks({ b: 1 }, ['a', 'b', 'c']), { b: 1, a: 0, c: 2 });
});
