/** Shaped uplinks between two sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../kernels/build.mjs';
import type { ForwarderPolicy } from '../control.ts';
import { PASSED } from '../drops.ts';
import { asLarge, makePacket } from '../path/largePackets.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';
import { wireLengthOfDatagram } from './wire.ts';

const here = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };
const CALL_PORT = 4_000;
const BULK_PORT = 9_000;
const policies: readonly ForwarderPolicy[] = [
  { id: 'calls', match: { ports: [[CALL_PORT, CALL_PORT]] }, compression: null, priority: 'realtime' },
  { id: 'bulk', match: { ports: [[BULK_PORT, BULK_PORT]] }, compression: null, priority: 'bulk' },
];
const call = udpPacket({ ...here, port: CALL_PORT, length: 200 });
const bulk = udpPacket({ ...here, port: BULK_PORT, length: 1_200 });

/** Two sites whose left end has uplinks of these rates, bits a second. */
function shapedSites(one: number | undefined, two?: number, own: readonly ForwarderPolicy[] = policies) {
  const joined = joinedSites();
  const { simulation, left } = joined;
  shape(left, one, two, own);
  simulation.run(100);
  simulation.sent.length = 0;
  return joined;
}

function shape(left: SimulatedSite, one?: number, two?: number, own: readonly ForwarderPolicy[] = policies): void {
  const plan = left.plan([2], { policies: own });
  const rates = { one, two } as Readonly<Record<string, number | undefined>>;
  const uplinks = plan.uplinks.map((uplink) => {
    const bitsPerSecond = rates[uplink.id];
    return bitsPerSecond === undefined ? uplink : { ...uplink, bitsPerSecond };
  });
  left.configure({ ...plan, uplinks });
}

function shapingOf(site: SimulatedSite, uplinkId = 'one') {
  const report = site.telemetry().shaping!.find((one) => one.uplinkId === uplinkId)!;
  return {
    ...report,
    by: Object.fromEntries(report.priorities.map((one) => [one.priority, one])) as Record<
      string,
      (typeof report.priorities)[number]
    >,
  };
}

const portOf = (packet: Uint8Array) => (packet[22]! << 8) | packet[23]!;

test('an uplink without a rate is not shaped', () => {
  const { left, right } = shapedSites(undefined);
  for (let at = 0; at < 500; at++) assert.equal(left.fromLan(bulk), PASSED);
  assert.deepEqual(left.telemetry().shaping, []);
  right.simulation.run(0);
  assert.equal(right.delivered.length, 500);
});

test('a shaped uplink sends at its rate, counted as on the wire', () => {
  const { simulation, left } = shapedSites(8_000_000);
  const began = simulation.now;
  for (let at = 0; at < 50; at++) left.fromLan(bulk);
  while (shapingOf(left).waitingPackets > 0) simulation.run(1);
  const bytes = simulation.sent
    .filter(({ from }) => from === outerEndpoint(1, 'one'))
    .reduce((sum, datagram) => sum + wireLengthOfDatagram(datagram.bytes.length, 16), 0);
  const rate = (bytes * 8) / (simulation.now - began) / 1_000;
  assert.ok(rate > 7.2 && rate < 8.3, `${rate} Mbit/s`);
});

test('a call waits for one packet at most while bulk fills the line', () => {
  const { simulation, left, right } = shapedSites(10_000_000);
  const delays: number[] = [];
  for (let at = 0; at < 50; at++) {
    for (let packet = 0; packet < 30; packet++) left.fromLan(bulk);
    simulation.run(7);
    const before = right.delivered.filter((packet) => portOf(packet) === CALL_PORT).length;
    const sentAt = simulation.now;
    left.fromLan(call);
    while (right.delivered.filter((packet) => portOf(packet) === CALL_PORT).length === before) simulation.run(0.1);
    delays.push(simulation.now - sentAt);
    simulation.run(13);
  }
  assert.ok(Math.max(...delays) < 2.5, `worst ${Math.max(...delays)} ms`);
  const { by } = shapingOf(left);
  assert.equal(by.realtime!.droppedPackets, 0);
  assert.equal(by.realtime!.sentPackets, 50);
  assert.ok(by.realtime!.delayP99Us! < 2_500);
  assert.ok(by.bulk!.droppedPackets > 0, 'three times as much came as the line carries');
  assert.equal(left.telemetry().counters.overload, by.bulk!.droppedPackets);
});

test('probes and handshakes never wait, and are charged', () => {
  const { simulation, left } = shapedSites(1_000_000);
  for (let round = 0; round < 100; round++) {
    for (let at = 0; at < 20; at++) left.fromLan(bulk);
    simulation.run(50);
  }
  const { tunnels } = left.telemetry();
  assert.ok(tunnels.every(({ state, loss }) => state === 'up' && loss === 0));
  const bytes = simulation.sent
    .filter(({ from }) => from === outerEndpoint(1, 'one'))
    .reduce((sum, datagram) => sum + wireLengthOfDatagram(datagram.bytes.length, 16), 0);
  assert.ok(bytes < 5 * 125_000 * 1.01, `${bytes} bytes in 5 s of 1 Mbit/s`);
});

test('a large packet is cut where it waits, and arrives whole', () => {
  const { simulation, left, right } = shapedSites(20_000_000);
  const words = {
    family: 4,
    protocol: 6,
    hosts: [1, 2],
    ports: [BULK_PORT, 80],
    payload: Uint8Array.from({ length: 30_000 }, (_, at) => at * 7),
    flags: 0x10,
  } as const;
  const large = asLarge(words, 1_340);
  // largePackets.ts makes hosts of one network: put them into the two sites.
  const packet = makePacket(words);
  assert.equal(packet.length + 10, large.length);
  const view = new DataView(large.buffer);
  for (const [offset, site] of [
    [22, 1],
    [26, 2],
  ] as const)
    large.set([10, site, 0, 1], offset);
  const total = view.getUint16(12);
  let sum = 6 + total - 20;
  for (let at = 22; at < 30; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10 + 20 + 16, sum);
  let header = 0;
  view.setUint16(20, 0);
  for (let at = 10; at < 30; at += 2) header += view.getUint16(at);
  while (header > 0xffff) header = (header & 0xffff) + (header >>> 16);
  view.setUint16(20, ~header & 0xffff);
  assert.equal(left.fromTun(large), PASSED);
  assert.ok(shapingOf(left).waitingPackets > 15);
  simulation.run(100);
  const payload = right.delivered.flatMap((one) => [...one.subarray(40)]);
  assert.deepEqual(payload, [...words.payload]);
});

test('what waits when its tunnel fails leaves over another', () => {
  const { simulation, left, right } = shapedSites(1_500_000);
  const cut = outerEndpoint(1, 'one');
  simulation.passes = ({ from, to }) => from !== cut && to !== cut;
  const dropped = () => shapingOf(left).by.bulk!.droppedPackets;
  let waiting = 0;
  let droppedBefore = 0;
  while (left.telemetry().tunnels.some(({ id, state }) => id.startsWith('one') && state === 'up')) {
    left.fromLan(bulk);
    waiting = shapingOf(left).waitingPackets;
    droppedBefore = dropped();
    right.delivered.length = simulation.sent.length = 0;
    simulation.run(5);
  }
  // In the last five milliseconds before the tunnel was down some went the old way, and CoDel dropped some.
  const gone = simulation.sent.filter(({ from, bytes }) => from === cut && bytes.length > bulk.length).length;
  assert.ok(waiting > 5, `${waiting} waited`);
  const lost = gone + dropped() - droppedBefore;
  assert.ok(lost <= 3, `${lost} of ${waiting} were gone before the tunnel was down`);
  assert.equal(right.delivered.length, waiting - lost);
});

test('a change of rates and policies loses nothing that waits', () => {
  const { simulation, left, right } = shapedSites(1_000_000);
  const packets = Array.from({ length: 8 }, (_, at) => udpPacket({ ...here, port: BULK_PORT, length: 1_000 + at }));
  for (const packet of packets) left.fromLan(packet);
  assert.ok(shapingOf(left).waitingPackets > 5);
  shape(left, 2_000_000, undefined, []);
  assert.ok(shapingOf(left).waitingPackets > 3);
  shape(left);
  simulation.run(0);
  assert.deepEqual(right.delivered, packets);
});

test('packets that wait are compressed when they leave', () => {
  const { simulation, left, right } = shapedSites(1_000_000, undefined, [{ id: 'lz', match: {}, compression: 0 }]);
  const text = udpPacket({ ...here, length: 1_200 });
  text.fill(65, 28);
  text.set([0, 0], 26);
  const packets = Array.from({ length: 8 }, () => text);
  for (const packet of packets) left.fromLan(packet);
  simulation.run(100);
  assert.deepEqual(right.delivered, packets);
  const [tunnel] = left.telemetry().tunnels.filter(({ active }) => active);
  assert.equal(tunnel!.compression.packets, 8);
  assert.ok(shapingOf(left).by.normal!.delayMostUs < 10_000, 'what shrinks leaves sooner');
});
