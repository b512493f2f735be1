/**
 * The Linux parts of packages/system against the real kernel, in a network namespace of this process's own: it goes
 * away with the process, however that ends. `ip` is the second opinion on everything.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import type { Route } from '@patronus/system';
import {
  bindToDevice,
  canAdministerNetwork,
  checked,
  closeDescriptor,
  enableForwarding,
  FrameChannel,
  LinuxAddresses,
  LinuxError,
  LinuxLinks,
  LinuxRoutes,
  LinuxRules,
  libc,
  NetlinkSocket,
  NetworkMonitor,
  type OpenedTun,
  openTun,
  openUdpSocket,
  POLLIN,
  PollSet,
  type Rule,
  readSysctl,
  reversePathFilter,
  setReversePathFilter,
  udpOver,
  unixStreamPair,
} from '@patronus/system/linux';

const CLONE_NEWNET = 0x4000_0000;

const rights = canAdministerNetwork();
const isRoot = rights.ok && process.getuid?.() === 0;
const skip = !isRoot && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

function ipJson(...args: string[]): Record<string, unknown>[] {
  const text = ip('-j', ...args);
  return text.trim() === '' ? [] : JSON.parse(text);
}

function address(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

function prefix(text: string) {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** Waits for a condition by looking again; fails with its name after five seconds. */
async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for a descriptor to be readable, five seconds at most. */
function awaitReadable(fd: number): void {
  const poll = new PollSet(1);
  poll.set(0, fd, POLLIN);
  assert.equal(poll.wait(5e9), 1, 'nothing came within five seconds');
}

describe('the Linux system', { skip }, () => {
  let netlink: NetlinkSocket;
  let routes: LinuxRoutes;
  let rules: LinuxRules;
  let links: LinuxLinks;
  let addresses: LinuxAddresses;
  let left: number;

  before(() => {
    assert.ok(isRoot, rights.ok ? 'these tests need root' : rights.message);
    // Children of this thread live in the new namespace too, so `ip` sees what we see.
    checked(libc.unshare(CLONE_NEWNET), 'unshare', 'make a network namespace');
    ip('link', 'set', 'lo', 'up');
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

  describe('TUN', () => {
    let tun: OpenedTun;
    before(() => {
      tun = openTun('ptun0');
    });
    after(() => tun?.close());

    test('an interface appears with its index, and packets go both ways', () => {
      assert.equal(ipJson('link', 'show', 'ptun0')[0]?.ifindex, tun.interfaceIndex);
      links.set(tun.interfaceIndex, { up: true, mtu: 1400 });
      addresses.add({ interfaceIndex: tun.interfaceIndex, address: address('100.64.0.1'), prefixLength: 24 });
      const udp = udpOver(openUdpSocket({ family: 4, port: 0 }));
      try {
        const marker = Uint8Array.of(1, 2, 3, 4);
        assert.equal(udp.send(marker, { address: address('100.64.0.2'), port: 9 }), 'sent');
        const packet = new Uint8Array(2000);
        let length = 0;
        // The kernel talks IPv6 on a new interface as well; ours is the one to 100.64.0.2.
        while (packet[0]! >> 4 !== 4) {
          awaitReadable(tun.fd);
          length = tun.read(packet);
        }
        assert.deepEqual([...packet.subarray(length - 4, length)], [...marker]);

        // Back to where it came from: swapping both pairs leaves every checksum right.
        const reply = packet.slice(0, length);
        reply.set(packet.subarray(12, 16), 16);
        reply.set(packet.subarray(16, 20), 12);
        reply.set(packet.subarray(20, 22), 22);
        reply.set(packet.subarray(22, 24), 20);
        assert.equal(tun.write(reply), true);
        awaitReadable(udp.fd);
        const received = udp.receive();
        assert.deepEqual([...received!.bytes], [...marker]);
        assert.equal(received!.from.port, 9);
        assert.equal(formatAddress(received!.to!), '100.64.0.1');
        assert.equal(tun.write(Uint8Array.of(0xff, 0, 0)), false, 'no IP packet');
      } finally {
        udp.close();
      }
    });

    test('reading from a silent one answers at once with nothing', () => {
      const packet = new Uint8Array(2000);
      while (tun.read(packet) > 0);
      assert.equal(tun.read(packet), 0);
    });

    test('a name that is taken gives an error that says by what', () => {
      assert.throws(
        () => openTun('ptun0'),
        (error) => error instanceof LinuxError && error.code === 'EBUSY' && /ptun0/.test(error.message),
      );
      assert.throws(() => openTun('ptleft'), /another kind exists: remove it with `ip link del ptleft`/);
      assert.throws(() => openTun('pt/../x'), RangeError);
    });

    test('the virtio header can be asked for', () => {
      const offloading = openTun('ptun1', { virtioHeader: true });
      try {
        assert.ok(offloading.interfaceIndex > 0);
      } finally {
        offloading.close();
      }
      assert.equal(links.find('ptun1'), undefined, 'it goes away with its descriptor');
    });
  });

  describe('UDP sockets of an uplink', () => {
    test('they carry a mark, a device, and leave from the address asked for', () => {
      for (const [family, target, source] of [
        [4, '127.0.0.1', '127.0.0.9'],
        [6, '::1', '::1'],
      ] as const) {
        const server = udpOver(
          openUdpSocket({ family, device: 'lo', mark: 0x77, port: 0, receiveBufferBytes: 1 << 20 }),
        );
        const client = udpOver(openUdpSocket({ family, port: 0, mtuDiscovery: 'probe', trafficClass: 0xb8 }));
        try {
          const to = { address: address(target), port: server.port };
          assert.equal(client.send(Uint8Array.of(family), to, address(source)), 'sent');
          awaitReadable(server.fd);
          const datagram = server.receive()!;
          assert.deepEqual([...datagram.bytes], [family]);
          assert.equal(datagram.from.port, client.port);
          assert.equal(formatAddress(datagram.from.address), source);
          assert.equal(formatAddress(datagram.to!), target);
          assert.equal(server.send(Uint8Array.of(9), datagram.from, datagram.to), 'sent');
          awaitReadable(client.fd);
          assert.deepEqual([...client.receive()!.bytes], [9]);
          assert.equal(server.receive(), undefined);
        } finally {
          server.close();
          client.close();
        }
      }
    });

    test('one that is bound to a device never hears or uses another', () => {
      const onLeft = udpOver(openUdpSocket({ family: 4, device: 'ptleft', port: 0 }));
      const client = udpOver(openUdpSocket({ family: 4, port: 0 }));
      try {
        const over = { lo: { address: address('127.0.0.1'), port: onLeft.port } };
        assert.equal(client.send(Uint8Array.of(1), over.lo), 'sent');
        // No default route here: a bound socket may use its device all the same, another socket has no way out.
        assert.equal(client.send(Uint8Array.of(1), { address: address('203.0.113.1'), port: 9 }), 'unreachable');
        assert.equal(onLeft.send(Uint8Array.of(1), { address: address('203.0.113.1'), port: 9 }), 'sent');
        bindToDevice(onLeft.fd, 'lo');
        assert.equal(client.send(Uint8Array.of(2), over.lo), 'sent');
        awaitReadable(onLeft.fd);
        assert.deepEqual(
          [...onLeft.receive()!.bytes],
          [2],
          'the first one, sent while it was bound elsewhere, never came',
        );
      } finally {
        onLeft.close();
        client.close();
      }
    });

    test('the mark chooses the table', () => {
      const rule: Rule = { family: 4, priority: 900, action: 'lookup', table: 777, mark: { value: 0x99, mask: 0xff } };
      routes.replace({
        prefix: prefix('203.0.113.0/24'),
        table: 777,
        type: 'unicast',
        metric: 0,
        protocol: 80,
        interfaceIndex: left,
      });
      rules.add(rule);
      const marked = udpOver(openUdpSocket({ family: 4, port: 0, mark: 0x99 }));
      const plain = udpOver(openUdpSocket({ family: 4, port: 0 }));
      try {
        const to = { address: address('203.0.113.5'), port: 9 };
        assert.equal(plain.send(Uint8Array.of(1), to), 'unreachable');
        assert.equal(marked.send(Uint8Array.of(1), to), 'sent');
      } finally {
        marked.close();
        plain.close();
        rules.remove(rule);
      }
    });

    test('a datagram that the path cannot take is too big, where fragments are forbidden', () => {
      const udp = udpOver(openUdpSocket({ family: 4, device: 'ptleft', port: 0, mtuDiscovery: 'probe' }));
      try {
        const to = { address: address('192.0.2.77'), port: 9 };
        assert.equal(udp.send(new Uint8Array(1500), to), 'tooBig');
        assert.equal(udp.send(new Uint8Array(0), to), 'sent');
      } finally {
        udp.close();
      }
    });

    test('a missing interface or a taken port is named', () => {
      assert.throws(() => openUdpSocket({ family: 4, device: 'ptabsent', port: 0 }), /ptabsent.*ENODEV/);
      const first = openUdpSocket({ family: 6, port: 0 });
      try {
        assert.throws(
          () => openUdpSocket({ family: 6, port: first.port }),
          new RegExp(`UDP port ${first.port}.*EADDRINUSE`),
        );
      } finally {
        closeDescriptor(first.fd);
      }
    });
  });

  test('descriptors and large frames pass to another process and answers come back', async () => {
    const [ours, theirs] = unixStreamPair();
    const udp = openUdpSocket({ family: 4, port: 0 });
    const tun = openTun('ptun2');
    const child = spawn(process.execPath, [fileURLToPath(new URL('./fixtures/frame-echo.ts', import.meta.url))], {
      stdio: ['ignore', 'inherit', 'inherit', theirs],
    });
    closeDescriptor(theirs);
    const answers: { length: number; sum: number; links: string[] }[] = [];
    let closed = false;
    const channel = new FrameChannel(ours, {
      onFrame: (payload) => answers.push(JSON.parse(new TextDecoder().decode(payload))),
      onClose: () => {
        closed = true;
      },
    });
    try {
      const large = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
      channel.send(Uint8Array.of(1, 2, 3), [udp.fd]);
      channel.send(large);
      channel.send(Uint8Array.of(), [tun.fd, udp.fd]);
      await eventually('three answers', () => answers.length === 3);
      assert.deepEqual(
        answers.map(({ length }) => length),
        [3, 3_000_000, 0],
      );
      assert.equal(
        answers[1]?.sum,
        large.reduce((sum, byte) => sum + byte, 0),
      );
      assert.match(answers[0]!.links.join(), /^socket:\[\d+\]$/);
      assert.deepEqual(answers[1]!.links, []);
      assert.match(answers[2]!.links.join(), /^\/dev\/net\/tun,socket:\[\d+\]$/);
      assert.equal(channel.queuedBytes, 0);
      child.kill('SIGKILL');
      await eventually('the channel closes with its other end', () => closed);
      assert.equal(channel.send(Uint8Array.of(1)), false);
    } finally {
      child.kill('SIGKILL');
      channel.close();
      closeDescriptor(udp.fd);
      tun.close();
    }
  });

  test('kernel parameters are those of this namespace', () => {
    enableForwarding();
    assert.equal(readSysctl('net/ipv4/ip_forward'), '1');
    assert.equal(readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim(), '1');
    assert.equal(setReversePathFilter('ptleft', 'strict'), 'strict');
    assert.equal(setReversePathFilter('ptleft', 'loose'), 'loose');
    assert.equal(reversePathFilter('ptleft'), 'loose');
    assert.throws(
      () => readSysctl('net/ipv4/conf/ptabsent/rp_filter'),
      (error) => (error as LinuxError).code === 'ENOENT',
    );
    assert.throws(() => reversePathFilter('../all'), RangeError);
  });
});
