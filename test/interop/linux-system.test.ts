/** TUN, UDP sockets, descriptor passing and kernel parameters of packages/system against the real kernel. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatAddress } from '@patronus/net';
import {
  bindToDevice,
  closeDescriptor,
  enableForwarding,
  FrameChannel,
  LinuxAddresses,
  LinuxError,
  LinuxLinks,
  LinuxRoutes,
  LinuxRules,
  NetlinkSocket,
  type OpenedTun,
  openTun,
  openUdpSocket,
  type Rule,
  readSysctl,
  reversePathFilter,
  setReversePathFilter,
  udpOver,
  unixStreamPair,
} from '@patronus/system/linux';
import {
  address,
  awaitReadable,
  enterOwnNamespace,
  eventually,
  ip,
  ipJson,
  prefix,
  skipWithoutRoot,
} from './ownNamespace.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

describe('the Linux system', { skip: skipWithoutRoot }, () => {
  let netlink: NetlinkSocket;
  let links: LinuxLinks;
  let left: number;

  before(() => {
    enterOwnNamespace();
    ip('link', 'add', 'ptleft', 'type', 'veth', 'peer', 'name', 'ptright');
    for (const name of ['ptleft', 'ptright']) ip('link', 'set', name, 'up');
    ip('address', 'add', '192.0.2.1/24', 'dev', 'ptleft');
    ip('link', 'set', 'ptleft', 'mtu', '1380');
    netlink = new NetlinkSocket();
    links = new LinuxLinks(netlink);
    left = links.find('ptleft')!.index;
  });

  after(() => netlink?.close());

  describe('TUN', () => {
    let tun: OpenedTun;
    before(() => {
      tun = openTun('ptun0');
    });
    after(() => tun?.close());

    test('an interface appears with its index, and packets go both ways', () => {
      assert.equal(ipJson('link', 'show', 'ptun0')[0]?.ifindex, tun.interfaceIndex);
      links.set(tun.interfaceIndex, { up: true, mtu: 1400 });
      new LinuxAddresses(netlink).add({
        interfaceIndex: tun.interfaceIndex,
        address: address('100.64.0.1'),
        prefixLength: 24,
      });
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
      const [rules, routes] = [new LinuxRules(netlink), new LinuxRoutes(netlink)];
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

    test('an interface that comes back with another index is silent until the socket is bound again', () => {
      ip('link', 'add', 'ptback', 'type', 'bridge');
      const udp = udpOver(openUdpSocket({ family: 4, device: 'ptback', port: 0 }));
      try {
        const to = { address: address('198.51.100.2'), port: 9 };
        const arrange = () => {
          ip('link', 'set', 'ptback', 'up');
          ip('address', 'add', '198.51.100.1/24', 'dev', 'ptback');
          return links.find('ptback')!.index;
        };
        const before = arrange();
        assert.equal(udp.send(Uint8Array.of(1), to), 'sent');
        ip('link', 'del', 'ptback');
        assert.equal(udp.send(Uint8Array.of(1), to), 'unreachable');
        ip('link', 'add', 'ptback', 'type', 'bridge');
        assert.notEqual(arrange(), before);
        assert.equal(udp.send(Uint8Array.of(1), to), 'unreachable');
        bindToDevice(udp.fd, 'ptback');
        assert.equal(udp.send(Uint8Array.of(1), to), 'sent');
      } finally {
        udp.close();
        ip('link', 'del', 'ptback');
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
    const child = spawn(process.execPath, [fixture('frame-echo.ts')], {
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
