import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBase64 } from '@patronus/wire';
import { joinedSites, publicKeyOf, type SimulatedSite, simulatedSites, udpPacket } from './simulatedSites.ts';

const fromLeft = { source: [10, 1, 0, 9], destination: [10, 2, 3, 4] };

test('the timestamp to store is told before the first handshake leaves', () => {
  const { simulation, sites } = simulatedSites(2);
  const [left] = sites as [SimulatedSite];
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

test('groups say which tunnel is preferred, and a later configuration does not undo them', () => {
  const { left } = joinedSites();
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

test('a configuration that comes again changes nothing, and keeps every session', () => {
  const { simulation, left, right } = joinedSites();
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
  const { simulation, left, right } = joinedSites();
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
  const { simulation, left, right } = joinedSites();
  const fresh = new Uint8Array(32).fill(99);
  const before = left.plan([2]);
  const uplinks = before.uplinks.map((uplink) =>
    uplink.id === 'one' ? { ...uplink, privateKey: toBase64(fresh) } : uplink,
  );
  left.configure({ ...before, uplinks, serial: 2 });
  const theirs = right.plan([1]);
  const tunnels = theirs.tunnels.map((tunnel) =>
    tunnel.uplinkId === 'one' ? { ...tunnel, publicKey: toBase64(publicKeyOf(fresh)) } : tunnel,
  );
  right.configure({ ...theirs, tunnels, serial: 2 });
  left.fromLan(udpPacket(fromLeft));
  simulation.run(0);
  assert.equal(right.delivered.length, 1, 'the other tunnel carries on');
  simulation.run(6_000);
  assert.equal(left.upTunnels, 2);
});

test('a configuration that is wrong is refused as a whole, and names what is wrong but no key', () => {
  const { simulation, left, right } = joinedSites();
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

test('routes come and go by themselves, stay over a configuration, and are all refused where one is wrong', () => {
  const { simulation, left, right } = joinedSites();
  // What the right site may send from and gives to its LAN, and the left one has no route to.
  right.configure(right.plan([1], { serial: 2, local: [{ segment: 0, prefix: '172.16.0.0/16' }] }));
  const arrives = () => {
    right.delivered.length = 0;
    left.fromLan(udpPacket({ source: [10, 1, 0, 9], destination: [172, 16, 7, 1] }));
    simulation.run(0);
    return right.delivered.length === 1;
  };
  const tell = (set: readonly string[], gone: readonly string[] = []) =>
    left.forwarder.handle({
      type: 'routes',
      set: set.map((prefix) => ({ segment: 0, prefix, nextHops: ['edge2'] })),
      gone: gone.map((prefix) => ({ segment: 0, prefix })),
    });
  assert.ok(!arrives());
  tell(['172.16.7.0/24']);
  assert.ok(arrives(), 'at once');
  left.configure(left.plan([2], { serial: 3 }));
  assert.ok(arrives(), 'a configuration leaves it');
  tell(['172.16.8.0/24', '172.16.9.1/24'], ['172.16.7.0/24']);
  assert.equal(left.all('fault').at(-1)?.code, 'ROUTES_REFUSED');
  assert.ok(arrives(), 'as it was');
  tell(['172.16.0.0/16'], ['172.16.7.0/24']);
  assert.ok(arrives(), 'the shorter one');
  tell([], ['172.16.0.0/16', '172.16.0.0/16']);
  assert.ok(!arrives(), 'gone twice is gone');
});
