/** A forwarder against a hand-driven WireGuard device, which may put anything into a tunnel, and onto the wire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBase64 } from '@patronus/wire';
import { type DropReason, PASSED } from '../drops.ts';
import { encodeFrame, writePacketHeader } from '../overlay.ts';
import { rawWorld } from '../rawPeer.ts';
import { udpPacket } from '../simulatedSites.ts';

const announce = encodeFrame({ type: 'announce', version: 1, capabilities: 1, wantsAnswer: false }).slice();
const inner = udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1] });

function framed(segment: number, packet: Uint8Array, length = packet.length): Uint8Array {
  const frame = new Uint8Array(5 + packet.length);
  writePacketHeader(frame, 0, segment, length);
  frame.set(packet, 5);
  return frame;
}

test('an honest packet reaches the TUN once, and its copy is a replay', () => {
  const { site, raw, give } = rawWorld();
  const sealed = raw.seal(inner);
  assert.equal(give(sealed), 'passed');
  assert.equal(give(sealed), 'replayed');
  assert.deepEqual(site.delivered, [inner]);
});

test('a changed bit anywhere keeps a packet out, and out of the replay window', () => {
  const { site, raw, give } = rawWorld();
  const sealed = raw.seal(inner);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 0x10;
    assert.notEqual(give(changed), 'passed', `byte ${at}`);
  }
  assert.equal(site.delivered.length, 0);
  assert.equal(give(sealed), 'passed');
});

test('a datagram cut anywhere is dropped', () => {
  const { site, raw, give } = rawWorld();
  const sealed = raw.seal(inner);
  for (let length = 0; length < sealed.length; length++) assert.notEqual(give(sealed.slice(0, length)), 'passed');
  assert.equal(site.delivered.length, 0);
});

test('inside a tunnel each thing that may not pass is dropped with its reason', () => {
  const { site, raw, give } = rawWorld();
  const packet = (change: object) => udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1], ...change });
  const cases: readonly (readonly [DropReason, Uint8Array])[] = [
    ['badSource', packet({ source: [10, 3, 0, 1] })],
    ['badSource', packet({ source: [10, 1, 0, 1] })],
    ['notForUs', packet({ destination: [10, 77, 0, 1] })],
    ['multicast', packet({ destination: [239, 1, 1, 1] })],
    ['bfdFromLan', packet({ port: 3784 })],
    ['malformed', inner.subarray(0, 19)],
    ['malformed', Uint8Array.of(0x50, 1, 2, 3)],
    ['malformed', Uint8Array.from([0x4f, ...inner.subarray(1, 30)])],
    ['badFrame', Uint8Array.of(0)],
    ['badFrame', Uint8Array.of(3, 0)],
    ['badFrame', framed(5, inner)],
    ['badFrame', encodeFrame({ type: 'probe', sequence: 1, sentAtUs: 1n }).slice()],
  ];
  for (const [reason, payload] of cases) assert.equal(give(raw.seal(payload)), reason);
  assert.equal(give(raw.seal(new Uint8Array(0))), 'passed');
  assert.equal(site.delivered.length, 0);
});

test('after an announcement, frames of other segments are held against their own tables', () => {
  const { site, raw, give } = rawWorld((plan) => ({
    local: [...plan.local, { segment: 5, prefix: '10.1.0.0/16' }],
    edges: [{ ...plan.edges[0]!, allowed: [...plan.edges[0]!.allowed, { segment: 5, prefix: '10.2.0.0/16' }] }],
  }));
  assert.equal(give(raw.seal(announce)), 'passed');
  // Ours, but this edge has no interface for segment 5.
  assert.equal(give(raw.seal(framed(5, inner))), 'noSegment');
  assert.equal(give(raw.seal(framed(6, inner))), 'badSource');
  assert.equal(give(raw.seal(framed(0, inner))), 'badFrame');
  assert.equal(give(raw.seal(framed(5, inner, inner.length + 100))), 'badFrame');
  assert.equal(give(raw.seal(framed(5, inner, 19))), 'malformed');
  assert.equal(give(raw.seal(Uint8Array.of(0x0f, 0, 0, 0, 0))), 'passed', 'a type of a later release');
  assert.equal(site.delivered.length, 0);
});

test('a probe is answered with what it carried, once both ends have announced themselves', () => {
  const { simulation, raw, give } = rawWorld();
  give(raw.seal(announce));
  simulation.run(0);
  const before = simulation.sent.length;
  assert.equal(give(raw.seal(encodeFrame({ type: 'probe', sequence: 9, sentAtUs: 12345n }))), 'passed');
  const [answer] = simulation.sent.slice(before);
  assert.equal(answer?.to, raw.address);
  // Type, segment, length, sequence and time, padded to 32 bytes, in a transport message.
  assert.equal(answer?.bytes.length, 32 + 32);
});

test('a stock peer is sent no frames, may send none, and only from its own addresses', () => {
  const allowed = [{ segment: 0, prefix: '10.99.0.0/24' }];
  const { simulation, site, raw, give } = rawWorld((plan, publicKey) => ({
    tunnels: [],
    peers: [{ id: 'laptop', uplinkId: 'one', publicKey, presharedKey: null, allowed }],
    routes: [...plan.routes, { ...allowed[0]!, nextHops: [], peerId: 'laptop' }],
  }));
  assert.equal(give(raw.seal(announce)), 'badFrame');
  assert.equal(give(raw.seal(inner)), 'badSource');
  assert.equal(give(raw.seal(udpPacket({ source: [10, 99, 0, 1], destination: [10, 1, 0, 1] }))), 'passed');
  assert.equal(site.delivered.length, 1);
  const before = simulation.sent.length;
  assert.equal(site.fromLan(udpPacket({ source: [10, 1, 0, 1], destination: [10, 99, 0, 1], length: 64 })), PASSED);
  assert.equal(simulation.sent[before]?.bytes.length, 64 + 32);
  assert.equal(site.telemetry().peers[0]?.remoteEndpoint, raw.address);
});

test('answers go to where the last authentic packet came from, never to where a forged one did', () => {
  const { site, raw, give } = rawWorld();
  const report = () => site.telemetry().tunnels[0]?.remoteEndpoint;
  const forged = raw.seal(inner);
  forged[20]! ^= 1;
  assert.equal(give(forged, '203.0.113.66:1'), 'badTag');
  assert.equal(report(), raw.address);
  assert.equal(give(raw.seal(inner), '203.0.113.5:7777'), 'passed');
  assert.equal(report(), '203.0.113.5:7777');
});

test('a handshake of a key that is not configured is counted and gets no answer', () => {
  const { simulation, site, raw } = rawWorld(({ tunnels }) => ({
    tunnels: tunnels.map((tunnel) => ({ ...tunnel, publicKey: toBase64(new Uint8Array(32).fill(9)), endpoints: [] })),
  }));
  assert.ok(site.telemetry().counters.unknownPeer! >= 1);
  assert.equal(simulation.sent.filter(({ to }) => to === raw.address).length, 0);
});

test('one turn of the loop takes a bounded number of handshake messages', () => {
  const { site, give } = rawWorld();
  const initiation = new Uint8Array(148);
  initiation[0] = 1;
  const verdicts = Array.from({ length: 100 }, () => give(initiation));
  assert.ok(verdicts.filter((verdict) => verdict === 'handshakeOverload').length >= 30);
  site.forwarder.beginTurn();
  assert.equal(give(initiation), 'passed');
  assert.ok(site.telemetry().counters.badMac! > 0);
});

test('a million mutated datagrams deliver nothing to the TUN, and none of them throws', () => {
  const { site, raw, simulation, give } = rawWorld();
  const valid = [
    raw.seal(inner),
    raw.seal(announce),
    raw.seal(new Uint8Array(0)),
    ...simulation.sent.map(({ bytes }) => bytes),
  ];
  const sessions = () => site.telemetry().counters.sessions;
  const before = sessions();
  // xorshift32: the same mutations in every run.
  let state = 0x9e3779b9;
  const dice = (sides: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
  const buffer = new Uint8Array(2_048);
  for (let round = 0; round < 1_000_000; round++) {
    const original = valid[dice(valid.length)]!;
    buffer.set(original);
    let length = original.length;
    const kind = dice(8);
    if (kind === 0) length = dice(length);
    else if (kind === 1) length += 1 + dice(64);
    for (let changes = 1 + dice(4); changes > 0; changes--) buffer[dice(length || 1)]! ^= 1 + dice(255);
    if (round % 64 === 0) site.forwarder.beginTurn();
    // A change may have undone itself: an untouched packet may pass, so it is not given.
    if (length === original.length && original.every((byte, at) => byte === buffer[at])) continue;
    give(buffer.subarray(0, length));
  }
  assert.equal(site.delivered.length, 0);
  assert.equal(sessions(), before);
  assert.equal(give(raw.seal(inner)), 'passed', 'and an honest packet still passes');
});
