/** What strangers and friends gone bad may send, in numbers: nothing is delivered, nothing crashes, nothing is overwritten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '@patronus/net';
import '../kernels/build.mjs';
import { writeCompressedHeader, writeRecordHeader } from '../compressedFrame.ts';
import { uplinkSocketName } from '../descriptorNames.ts';
import { PASSED } from '../drops.ts';
import { loadKernels } from '../host/loadKernels.ts';
import { HEADROOM, Layout, MOST_SOCKETS, UDP_SLOT_LENGTH, udpSlot } from '../memory.ts';
import { encodeFrame, writePacketHeader } from '../overlay.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket, udpPacket6 } from '../simulatedSites.ts';
import { writeSockaddr } from '../sockaddr.ts';
import { asLarge, makePacket, TcpFlag } from './largePackets.ts';

/** Marsaglia's xorshift32: the same in every run. */
function dice(seed: number) {
  let state = seed;
  return (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const everyOffload = { tcp4: true, tcp6: true, udp4: true, udp6: true };
const here = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };

/** Copies of what no packet may change: keys, addresses, and the slots beside the one in use. */
function keepsakes({ memory: { bytes } }: SimulatedSite) {
  const keys = bytes.slice(Layout.sessionKeys, Layout.tunArea - HEADROOM);
  const beside = Layout.udpSlots + UDP_SLOT_LENGTH;
  bytes.fill(0x5a, beside, beside + 4 * UDP_SLOT_LENGTH);
  return () => {
    assert.ok(
      Buffer.compare(bytes.subarray(Layout.sessionKeys, Layout.tunArea - HEADROOM), keys) === 0,
      'keys changed',
    );
    assert.ok(
      bytes.subarray(beside, beside + 4 * UDP_SLOT_LENGTH).every((byte) => byte === 0x5a),
      'the next slot changed',
    );
  };
}

test('ten million mutated datagrams deliver nothing', () => {
  const { simulation, left, right } = joinedSites();
  right.tunOffloads = everyOffload;
  simulation.sent.length = 0;
  // They never arrive as they were sent: so what ends them is their tag, not that they were seen before.
  simulation.passes = () => false;
  left.fromLan(udpPacket({ ...here, length: 60 }));
  left.fromLan(udpPacket({ ...here, length: 700 }));
  simulation.run(300);
  const seeds = simulation.sent.filter(({ from }) => from === outerEndpoint(1, 'one')).map(({ bytes }) => bytes);
  assert.ok(seeds.length >= 3);
  const socket = right.forwarder.sockets.numberOf(uplinkSocketName('one', 4))!;
  assert.ok(socket < MOST_SOCKETS);
  writeSockaddr(right.memory, Layout.udpSources, parseEndpoint(outerEndpoint(1, 'one'))!);
  const unchanged = keepsakes(right);
  const next = dice(0x9e3779b9);
  const { bytes } = right.memory;
  const offset = udpSlot(0);
  const before = right.telemetry().tunnels.map(({ receivedPackets }) => receivedPackets);
  for (let round = 0; round < 10_000_000; round++) {
    // The long one now and then: what is checked of it is the same.
    const seed = seeds[round % 64 === 0 ? next(seeds.length) : next(seeds.length - 1)]!;
    bytes.set(seed, offset);
    for (let changes = 1 + next(2); changes > 0; changes--) {
      const at = next(seed.length);
      bytes[offset + at] = seed[at]! ^ (1 + next(255));
    }
    const length = next(16) === 0 ? next(seed.length) : seed.length;
    if (length === seed.length && isSame(bytes, offset, seed)) continue;
    if (round % 64 === 0) right.forwarder.beginTurn();
    right.forwarder.fromSocket(socket, offset, length, Layout.udpSources, simulation.now);
  }
  right.forwarder.flush();
  assert.equal(right.delivered.length, 0);
  assert.equal(right.deliveredLarge.length, 0);
  assert.deepEqual(
    right.telemetry().tunnels.map(({ receivedPackets }) => receivedPackets),
    before,
  );
  const { counters } = right.telemetry();
  assert.ok(counters.badTag! > 4_000_000, 'most of them were as far as their tag');
  unchanged();
});

function isSame(bytes: Uint8Array, offset: number, seed: Uint8Array): boolean {
  for (let at = 0; at < seed.length; at++) if (bytes[offset + at] !== seed[at]) return false;
  return true;
}

/** A peer that knows the key: seals anything under the next counter of the session from left to right. */
function insider(left: SimulatedSite, right: SimulatedSite) {
  const kernels = loadKernels(right.memory.memory);
  const socket = right.forwarder.sockets.numberOf(uplinkSocketName('one', 4))!;
  const { bytes, view } = right.memory;
  const { simulation, keypair } = stolen(left);
  const key = Layout.hashInput;
  const offset = udpSlot(0);
  let counter = 1_000_000;
  writeSockaddr(right.memory, Layout.udpSources, parseEndpoint(outerEndpoint(1, 'one'))!);
  return (payload: Uint8Array): number => {
    bytes.set(keypair.key, key);
    view.setUint32(offset, 4, true);
    view.setUint32(offset + 4, keypair.receiver, true);
    view.setUint32(offset + 8, counter, true);
    view.setUint32(offset + 12, 0, true);
    bytes.set(payload, offset + 16);
    kernels.unchecked.seal(key, counter, 0, offset + 16, payload.length);
    counter += 1;
    const verdict = right.forwarder.fromSocket(socket, offset, payload.length + 32, Layout.udpSources, simulation());
    right.forwarder.flush();
    return verdict;
  };
}

/** The key of the session that left sends with over uplink one, and the index that right knows it by. */
function stolen(left: SimulatedSite) {
  const datagrams: Uint8Array[] = [];
  const at = Layout.sessionKeys;
  left.fromLan(udpPacket({ ...here, length: 60 }));
  const sent = left.simulation.sent.findLast(({ from, bytes }) => from === outerEndpoint(1, 'one') && bytes[0] === 4)!;
  datagrams.push(sent.bytes);
  const receiver = new DataView(sent.bytes.buffer, sent.bytes.byteOffset).getUint32(4, true);
  // Of the keys in left's memory the one that opens what it just sent.
  const kernels = loadKernels(left.memory.memory);
  const { bytes } = left.memory;
  const counter = new DataView(sent.bytes.buffer, sent.bytes.byteOffset).getUint32(8, true);
  for (let slot = 0; slot < 64; slot++) {
    const key = at + slot * 64;
    bytes.set(sent.bytes.subarray(16), udpSlot(0));
    if (kernels.unchecked.open(key, counter, 0, udpSlot(0), sent.bytes.length - 32) !== 1) continue;
    return { keypair: { key: bytes.slice(key, key + 32), receiver }, simulation: () => left.simulation.now };
  }
  throw new Error('no key of the left site opens what it sent');
}

function compressedFrame(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(9 + 2 * (4 + packet.length));
  const view = new DataView(frame.buffer);
  writeCompressedHeader(view, 0, 0, frame.length, 7, 0);
  for (const at of [9, 13 + packet.length]) {
    writeRecordHeader(view, at, packet.length, packet.length);
    frame.set(packet, at + 4);
  }
  return frame;
}

test('a million mutated frames and packets from a peer that knows the key neither crash nor write where they should not', () => {
  const { simulation, left, right } = joinedSites();
  right.tunOffloads = everyOffload;
  const give = insider(left, right);
  simulation.run(50);
  const inner = udpPacket(here);
  const framed = new Uint8Array(5 + inner.length);
  writePacketHeader(framed, 0, 7, inner.length);
  framed.set(inner, 5);
  const syn = makePacket({
    ...{ family: 4, protocol: 6, hosts: [1, 1], ports: [9, 10], payload: new Uint8Array(0), flags: TcpFlag.syn },
    tcpOptions: [2, 4, 5, 0xb4, 1, 3, 3, 7],
  });
  syn.set([10, 1, 0, 1, 10, 2, 0, 1], 12);
  const seeds = [
    inner,
    udpPacket6(1, 2),
    syn,
    framed,
    compressedFrame(inner),
    // The first goes on in another, which goes on from any before it.
    compressedFrame(inner).slice(0, 60),
    encodeFrame({ type: 'announce', version: 1, capabilities: 7, wantsAnswer: false }).slice(),
    encodeFrame({ type: 'probe', sequence: 1, sentAtUs: 5n }).slice(),
    encodeFrame({ type: 'mtuProbe', sequence: 1, size: 1_400 }).slice(),
    encodeFrame({ type: 'mtuReply', sequence: 1, size: 1_400 }).slice(),
  ];
  assert.equal(give(inner), PASSED, 'sealed as it should be, it passes');
  assert.equal(right.delivered.length, 2);
  const unchanged = keepsakes(right);
  const next = dice(0x1234567);
  for (let round = 0; round < 1_000_000; round++) {
    const seed = seeds[round % seeds.length]!;
    const payload = next(8) === 0 ? seed.slice(0, next(seed.length + 1)) : seed.slice();
    for (let changes = next(4); changes > 0 && payload.length > 0; changes--) payload[next(payload.length)] = next(256);
    if (round % 64 === 0) right.forwarder.beginTurn();
    give(payload);
    // Probes are answered and packets delivered, as they should be: only their number is of no interest.
    simulation.sent.length = right.delivered.length = right.deliveredLarge.length = right.events.length = 0;
  }
  unchanged();
  assert.equal(give(inner), PASSED, 'and it passes still');
});

test('a hundred thousand mutated large packets from the TUN neither crash nor write where they should not', () => {
  const { simulation, left } = joinedSites();
  const large = asLarge(
    { family: 4, protocol: 6, hosts: [1, 1], ports: [1, 2], payload: new Uint8Array(5_000) },
    1_000,
  );
  const datagrams = asLarge(
    { family: 4, protocol: 17, hosts: [1, 1], ports: [1, 2], payload: new Uint8Array(900) },
    90,
  );
  for (const packet of [large, datagrams]) packet.set([10, 1, 0, 1, 10, 2, 0, 1], 10 + 12);
  assert.equal(left.fromTun(large), PASSED);
  assert.ok(simulation.sent.length >= 5);
  const unchanged = keepsakes(left);
  const next = dice(0x7654321);
  for (let round = 0; round < 100_000; round++) {
    const packet = (round & 1) === 0 ? large : datagrams;
    const at = next(70);
    const kept = packet[at]!;
    packet[at] = next(256);
    left.fromTun(packet);
    packet[at] = kept;
    simulation.sent.length = left.delivered.length = left.events.length = 0;
  }
  unchanged();
  assert.equal(left.fromTun(large), PASSED);
});
