import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4HeaderIsIntact, transportIsIntact } from '@patronus/net';
import { type DropReason, dropReasons, PASSED } from './drops.ts';
import {
  joinedSites,
  outerEndpoint,
  type SimulatedSite,
  simulatedSites,
  sitePrefix,
  udpPacket,
  udpPacket6,
} from './simulatedSites.ts';

const verdictName = (verdict: number): DropReason | 'passed' =>
  verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!;
const fromLeft = { source: [10, 1, 0, 9], destination: [10, 2, 3, 4] };
const isOver = (uplink: 'one' | 'two') => (datagram: { to: string }) =>
  datagram.to === outerEndpoint(1, uplink) || datagram.to === outerEndpoint(2, uplink);

test('a packet arrives at the other site byte for byte, whatever its length', () => {
  const { simulation, left, right } = joinedSites();
  for (const length of [28, 29, 43, 44, 100, 1379, 1380]) {
    const packet = udpPacket({ ...fromLeft, length });
    assert.equal(verdictName(left.fromLan(packet)), 'passed');
    simulation.run(0);
    assert.deepEqual(right.delivered.pop(), packet);
  }
  assert.equal(right.delivered.length, 0);
});

test('packets of a flow go through one tunnel, and move to the other within three intervals of silence', () => {
  const { simulation, left, right } = joinedSites();
  simulation.passes = (datagram) => !isOver('one')(datagram);
  const cutAt = simulation.now;
  let firstThrough: number | undefined;
  while (firstThrough === undefined && simulation.now < cutAt + 5_000) {
    left.fromLan(udpPacket(fromLeft));
    simulation.run(10);
    if (right.delivered.length > 0) firstThrough = simulation.now - cutAt;
  }
  assert.ok(firstThrough! <= 920, `${firstThrough} ms`);
  assert.equal(left.all('switched').at(-1)?.tunnelId, 'two-1-2');
  assert.equal(left.all('tunnelState').at(-1)?.state, 'down');
  simulation.passes = () => true;
  simulation.run(1_000);
  assert.equal(left.all('switched').at(-1)?.tunnelId, 'one-1-2');
});

test('with both uplinks silent packets are answered as unreachable, and pass again when one is back', () => {
  const { simulation, left, right } = joinedSites();
  simulation.passes = () => false;
  simulation.run(2_000);
  assert.equal(verdictName(left.fromLan(udpPacket(fromLeft))), 'noTunnel');
  const answer = left.delivered.pop()!;
  assert.deepEqual([answer[9], answer[20], answer[21]], [1, 3, 1]);
  assert.deepEqual([...answer.subarray(16, 20)], fromLeft.source);
  assert.ok(ipv4HeaderIsIntact(answer, 0, 20));
  // Longer than any session lives.
  simulation.run(200_000);
  simulation.passes = isOver('two');
  simulation.run(6_000);
  left.fromLan(udpPacket(fromLeft));
  simulation.run(0);
  assert.equal(right.delivered.length, 1);
});

test('a packet beyond the MTU is answered with the MTU', () => {
  const { left } = joinedSites();
  assert.equal(verdictName(left.fromLan(udpPacket({ ...fromLeft, length: 1381 }))), 'tooBig');
  const answer = left.delivered.pop()!;
  const view = new DataView(answer.buffer);
  assert.deepEqual([answer[20], answer[21], view.getUint16(26)], [3, 4, 1380]);
  assert.deepEqual([...answer.subarray(12, 20)], [100, 64, 0, 1, ...fromLeft.source]);
  assert.ok(ipv4HeaderIsIntact(answer, 0, 20));
});

test('IPv6 passes the same way, and its errors are those of ICMPv6', () => {
  const { simulation, left, right } = joinedSites();
  const prefix = (site: number) => ({ segment: 0, prefix: `fd0${site}::/16` });
  for (const [site, other] of [
    [left, 2],
    [right, 1],
  ] as const) {
    const edges = [{ ...site.plan([other]).edges[0]!, allowed: [prefix(other)] }];
    const routes = [{ ...prefix(other), nextHops: [`edge${other}`] }];
    site.configure(site.plan([other], { serial: 2, local: [prefix(site.number)], edges, routes }));
  }
  const packet = udpPacket6(1, 2, 1380);
  assert.equal(verdictName(left.fromLan(packet)), 'passed');
  simulation.run(0);
  assert.deepEqual(right.delivered.pop(), packet);
  for (const [reason, asked, type, code] of [
    ['tooBig', udpPacket6(1, 2, 1381), 2, 0],
    ['noRoute', udpPacket6(1, 3), 1, 0],
  ] as const) {
    assert.equal(verdictName(left.fromLan(asked)), reason);
    const answer = left.delivered.pop()!;
    assert.deepEqual([answer[6], answer[40], answer[41]], [58, type, code]);
    assert.deepEqual(answer.subarray(24, 40), asked.subarray(8, 24));
    assert.ok(transportIsIntact(answer, 6, 8, 58, 40, answer.length - 40));
    assert.ok(answer.length <= 1280);
    assert.equal(verdictName(left.fromLan(asked.with(23, 2).with(8, 0xfc))), 'notOurs');
  }
});

test('nothing is answered about an error, a later fragment or more than a hundred times a second', () => {
  const { left } = joinedSites();
  const unroutable = udpPacket({ ...fromLeft, destination: [10, 9, 0, 1] });
  const icmpError = unroutable.slice();
  icmpError[9] = 1;
  icmpError[20] = 3;
  const fragment = unroutable.slice();
  fragment[7] = 9;
  for (const packet of [icmpError, fragment]) assert.equal(verdictName(left.fromLan(packet)), 'noRoute');
  assert.equal(left.delivered.length, 0);
  for (let count = 0; count < 500; count++) left.fromLan(unroutable);
  assert.equal(left.delivered.length, 100);
});

test('what may not leave a site is dropped with its reason', () => {
  const { left, right, simulation } = joinedSites();
  const cases: readonly (readonly [DropReason, Uint8Array])[] = [
    ['notOurs', udpPacket({ ...fromLeft, source: [10, 9, 0, 1] })],
    ['noRoute', udpPacket({ ...fromLeft, destination: [10, 9, 0, 1] })],
    ['noRoute', udpPacket({ ...fromLeft, destination: [10, 1, 0, 1] })],
    ['multicast', udpPacket({ ...fromLeft, destination: [224, 0, 0, 5] })],
    ['bfdFromLan', udpPacket({ ...fromLeft, port: 3784 })],
    ['malformed', udpPacket(fromLeft).subarray(0, 50)],
    ['malformed', new Uint8Array(40)],
    ['malformed', new Uint8Array(0)],
  ];
  for (const [reason, packet] of cases) assert.equal(verdictName(left.fromLan(packet)), reason);
  simulation.run(0);
  assert.equal(right.delivered.length, 0);
  const { counters } = left.telemetry();
  assert.deepEqual(
    [counters.notOurs, counters.noRoute, counters.multicast, counters.bfdFromLan, counters.malformed],
    [1, 2, 1, 1, 3],
  );
});

test('a hub passes packets on as one hop, and a loop of edges ends', () => {
  const { simulation, sites } = simulatedSites(3);
  const [left, hub, right] = sites as [SimulatedSite, SimulatedSite, SimulatedSite];
  const everyone = [sitePrefix(1), sitePrefix(2), sitePrefix(3)];
  const via = (site: SimulatedSite) =>
    site.plan([2], {
      edges: [{ id: 'edge2', allowed: everyone, overlayAddress: '100.64.0.2' }],
      routes: everyone.map((prefix) => ({ ...prefix, nextHops: ['edge2'] })),
    });
  left.configure(via(left));
  right.configure(via(right));
  hub.configure(hub.plan([1, 3]));
  simulation.run(1_000);
  left.fromLan(udpPacket({ source: [10, 1, 0, 1], destination: [10, 3, 0, 1] }));
  simulation.run(0);
  const arrived = right.delivered.pop()!;
  assert.equal(arrived[8], 63);
  assert.ok(ipv4HeaderIsIntact(arrived, 0, 20));
  assert.ok(transportIsIntact(arrived, 4, 12, 17, 20, 80));
  left.fromLan(udpPacket({ source: [10, 1, 0, 1], destination: [10, 3, 0, 1], hopLimit: 1 }));
  simulation.run(0);
  assert.equal(hub.telemetry().counters.hopLimit, 1);
  // The hub believes that site 3 is behind the edge that believes it is behind the hub.
  hub.configure(hub.plan([1, 3], { routes: [{ ...sitePrefix(3), nextHops: ['edge1'] }] }));
  left.fromLan(udpPacket({ source: [10, 1, 0, 1], destination: [10, 3, 0, 1] }));
  simulation.run(0);
  assert.equal(hub.telemetry().counters.noTunnel, 1);
});

test('a second next hop takes over when no tunnel to the first is up', () => {
  const { simulation, sites } = simulatedSites(3);
  const [left, first, second] = sites as [SimulatedSite, SimulatedSite, SimulatedSite];
  const shared = { segment: 0, prefix: '10.50.0.0/16' };
  left.configure(left.plan([2, 3], { routes: [{ ...shared, nextHops: ['edge2', 'edge3'] }] }));
  for (const site of [first, second]) site.configure(site.plan([1], { local: [shared] }));
  simulation.run(1_000);
  const packet = udpPacket({ source: [10, 1, 0, 1], destination: [10, 50, 0, 1] });
  left.fromLan(packet);
  simulation.run(0);
  assert.deepEqual([first.delivered.length, second.delivered.length], [1, 0]);
  simulation.passes = ({ from, to }) => ![from, to].some((endpoint) => endpoint.endsWith('.2:51820'));
  simulation.run(2_000);
  left.fromLan(packet);
  simulation.run(0);
  assert.deepEqual([first.delivered.length, second.delivered.length], [1, 1]);
});

test('sessions are renewed for hours without a lost packet', () => {
  const { simulation, left, right } = joinedSites();
  let sent = 0;
  for (let minute = 0; minute < 60; minute += 0.25) {
    left.fromLan(udpPacket(fromLeft));
    sent++;
    simulation.run(15_000);
  }
  assert.equal(right.delivered.length, sent);
  assert.ok(left.telemetry().counters.sessions! > 50);
  assert.equal(left.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
});

test('a tunnel follows its other end to a new address', () => {
  const { simulation, left, right } = joinedSites();
  const moved = '203.0.113.77:1234';
  simulation.attach(moved, {
    receive: (datagram) => left.receive({ ...datagram, to: outerEndpoint(1, 'one') }),
    deadline: Infinity,
    turn: () => undefined,
  });
  const send = simulation.send.bind(simulation);
  simulation.send = (datagram) =>
    send(datagram.from === outerEndpoint(1, 'one') ? { ...datagram, from: moved } : datagram);
  simulation.passes = ({ to }) => to !== outerEndpoint(1, 'one');
  simulation.run(300);
  right.fromLan(udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1] }));
  simulation.run(0);
  assert.equal(left.delivered.length, 1);
  const report = right.telemetry().tunnels.find(({ id }) => id === 'one-1-2');
  assert.deepEqual([report?.remoteEndpoint, report?.state], [moved, 'up']);
  assert.equal(right.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
});
