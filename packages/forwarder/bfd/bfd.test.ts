import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedSites, outerEndpoint, SimulatedSite, simulatedSites, udpPacket } from '../simulatedSites.ts';

const isOver = (uplink: 'one' | 'two') => (datagram: { to: string }) =>
  datagram.to === outerEndpoint(1, uplink) || datagram.to === outerEndpoint(2, uplink);
const isFrom = (site: number) => (datagram: { from: string }) => datagram.from.endsWith(`.${site}:51820`);
const fromLeft = { source: [10, 1, 0, 9], destination: [10, 2, 3, 4] };

function bfdOf(site: SimulatedSite, uplink = 'one') {
  return site.telemetry().tunnels.find(({ id }) => id === `${uplink}-1-2`)!.bfd;
}

/** Both sites with these timers. */
function timed(bfd: { intervalMs: number; idleIntervalMs: number; multiplier: number }) {
  const { simulation, sites } = simulatedSites(2);
  const [left, right] = sites as [SimulatedSite, SimulatedSite];
  for (const [site, other] of [
    [left, 2],
    [right, 1],
  ] as const) {
    const plan = site.plan([other]);
    site.configure({ ...plan, tunnels: plan.tunnels.map((tunnel) => ({ ...tunnel, bfd })) });
  }
  simulation.run(2_000);
  assert.deepEqual([left.upTunnels, right.upTunnels], [2, 2]);
  return { simulation, left, right };
}

const fast = { intervalMs: 50, idleIntervalMs: 1_000, multiplier: 3 };

test('tunnels are up a few round trips after they were configured', () => {
  const { simulation, sites } = simulatedSites(2);
  const [left, right] = sites as [SimulatedSite, SimulatedSite];
  left.configure(left.plan([2]));
  right.configure(right.plan([1]));
  simulation.run(50);
  assert.deepEqual([left.upTunnels, right.upTunnels], [2, 2]);
  assert.deepEqual(
    left.all('tunnelState').map(({ state }) => state),
    ['connecting', 'connecting', 'up', 'up'],
  );
});

test('a silent cut is known within three intervals, and traffic has moved in the same moment', () => {
  const { simulation, left, right } = timed(fast);
  simulation.passes = (datagram) => !isOver('one')(datagram);
  const cutAt = simulation.now;
  simulation.run(151);
  for (const site of [left, right]) {
    const down = site.all('tunnelState').at(-1)!;
    assert.equal(down.state, 'down');
    assert.ok(down.atMs - cutAt <= 151, `${down.atMs - cutAt} ms`);
    assert.match(down.reason, /^no BFD packet for 15[01] ms \(control detection time expired\); check the uplink/);
    const switched = site.all('switched').at(-1)!;
    assert.deepEqual([switched.tunnelId, switched.atMs], ['two-1-2', down.atMs]);
  }
});

test('loss in one direction takes the tunnel down at both ends, and each says why', () => {
  const { simulation, left, right } = timed(fast);
  simulation.passes = (datagram) => !(isOver('one')(datagram) && isFrom(1)(datagram));
  simulation.run(200);
  assert.match(right.all('tunnelState').at(-1)!.reason, /no BFD packet/);
  assert.equal(
    left.all('tunnelState').find(({ state }) => state === 'down')?.reason,
    'the other end says down: control detection time expired',
  );
});

test('a tunnel that carried nothing for ten seconds is asked once a second, and as before from the first packet on', () => {
  const { simulation, left, right } = timed(fast);
  simulation.run(13_000);
  for (const site of [left, right]) {
    assert.deepEqual([bfdOf(site).transmitIntervalMs, bfdOf(site).detectionTimeMs], [1_000, 3_000]);
  }
  const before = simulation.sent.length;
  simulation.run(10_000);
  // BFD every second or a little sooner and a report with every other packet, both ways, over two tunnels.
  assert.ok(simulation.sent.length - before < 90, `${simulation.sent.length - before} datagrams`);
  left.fromLan(udpPacket(fromLeft));
  simulation.run(1);
  for (const site of [left, right]) {
    assert.deepEqual([bfdOf(site).transmitIntervalMs, bfdOf(site).detectionTimeMs], [50, 150]);
    assert.equal(bfdOf(site, 'two').transmitIntervalMs, 1_000, 'the other tunnel carries nothing');
  }
  assert.equal(left.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
});

test('traffic that comes and goes for an hour never takes a tunnel down', () => {
  const { simulation, left, right } = timed(fast);
  for (let at = 0; at < 240; at++) {
    const site = at % 3 === 0 ? right : left;
    const [source, destination] =
      site === left
        ? [
            [10, 1, 0, 9],
            [10, 2, 0, 1],
          ]
        : [
            [10, 2, 0, 1],
            [10, 1, 0, 9],
          ];
    site.fromLan(udpPacket({ source, destination }));
    simulation.run(3_000 + ((at * 977) % 24_000));
  }
  for (const site of [left, right]) {
    assert.equal(site.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
    assert.equal(bfdOf(site).downs, 0);
  }
});

test('an idle tunnel that is dead is known to be within three intervals of the first packet', () => {
  const { simulation, left } = timed(fast);
  simulation.run(13_000);
  simulation.passes = (datagram) => !isOver('one')(datagram);
  simulation.run(5);
  left.fromLan(udpPacket(fromLeft));
  simulation.run(152);
  assert.equal(left.all('tunnelState').at(-1)?.state, 'down');
  assert.equal(
    left.all('tunnelState').at(-1)?.reason,
    'nothing came back through it after a pause (path down); check the uplink and the other end',
  );
  assert.equal(left.all('switched').at(-1)?.tunnelId, 'two-1-2');
});

test('an idle tunnel that shares its uplink with one that failed is not trusted before it has answered', () => {
  const { simulation, sites } = simulatedSites(3);
  const [left, ...others] = sites as [SimulatedSite, SimulatedSite, SimulatedSite];
  const timers = (site: SimulatedSite, to: readonly number[]) => {
    const plan = site.plan(to);
    site.configure({ ...plan, tunnels: plan.tunnels.map((tunnel) => ({ ...tunnel, bfd: fast })) });
  };
  timers(left, [2, 3]);
  for (const site of others) timers(site, [1]);
  simulation.run(13_000);
  const talk = (ms: number) => {
    for (let at = 0; at < ms; at += 10) {
      left.fromLan(udpPacket(fromLeft));
      simulation.run(10);
    }
  };
  talk(500);
  // Uplink `one` of the left site dies; its tunnel to site 3 carries nothing.
  simulation.passes = ({ from, to }) => from !== outerEndpoint(1, 'one') && to !== outerEndpoint(1, 'one');
  talk(160);
  const states = left.all('tunnelState');
  assert.deepEqual([states.at(-1)?.tunnelId, states.at(-1)?.state], ['one-1-2', 'down']);
  left.fromLan(udpPacket({ source: [10, 1, 0, 9], destination: [10, 3, 0, 1] }));
  simulation.run(1);
  assert.equal(others[1]!.delivered.length, 1, 'over the other uplink');
  simulation.run(160);
  assert.equal(left.all('tunnelState').at(-1)?.tunnelId, 'one-1-3');
});

test('a tunnel in doubt that answers is used again at once, and was never down', () => {
  const { simulation, left } = timed(fast);
  simulation.run(13_000);
  left.fromLan(udpPacket(fromLeft));
  simulation.run(5_000);
  assert.equal(left.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
  assert.equal(left.upTunnels, 2);
});

test('a tunnel that is taken out is told so, and the other end does not wait for silence', () => {
  const { simulation, left, right } = joinedSites();
  const plan = left.plan([2], { serial: 2 });
  left.configure({ ...plan, tunnels: plan.tunnels.filter(({ uplinkId }) => uplinkId === 'two') });
  simulation.run(1);
  const down = right.all('tunnelState').at(-1)!;
  assert.deepEqual([down.tunnelId, down.state], ['one-1-2', 'down']);
  assert.equal(down.reason, 'the other end switched the tunnel off (BFD AdminDown)');
});

test('a forwarder that was replaced is found again in a moment, although nobody waited for silence', () => {
  const { simulation, left } = joinedSites();
  simulation.run(1_000);
  const fresh = new SimulatedSite(simulation, 2);
  fresh.configure(fresh.plan([1]));
  simulation.run(100);
  assert.deepEqual([left.upTunnels, fresh.upTunnels], [2, 2]);
  assert.equal(
    left.all('tunnelState').find(({ state }) => state === 'down')?.reason,
    'the other end says down: no diagnostic',
  );
});

test('timers that change while it is up are agreed on without a loss', () => {
  const { simulation, left, right } = timed(fast);
  for (const [site, other] of [
    [left, 2],
    [right, 1],
  ] as const) {
    const plan = site.plan([other], { serial: 2 });
    const bfd = { intervalMs: 200, idleIntervalMs: 2_000, multiplier: 4 };
    site.configure({ ...plan, tunnels: plan.tunnels.map((tunnel) => ({ ...tunnel, bfd })) });
    simulation.run(100);
  }
  simulation.run(1_000);
  for (const site of [left, right]) {
    assert.deepEqual([bfdOf(site).transmitIntervalMs, bfdOf(site).detectionTimeMs], [200, 800]);
    assert.equal(bfdOf(site).downs, 0);
  }
});

test('from a LAN nothing for UDP 3784 leaves, whoever it says it is from', () => {
  const { left } = joinedSites();
  for (const source of [
    [10, 1, 0, 9],
    [100, 64, 0, 1],
  ]) {
    left.fromLan(udpPacket({ source, destination: [100, 64, 0, 2], port: 3784, hopLimit: 255 }));
  }
  assert.equal(left.telemetry().counters.bfdFromLan, 2);
});

test('no probe is needed for a tunnel to be up: what is measured and what works are two things', () => {
  const { simulation, left } = joinedSites();
  simulation.run(5_000);
  assert.equal(left.telemetry().tunnels[0]?.roundTripUs, 0);
});
