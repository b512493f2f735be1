/** Netlink of packages/system against the real kernel, with `ip` as the second opinion on everything. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { formatAddress, formatPrefix } from '@patronus/net';
import type { Route } from '@patronus/system';
import {
  LinuxAddresses,
  LinuxError,
  LinuxLinks,
  LinuxProxyNeighbours,
  LinuxRoutes,
  LinuxRules,
  NetlinkSocket,
  NetworkMonitor,
  type Rule,
  writeSysctl,
} from '@patronus/system/linux';
import { address, enterOwnNamespace, ip, ipJson, prefix, skipWithoutRoot } from './ownNamespace.ts';

describe('netlink', { skip: skipWithoutRoot }, () => {
  let netlink: NetlinkSocket;
  let routes: LinuxRoutes;
  let rules: LinuxRules;
  let links: LinuxLinks;
  let addresses: LinuxAddresses;
  let left: number;

  before(() => {
    enterOwnNamespace();
    ip('link', 'add', 'ptleft', 'type', 'veth', 'peer', 'name', 'ptright');
    ip('link', 'add', 'ptother', 'type', 'bridge');
    netlink = new NetlinkSocket();
    routes = new LinuxRoutes(netlink);
    rules = new LinuxRules(netlink);
    links = new LinuxLinks(netlink);
    addresses = new LinuxAddresses(netlink);
    left = links.find('ptleft')!.index;
  });

  after(() => netlink?.close());

  test('interfaces are listed, switched on and off, and given an MTU as `ip link` sees it', () => {
    const listed = links.list().map(({ index, name, mtu }) => ({ index, name, mtu }));
    const expected = ipJson('link').map((link) => ({ index: link.ifindex, name: link.ifname, mtu: link.mtu }));
    assert.deepEqual(listed, expected);
    assert.equal(links.find('ptleft')?.kind, 'veth');
    assert.equal(links.find('ptabsent'), undefined);

    links.set(left, { up: true, mtu: 1380 });
    links.set(links.find('ptright')!.index, { up: true });
    const link = links.find(left)!;
    assert.deepEqual([link.isUp, link.mtu, link.hasCarrier], [true, 1380, true]);
    assert.equal(ipJson('link', 'show', 'ptleft')[0]?.mtu, 1380);
    links.set(left, { up: false });
    assert.equal(links.find('ptleft')?.isUp, false);
    links.set(left, { up: true });
  });

  test('addresses of both families are added, usable at once, listed and removed', () => {
    const four = { interfaceIndex: left, address: address('192.0.2.1'), prefixLength: 24 };
    const six = { interfaceIndex: left, address: address('2001:db8::1'), prefixLength: 64 };
    addresses.add(four);
    addresses.add(six);
    addresses.add(six);
    const found = addresses.list({ interfaceIndex: left }).map((one) => {
      return `${formatAddress(one.address)}/${one.prefixLength} ${one.scope} ${one.isUsable}`;
    });
    assert.ok(found.includes('192.0.2.1/24 global true'), found.join());
    assert.ok(found.includes('2001:db8::1/64 global true'), found.join());
    assert.equal(addresses.remove(four), true);
    assert.equal(addresses.remove(four), false, 'a second time it is not there');
    addresses.add(four);
  });

  const someRoutes = (): Route[] => {
    const common = { table: 51821, metric: 0, protocol: 80, type: 'unicast' } as const;
    return [
      { ...common, prefix: prefix('10.1.0.0/16'), interfaceIndex: left },
      { ...common, prefix: prefix('0.0.0.0/0'), gateway: address('192.0.2.254'), interfaceIndex: left },
      { ...common, prefix: prefix('10.2.0.0/16'), interfaceIndex: left, source: address('192.0.2.1'), metric: 7 },
      {
        ...common,
        prefix: prefix('10.3.0.0/16'),
        gateway: address('198.51.100.1'),
        interfaceIndex: left,
        onLink: true,
      },
      { ...common, prefix: prefix('10.4.0.0/16'), type: 'unreachable', metric: 4_000_000_000 },
      { ...common, prefix: prefix('10.5.0.0/16'), type: 'throw' },
      { ...common, prefix: prefix('10.6.0.0/16'), gateway: address('2001:db8::ff'), interfaceIndex: left },
      { ...common, prefix: prefix('2001:db8:1::/48'), interfaceIndex: left, metric: 5 },
      { ...common, prefix: prefix('::/0'), gateway: address('2001:db8::ff'), interfaceIndex: left, metric: 1024 },
    ];
  };

  /** IPv6 shows the loopback interface with routes that lead nowhere. */
  const text = (route: Route) =>
    [
      route.type,
      formatPrefix(route.prefix),
      route.gateway ? formatAddress(route.gateway) : '',
      route.type === 'unicast' ? route.interfaceIndex : '',
      route.metric,
      route.protocol,
      route.source ? formatAddress(route.source) : '',
      route.onLink ?? false,
    ].join(' ');

  test('routes of a table of our own read back as they were written, and as `ip route` shows them', () => {
    for (const route of someRoutes()) routes.replace(route);
    for (const route of someRoutes()) routes.replace(route);
    const listed = routes.list({ table: 51821 });
    assert.deepEqual(listed.map(text).sort(), someRoutes().map(text).sort());
    assert.deepEqual(routes.list({ protocol: 80 }).map(text).sort(), listed.map(text).sort());

    const shown = ipJson('-4', 'route', 'show', 'table', '51821');
    assert.equal(shown.length, 7);
    const byDestination = new Map(shown.map((route) => [route.dst, route]));
    assert.equal(byDestination.get('default')?.gateway, '192.0.2.254');
    assert.equal(byDestination.get('10.4.0.0/16')?.type, 'unreachable');
    assert.equal(byDestination.get('10.4.0.0/16')?.metric, 4_000_000_000);
    assert.equal(byDestination.get('10.5.0.0/16')?.type, 'throw');
    assert.equal(byDestination.get('10.2.0.0/16')?.prefsrc, '192.0.2.1');
    assert.deepEqual(byDestination.get('10.1.0.0/16')?.protocol, '80');
  });

  test('a throw and an unreachable route of IPv6 read back with their type', () => {
    const common = { table: 51822, metric: 4_000_000_000, protocol: 80 } as const;
    const made: Route[] = [
      { ...common, prefix: prefix('2001:db8:2::/48'), type: 'throw' },
      { ...common, prefix: prefix('2001:db8:3::/48'), type: 'unreachable' },
    ];
    for (const route of made) routes.replace(route);
    assert.deepEqual(routes.list({ table: 51822 }).map(text).sort(), made.map(text).sort());
    for (const route of made) assert.equal(routes.remove(route), true);
  });

  test('replacing changes a route in place, and removing it twice is no error', () => {
    const [route] = someRoutes() as [Route];
    routes.replace({ ...route, type: 'unreachable' });
    const same = () =>
      routes.list({ table: 51821, family: 4 }).filter((one) => formatPrefix(one.prefix) === '10.1.0.0/16');
    assert.deepEqual(
      same().map((one) => one.type),
      ['unreachable'],
    );
    assert.equal(routes.remove(same()[0]!), true);
    assert.equal(routes.remove(route), false);
    assert.deepEqual(same(), []);
  });

  test('a route made of several next hops comes as several routes', () => {
    ip('route', 'add', '10.9.0.0/16', 'table', '51823', 'nexthop', 'via', '192.0.2.7', 'nexthop', 'via', '192.0.2.8');
    const gateways = routes.list({ table: 51823 }).map((route) => route.gateway && formatAddress(route.gateway));
    assert.deepEqual(gateways, ['192.0.2.7', '192.0.2.8']);
  });

  test('a table that nobody made is empty', () => {
    assert.deepEqual(routes.list({ table: 59999 }), []);
  });

  test('a refused request is a LinuxError with the code and what to do, and the next one works', () => {
    const route = { ...someRoutes()[0]!, interfaceIndex: 9999 };
    assert.throws(
      () => routes.replace(route),
      (error) =>
        error instanceof LinuxError && error.code === 'ENODEV' && /10\.1\.0\.0\/16.*table 51821/.test(error.message),
    );
    const { interfaceIndex: _, ...unreachableGateway } = { ...someRoutes()[1]!, gateway: address('203.0.113.9') };
    assert.throws(() => routes.replace(unreachableGateway), /the kernel says: .*gateway/);
    assert.doesNotThrow(() => routes.replace(someRoutes()[0]!));
  });

  test('thousands of routes are written and read back whole', () => {
    const many = Array.from({ length: 5000 }, (_, at): Route => {
      const bytes = Uint8Array.of(100, 64 + (at >> 8), at & 0xff, 0);
      return {
        prefix: { family: 4, bytes, length: 24 },
        table: 51824,
        type: 'unicast',
        metric: 0,
        protocol: 80,
        interfaceIndex: left,
      };
    });
    assert.deepEqual(
      routes.replaceEach(many).filter((error) => error !== undefined),
      [],
    );
    assert.equal(routes.list({ table: 51824 }).length, 5000);
    ip('route', 'flush', 'table', '51824');
  });

  const someRules = (): Rule[] => [
    { family: 4, priority: 5100, action: 'lookup', table: 51821, mark: { value: 0x5041, mask: 0xffff }, protocol: 80 },
    { family: 4, priority: 5101, action: 'lookup', table: 254, suppressPrefixLength: 0, protocol: 80 },
    { family: 4, priority: 5102, action: 'lookup', table: 100, from: prefix('192.0.2.1/32'), protocol: 80 },
    {
      family: 4,
      priority: 5103,
      action: 'unreachable',
      to: prefix('10.0.0.0/8'),
      inputInterface: 'ptright',
      protocol: 80,
    },
    {
      family: 4,
      priority: 5104,
      action: 'lookup',
      table: 51821,
      mark: { value: 1, mask: 1 },
      invert: true,
      protocol: 80,
    },
    { family: 6, priority: 5100, action: 'lookup', table: 51821, outputInterface: 'ptleft', protocol: 80 },
  ];

  test('rules read back as they were written, and as `ip rule` shows them', () => {
    for (const rule of someRules()) assert.equal(rules.add(rule), true);
    for (const rule of someRules()) assert.equal(rules.add(rule), false, 'a second time it is there already');
    assert.deepEqual(
      rules.list().filter((rule) => rule.protocol === 80),
      someRules(),
    );
    const shown = ipJson('rule').filter((rule) => Number(rule.priority) >= 5100 && Number(rule.priority) < 5105);
    assert.equal(shown.length, 5);
    assert.deepEqual([shown[0]?.fwmark, shown[0]?.fwmask, shown[0]?.table], ['0x5041', '0xffff', '51821']);
    assert.equal(shown[1]?.suppress_prefixlen, 0);
    assert.equal(shown[2]?.src, '192.0.2.1');
    for (const rule of someRules()) assert.equal(rules.remove(rule), true);
    assert.equal(rules.remove(someRules()[0]!), false);
    assert.equal(rules.list().filter((rule) => rule.protocol === 80).length, 0);
  });

  test('the monitor sees what others change and keeps quiet about our own doing', () => {
    const monitor = new NetworkMonitor([netlink.port]);
    try {
      const changes = () => [...monitor.drain()].sort();
      assert.deepEqual(changes(), []);
      routes.replace(someRoutes()[0]!);
      rules.add(someRules()[0]!);
      assert.deepEqual(changes(), [], 'our own doing');
      ip('route', 'flush', 'table', '51821');
      assert.deepEqual(changes(), ['route']);
      ip('rule', 'flush');
      assert.ok(changes().includes('rule'));
      ip('address', 'add', '192.0.2.200/32', 'dev', 'ptother');
      assert.ok(changes().includes('address'));
      ip('link', 'set', 'ptother', 'up');
      assert.ok(changes().includes('link'));
      assert.deepEqual(changes(), []);
    } finally {
      monitor.close();
      for (const family of ['-4', '-6']) {
        const present = new Set(ipJson(family, 'rule').map((rule) => Number(rule.priority)));
        if (!present.has(32766)) ip(family, 'rule', 'add', 'priority', '32766', 'lookup', 'main');
        if (!present.has(32767)) ip(family, 'rule', 'add', 'priority', '32767', 'lookup', 'default');
      }
    }
  });

  test('a monitor tells of news by itself, once until they are read, and of changed parameters too', async () => {
    let calls = 0;
    let wake = () => {};
    const news = () => new Promise<void>((resolve) => (wake = resolve));
    const monitor = new NetworkMonitor([netlink.port], () => {
      calls += 1;
      wake();
    });
    // The signal alone keeps no event loop going.
    const alive = setInterval(() => undefined, 1_000);
    try {
      for (const [at, change] of [
        ['address', 'add', '192.0.2.201/32', 'dev', 'ptother'],
        ['route', 'add', '10.77.0.0/16', 'dev', 'ptleft'],
      ].entries()) {
        const told = news();
        ip(...change);
        ip('route', 'add', `10.78.${at}.0/24`, 'dev', 'ptleft');
        await told;
        assert.equal(calls, at + 1, 'two changes, one word');
        assert.ok(monitor.drain().has('route'));
      }
      const told = news();
      writeSysctl('net/ipv4/conf/ptother/rp_filter', 1);
      await told;
      assert.deepEqual([...monitor.drain()], ['parameter']);
    } finally {
      clearInterval(alive);
      monitor.close();
      ip('address', 'del', '192.0.2.201/32', 'dev', 'ptother');
      for (const prefix of ['10.77.0.0/16', '10.78.0.0/24', '10.78.1.0/24']) ip('route', 'del', prefix);
    }
  });

  test('a monitor that was not read for too long says resync', () => {
    const monitor = new NetworkMonitor();
    try {
      const route = { ...someRoutes()[0]!, prefix: prefix('10.200.0.0/16') };
      for (let round = 0; round < 20; round++) {
        routes.replaceEach(Array.from({ length: 500 }, (_, at) => ({ ...route, metric: round * 500 + at + 1 })));
      }
      assert.ok(monitor.drain().has('resync'));
    } finally {
      monitor.close();
      ip('route', 'flush', 'table', '51821');
    }
  });

  test('addresses are answered for on a LAN, as `ip neighbour show proxy` sees it, and no longer once removed', () => {
    const proxies = new LinuxProxyNeighbours(netlink);
    const added = ['192.0.2.77', '2001:db8::77'].map((text) => ({
      interfaceIndex: left,
      address: address(text),
      protocol: 157,
    }));
    for (const proxy of [...added, added[0]!]) proxies.add(proxy);
    assert.deepEqual(proxies.list(), added);
    const shown = [...ipJson('-4', 'neighbour', 'show', 'proxy'), ...ipJson('-6', 'neighbour', 'show', 'proxy')];
    assert.deepEqual(
      shown.map(({ dst, dev }) => [dst, dev]),
      [
        ['192.0.2.77', 'ptleft'],
        ['2001:db8::77', 'ptleft'],
      ],
    );
    assert.deepEqual(
      added.map((proxy) => proxies.remove(proxy)),
      [true, true],
    );
    assert.equal(proxies.remove(added[0]!), false);
    assert.deepEqual(proxies.list(), []);
  });
});
