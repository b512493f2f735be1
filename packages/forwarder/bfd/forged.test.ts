/** BFD packets through a tunnel from whoever holds its key, and may write anything into them (attack row 21). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeIpv4HeaderChecksum, writeTransportChecksum } from '@patronus/net';
import { encodeFrame } from '../overlay.ts';
import { rawWorld } from '../rawPeer.ts';
import type { SimulatedSite } from '../simulatedSites.ts';

const REMOTE_DISCRIMINATOR = 0x0203_0405;
const State = { down: 0x40, init: 0x80, up: 0xc0 } as const;

/** A right BFD packet of the other edge, but for what `change` does to it before its checksums are written. */
function bfdPacket(yourDiscriminator: number, state: number, change: (packet: Uint8Array) => void = () => undefined) {
  const packet = new Uint8Array(52);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0xc0, 0, 52, 0, 0, 0, 0, 255, 17, 0, 0, 100, 64, 0, 2, 100, 64, 0, 1]);
  packet.set([0xc0, 0, 0x0e, 0xc8, 0, 32], 20);
  packet.set([0x23, state, 3, 24], 28);
  view.setUint32(32, REMOTE_DISCRIMINATOR);
  view.setUint32(36, yourDiscriminator);
  view.setUint32(40, 1_000_000);
  view.setUint32(44, 1_000_000);
  change(packet);
  writeIpv4HeaderChecksum(packet, 0, 20);
  if (view.getUint16(24) === 32) writeTransportChecksum(packet, 4, 12, 17, 20, 32, 6);
  return packet;
}

function discriminatorOf(site: SimulatedSite): number {
  return site.telemetry().tunnels[0]!.bfd.localDiscriminator;
}

/** The tunnel is up with a peer that says only what the test says. */
function upWorld() {
  const world = rawWorld();
  const { raw, give, site } = world;
  give(raw.seal(encodeFrame({ type: 'announce', version: 1, capabilities: 0, wantsAnswer: false }).slice()));
  assert.equal(give(raw.seal(bfdPacket(0, State.down))), 'passed');
  assert.equal(give(raw.seal(bfdPacket(discriminatorOf(site), State.init))), 'passed');
  assert.equal(site.upTunnels, 1);
  return world;
}

const cases: readonly (readonly [string, 'bfdFromLan' | 'badBfd', (packet: Uint8Array) => void])[] = [
  ['a host of the other site as its source', 'bfdFromLan', (packet) => packet.set([10, 2, 0, 9], 12)],
  ['a host of ours as its destination', 'bfdFromLan', (packet) => packet.set([10, 1, 0, 9], 16)],
  ['our own address as its source', 'bfdFromLan', (packet) => packet.set([100, 64, 0, 1], 12)],
  ['a hop limit of 254', 'badBfd', (packet) => packet.fill(254, 8, 9)],
  ['a version of 2', 'badBfd', (packet) => packet.fill(0x43, 28, 29)],
  ['a length of 23', 'badBfd', (packet) => packet.fill(23, 31, 32)],
  ['a length beyond its payload', 'badBfd', (packet) => packet.fill(25, 31, 32)],
  ['a zero Detect Mult', 'badBfd', (packet) => packet.fill(0, 30, 31)],
  ['a zero My Discriminator', 'badBfd', (packet) => packet.fill(0, 32, 36)],
  ['another Your Discriminator', 'badBfd', (packet) => packet.set([packet[39]! ^ 1], 39)],
  ['the M bit', 'badBfd', (packet) => packet.set([0x41], 29)],
  ['authentication that nobody agreed on', 'badBfd', (packet) => packet.set([0x44], 29)],
  ['a UDP length beyond the packet', 'badBfd', (packet) => packet.fill(33, 25, 26)],
  ['a UDP length of 7', 'badBfd', (packet) => packet.fill(7, 25, 26)],
  ['more fragments to come', 'badBfd', (packet) => packet.fill(0x20, 6, 7)],
];
for (const [what, reason, change] of cases) {
  test(`a BFD packet with ${what} is dropped as ${reason}, and changes no state`, () => {
    const { site, raw, give } = upWorld();
    const discriminator = discriminatorOf(site);
    assert.equal(give(raw.seal(bfdPacket(discriminator, State.down, change))), reason);
    assert.equal(site.telemetry().counters[reason], 1);
    assert.equal(site.upTunnels, 1);
    assert.equal(site.delivered.length, 0);
    assert.equal(give(raw.seal(bfdPacket(discriminator, State.down))), 'passed');
    assert.equal(site.upTunnels, 0, 'without the change it was believed');
  });
}

test('a wrong UDP checksum, and a packet cut short, are dropped', () => {
  const { site, raw, give } = upWorld();
  const discriminator = discriminatorOf(site);
  const damaged = bfdPacket(discriminator, State.down);
  damaged[51]! ^= 1;
  assert.equal(give(raw.seal(damaged)), 'badBfd');
  const whole = bfdPacket(discriminator, State.down);
  // Padding of the transport message is not part of it.
  for (let length = 20; length < 52; length++) {
    const cut = whole.slice(0, length);
    cut[3] = length;
    writeIpv4HeaderChecksum(cut, 0, 20);
    assert.notEqual(give(raw.seal(cut)), 'passed', `${length} bytes`);
  }
  assert.equal(site.upTunnels, 1);
});

test('fifty thousand damaged BFD packets of an edge that holds the key change no state', () => {
  const { site, raw, give } = upWorld();
  const discriminator = discriminatorOf(site);
  let seed = 7;
  const next = () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
  };
  for (let at = 0; at < 50_000; at++) {
    const packet = bfdPacket(discriminator, State.down);
    // Behind the checksums: whatever is changed, they no longer hold.
    packet[20 + (next() % 32)]! ^= 1 << (next() % 8);
    give(raw.seal(packet));
  }
  assert.equal(site.upTunnels, 1);
  assert.equal(site.all('tunnelState').filter(({ state }) => state === 'down').length, 0);
});

test('a stock peer that sends to UDP 3784 is not heard', () => {
  const stock = [{ segment: 0, prefix: '10.99.0.0/24' }];
  const { raw, give } = rawWorld((plan, publicKey) => ({
    tunnels: [],
    peers: [{ id: 'phone', uplinkId: 'one', publicKey, presharedKey: null, allowed: stock }],
    edges: plan.edges,
  }));
  assert.equal(give(raw.seal(bfdPacket(0, State.down))), 'bfdFromLan');
});
