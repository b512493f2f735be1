import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4HeaderIsIntact, transportIsIntact } from '@patronus/net';
import { type DropReason, dropReasons, PASSED } from './drops.ts';
import { loadKernels } from './host/loadKernels.ts';
import { hostPrimitives } from './host/primitives.ts';
import { createMemory } from './memory.ts';
import { outerEndpoint, SimulatedSite, sitePrefix, udpPacket } from './simulatedSites.ts';
import { Simulation } from './simulation.ts';

const options = {
  loadKernels: ({ memory }: { memory: WebAssembly.Memory }) => loadKernels(memory),
  primitives: hostPrimitives,
};
const keyMaker = (() => {
  const memory = createMemory();
  return hostPrimitives(memory, loadKernels(memory.memory));
})();
const publicKeyOf = (key: Uint8Array) => keyMaker.privateKey(key).publicKey;

function sites(count: number): { simulation: Simulation; sites: SimulatedSite[] } {
  const simulation = new Simulation(options);
  const made = Array.from({ length: count }, (_, at) => new SimulatedSite(simulation, at + 1, publicKeyOf));
  return { simulation, sites: made };
}

/** Two sites with both tunnels up. */
function joined() {
  const { simulation, sites: made } = sites(2);
  const [left, right] = made as [SimulatedSite, SimulatedSite];
  left.configure(left.plan([2]));
  right.configure(right.plan([1]));
  simulation.run(1_000);
  assert.deepEqual([left.upTunnels, right.upTunnels], [2, 2]);
  return { simulation, left, right };
}

const verdictName = (verdict: number): DropReason | 'passed' =>
  verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!;
const fromLeft = { source: [10, 1, 0, 9], destination: [10, 2, 3, 4] };
const isOver = (uplink: 'one' | 'two') => (datagram: { to: string }) =>
  datagram.to === outerEndpoint(1, uplink) || datagram.to === outerEndpoint(2, uplink);

test('a packet arrives at the other site byte for byte, whatever its length', () => {
  const { simulation, left, right } = joined();
  for (const length of [28, 29, 43, 44, 100, 1379, 1380]) {
    const packet = udpPacket({ ...fromLeft, length });
    assert.equal(verdictName(left.fromLan(packet)), 'passed');
    simulation.run(0);
    assert.deepEqual(right.delivered.pop(), packet);
  }
  assert.equal(right.delivered.length, 0);
});

test('the timestamp to store is told before the first handshake leaves', () => {
  const { simulation, sites: made } = sites(2);
  const [left] = made as [SimulatedSite];
  let toldBefore: boolean | undefined;
  simulation.passes = () => {
    toldBefore ??= left.all('timestamp').length > 0;
    return true;
  };
  left.configure(left.plan([2]));
  simulation.run(100);
  assert.equal(toldBefore, true);
  assert.match(left.all('timestamp')[0]!.label, /^[0-9a-f]{24}$/);
  // One label a minute, not one a handshake.
  simulation.run(20_000);
  assert.equal(left.all('timestamp').filter(({ uplinkId }) => uplinkId === 'one').length, 1);
});

test('packets of a flow go through one tunnel, and move to the other within 1.25 s of silence', () => {
  const { simulation, left, right } = joined();
  simulation.passes = (datagram) => !isOver('one')(datagram);
  const cutAt = simulation.now;
  let firstThrough: number | undefined;
  while (firstThrough === undefined && simulation.now < cutAt + 5_000) {
    left.fromLan(udpPacket(fromLeft));
    simulation.run(10);
    if (right.delivered.length > 0) firstThrough = simulation.now - cutAt;
  }
  assert.ok(firstThrough! <= 1_260, `${firstThrough} ms`);
  assert.equal(left.all('switched').at(-1)?.tunnelId, 'two-1-2');
  assert.equal(left.all('tunnelState').at(-1)?.state, 'down');
  simulation.passes = () => true;
  simulation.run(1_000);
  assert.equal(left.all('switched').at(-1)?.tunnelId, 'one-1-2');
});

test('groups say which tunnel is preferred, and a later configuration does not undo them', () => {
  const { left } = joined();
  const group = { edgeId: 'edge2', tunnelIds: ['two-1-2', 'one-1-2', 'unknown'] };
  left.forwarder.handle({ type: 'groups', generation: 7, groups: [group] });
  assert.deepEqual(
    { ...left.all('switched').at(-1), atMs: 0 },
    { type: 'switched', edgeId: 'edge2', tunnelId: 'two-1-2', generation: 7, atMs: 0 },
  );
  const switches = left.all('switched').length;
  left.configure(left.plan([2], { serial: 2 }));
  assert.equal(left.all('switched').length, switches);
  assert.equal(left.all('configured').at(-1)?.serial, 2);
});

test('with both uplinks silent packets are answered as unreachable, and pass again when one is back', () => {
  const { simulation, left, right } = joined();
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
  const { left } = joined();
  assert.equal(verdictName(left.fromLan(udpPacket({ ...fromLeft, length: 1381 }))), 'tooBig');
  const answer = left.delivered.pop()!;
  const view = new DataView(answer.buffer);
  assert.deepEqual([answer[20], answer[21], view.getUint16(26)], [3, 4, 1380]);
  assert.deepEqual([...answer.subarray(12, 20)], [100, 64, 0, 1, ...fromLeft.source]);
  assert.ok(ipv4HeaderIsIntact(answer, 0, 20));
});

test('what may not leave a site is dropped with its reason', () => {
  const { left, right, simulation } = joined();
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
  const { simulation, sites: made } = sites(3);
  const [left, hub, right] = made as [SimulatedSite, SimulatedSite, SimulatedSite];
  const everyone = [sitePrefix(1), sitePrefix(2), sitePrefix(3)];
  const via = (site: SimulatedSite) =>
    site.plan([2], {
      edges: [{ id: 'edge2', allowed: everyone }],
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
  const { simulation, sites: made } = sites(3);
  const [left, first, second] = made as [SimulatedSite, SimulatedSite, SimulatedSite];
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

test('a configuration that comes again changes nothing, and keeps every session', () => {
  const { simulation, left, right } = joined();
  const { sessions } = left.telemetry().counters;
  for (let serial = 2; serial < 6; serial++) {
    left.configure(left.plan([2], { serial }));
    left.fromLan(udpPacket(fromLeft));
    simulation.run(100);
    assert.equal(right.delivered.length, serial - 1);
  }
  assert.equal(left.telemetry().counters.sessions, sessions);
  assert.equal(left.all('switched').length, 1);
});

test('a tunnel that goes takes its sessions, and its traffic moves at once', () => {
  const { simulation, left, right } = joined();
  left.configure(left.plan([2], { serial: 2, tunnels: [left.tunnelTo(2, 'two')] }));
  left.fromLan(udpPacket(fromLeft));
  simulation.run(0);
  assert.equal(right.delivered.length, 1);
  assert.deepEqual(
    left.telemetry().tunnels.map(({ id }) => id),
    ['two-1-2'],
  );
});

test('a new uplink key is taken over by a new handshake', () => {
  const { simulation, left, right } = joined();
  const fresh = new Uint8Array(32).fill(99);
  const before = left.plan([2]);
  const uplinks = before.uplinks.map((uplink) =>
    uplink.id === 'one' ? { ...uplink, privateKey: Buffer.from(fresh).toString('base64') } : uplink,
  );
  left.configure({ ...before, uplinks, serial: 2 });
  const theirs = right.plan([1]);
  const tunnels = theirs.tunnels.map((tunnel) =>
    tunnel.uplinkId === 'one' ? { ...tunnel, publicKey: Buffer.from(publicKeyOf(fresh)).toString('base64') } : tunnel,
  );
  right.configure({ ...theirs, tunnels, serial: 2 });
  left.fromLan(udpPacket(fromLeft));
  simulation.run(0);
  assert.equal(right.delivered.length, 1, 'the other tunnel carries on');
  simulation.run(6_000);
  assert.equal(left.upTunnels, 2);
});

test('a configuration that is wrong is refused as a whole, and names what is wrong but no key', () => {
  const { simulation, left, right } = joined();
  const good = left.plan([2], { serial: 9 });
  const secret = good.uplinks[0]!.privateKey;
  const bad: readonly object[] = [
    { ...good, uplinks: [{ ...good.uplinks[0]!, privateKey: `${secret.slice(0, 40)}!!!=` }] },
    { ...good, routes: [{ segment: 0, prefix: '10.2.0.1/16', nextHops: [] }] },
    { ...good, uplinks: [] },
    { ...good, tunnels: [...good.tunnels, good.tunnels[0]!] },
    { ...good, mtu: 20 },
    { ...good, edges: undefined },
  ];
  for (const command of bad) left.forwarder.handle(command as typeof good);
  const faults = left.all('fault');
  assert.equal(faults.length, bad.length);
  assert.ok(
    faults.every(
      ({ code, fatal, message }) =>
        code === 'CONFIGURATION_REFUSED' && !fatal && !message.includes(secret.slice(0, 40)),
    ),
  );
  left.fromLan(udpPacket(fromLeft));
  simulation.run(0);
  assert.equal(right.delivered.length, 1);
});

test('sessions are renewed for hours without a lost packet', () => {
  const { simulation, left, right } = joined();
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
  const { simulation, left, right } = joined();
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
