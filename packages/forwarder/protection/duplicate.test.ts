/** Groups that send everything twice, between sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../kernels/build.mjs';
import { PASSED } from '../drops.ts';
import { OWN_CAPABILITIES } from '../session/tunnels.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';
import { PROTECTION_CAPABILITY } from './numberedFrame.ts';

const here = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };

/** A packet that says which one it is. */
function numbered(at: number, length = 100): Uint8Array {
  return udpPacket({ ...here, port: 1_000 + at, length });
}

function duplicate(site: SimulatedSite, other: number): void {
  const tunnelIds = ['one', 'two'].map((uplink) => `${uplink}-1-2`);
  site.forwarder.handle({
    type: 'groups',
    generation: 1,
    groups: [{ edgeId: `edge${other}`, tunnelIds, mode: 'duplicate' }],
  });
}

function doubledSites(...capabilities: number[]) {
  const joined = joinedSites(...capabilities);
  duplicate(joined.left, 2);
  joined.simulation.run(1_500);
  joined.simulation.sent.length = 0;
  joined.right.delivered.length = 0;
  return joined;
}

test('each packet travels over both tunnels and arrives once', () => {
  const { simulation, left, right } = doubledSites();
  const packets = Array.from({ length: 100 }, (_, at) => numbered(at));
  for (const packet of packets) {
    assert.equal(left.fromLan(packet), PASSED);
    simulation.run(0);
  }
  assert.deepEqual(right.delivered, packets);
  for (const uplink of ['one', 'two'] as const) {
    assert.equal(simulation.sent.filter(({ from }) => from === outerEndpoint(1, uplink)).length, 100);
  }
  const { protection } = left.telemetry();
  assert.deepEqual([protection!.sent, protection!.copies], [100, 100]);
  assert.deepEqual([right.telemetry().protection!.received, right.telemetry().protection!.duplicates], [100, 100]);
});

test('from the moment that groups are applied a flow that was there before is sent twice, as is a new one', () => {
  const { simulation, left, right } = joinedSites();
  const dead = outerEndpoint(1, 'one');
  for (let at = 0; at < 50; at++) {
    left.fromLan(numbered(0));
    simulation.run(1);
  }
  right.delivered.length = 0;
  duplicate(left, 2);
  assert.equal(left.all('groupsApplied').at(-1)!.generation, 1);
  // Not even the first packet depends on the path that fails at this very moment.
  simulation.passes = ({ from, to }) => from !== dead && to !== dead;
  for (const packet of [numbered(0), numbered(1)]) assert.equal(left.fromLan(packet), PASSED);
  simulation.run(20);
  assert.deepEqual(right.delivered, [numbered(0), numbered(1)]);
  assert.equal(left.telemetry().protection!.copies, 2);
});

test('a path that is cut loses nothing, before the cut is known and after', () => {
  for (const uplink of ['one', 'two'] as const) {
    const { simulation, left, right } = doubledSites();
    const packets = Array.from({ length: 600 }, (_, at) => numbered(at));
    const dead = outerEndpoint(1, uplink);
    for (const [at, packet] of packets.entries()) {
      if (at === 100) simulation.passes = ({ from, to }) => from !== dead && to !== dead;
      left.fromLan(packet);
      simulation.run(5);
    }
    simulation.run(50);
    assert.equal(left.telemetry().tunnels.filter(({ state }) => state === 'up').length, 1, 'the cut was found');
    assert.deepEqual(right.delivered, packets);
  }
});

test('both paths losing now and then lose what both lost', () => {
  const { simulation, left, right } = doubledSites();
  let at = 0;
  // Every fifth datagram of one, every seventh of the other.
  simulation.passes = ({ from }) => {
    if (from === outerEndpoint(1, 'one')) return at % 5 !== 0;
    return from !== outerEndpoint(1, 'two') || at % 7 !== 0;
  };
  const packets = Array.from({ length: 350 }, (_, number) => numbered(number));
  for (at = 0; at < 350; at++) {
    left.fromLan(packets[at]!);
    simulation.run(1);
  }
  simulation.run(50);
  assert.deepEqual(
    right.delivered,
    packets.filter((_, number) => number % 35 !== 0),
  );
});

test('a packet as large as fits is not cut, a larger one is answered, and fragments arrive', () => {
  const { simulation, left, right } = doubledSites();
  const room = Math.min(...left.telemetry().tunnels.map(({ mtu }) => mtu)) - 18;
  assert.equal(left.fromLan(numbered(1, room)), PASSED);
  assert.notEqual(left.fromLan(numbered(1, room + 1)), PASSED, 'it may not be fragmented');
  assert.equal(left.delivered.length, 1);
  assert.equal((left.delivered[0]![26]! << 8) | left.delivered[0]![27]!, room);
  simulation.run(20);
  assert.deepEqual(right.delivered, [numbered(1, room)]);
});

test('an end that does not know numbered packets gets them once and plain', () => {
  const { simulation, left, right } = doubledSites(OWN_CAPABILITIES, OWN_CAPABILITIES & ~PROTECTION_CAPABILITY);
  const packets = Array.from({ length: 10 }, (_, at) => numbered(at));
  for (const packet of packets) left.fromLan(packet);
  simulation.run(0);
  assert.deepEqual(right.delivered, packets);
  assert.equal(simulation.sent.filter(({ from }) => from === outerEndpoint(1, 'two')).length, 0);
});
