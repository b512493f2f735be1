/** Compression between two sites in memory: on for a policy, off by default, and never towards one that cannot expand. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Capability } from '../overlay.ts';
import { OWN_CAPABILITIES } from '../session/tunnels.ts';
import { joinedSites, type SimulatedSite, udpPacket } from '../simulatedSites.ts';

const words = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };
const everything = [{ id: 'all', match: {}, compression: 9 }];

function compressibleAndNot(length: number): [Uint8Array, Uint8Array] {
  const zeros = udpPacket({ ...words, length });
  zeros.fill(0x20, 28);
  const random = udpPacket({ ...words, length });
  random.set(randomBytes(length - 28), 28);
  return [zeros, random];
}

/** Length of the one datagram that this packet leaves in. */
function datagramLength(site: SimulatedSite, packet: Uint8Array): number {
  const { sent } = site.simulation;
  sent.length = 0;
  site.fromLan(packet);
  assert.equal(sent.length, 1);
  return sent[0]!.bytes.length;
}

test('with the default policy ten thousand pairs of equally long packets give equally long ciphertexts', () => {
  const { left } = joinedSites();
  for (let pair = 0; pair < 10_000; pair++) {
    const length = 40 + (pair % 1_300);
    const [one, other] = compressibleAndNot(length).map((packet) => datagramLength(left, packet));
    assert.equal(one, other);
  }
});

test('a policy that compresses makes what it can smaller, and the other site gets what was sent', () => {
  const { simulation, left, right } = joinedSites();
  left.configure(left.plan([2], { serial: 2, policies: everything }));
  simulation.run(500);
  const [zeros, random] = compressibleAndNot(1_200);
  assert.ok(datagramLength(left, zeros) < 200);
  assert.ok(datagramLength(left, random) >= 1_200);
  simulation.run(10);
  assert.deepEqual(right.delivered.slice(-2), [zeros, random]);
  const { compression } = left.telemetry().tunnels.find(({ active }) => active)!;
  assert.deepEqual([compression.packets, compression.fromBytes, compression.skipped], [1, 1_200, 1]);
  const [all, rest] = left.telemetry().policies;
  assert.deepEqual([all!.id, all!.sentPackets, all!.compressedPackets, all!.skippedPackets], ['all', 2, 1, 1]);
  assert.deepEqual([rest!.id, rest!.sentPackets], [null, 0]);
});

test('the first policy that matches a flow’s first packet is the flow’s', () => {
  const { simulation, left } = joinedSites();
  const policies = [
    { id: 'seven', match: { protocol: 17, ports: [[7, 7]] as const }, compression: null },
    { id: 'elsewhere', match: { destinations: ['10.9.0.0/16'] }, compression: 9 },
    { id: 'rest', match: { sources: ['10.1.0.0/16'] }, compression: 9 },
  ];
  left.configure(left.plan([2], { serial: 2, policies }));
  simulation.run(500);
  left.fromLan(udpPacket({ ...words, port: 7 }));
  left.fromLan(udpPacket({ ...words, port: 8 }));
  const sent = Object.fromEntries(left.telemetry().policies.map(({ id, sentPackets }) => [id, sentPackets]));
  assert.deepEqual(sent, { seven: 1, elsewhere: 0, rest: 1, null: 0 });
});

test('an end that does not know LZ4 or path MTU probes gets every packet as it is, up to the configured size', () => {
  const { simulation, left, right } = joinedSites(OWN_CAPABILITIES, Capability.segments);
  left.configure(left.plan([2], { serial: 2, policies: everything }));
  simulation.run(500);
  const [zeros] = compressibleAndNot(1_380);
  assert.ok(datagramLength(left, zeros) >= 1_380);
  simulation.run(10);
  assert.deepEqual(right.delivered.at(-1), zeros);
  assert.equal(left.telemetry().tunnels[0]!.mtu, 1_380);
});
