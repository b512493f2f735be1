/** Groups that send parity, between sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../kernels/build.mjs';
import type { ProtectionReport } from '../control.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';
import { parityFor } from './encoder.ts';

const here = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };

/** Marsaglia's xorshift32, as a number from 0 to 1. */
function dice(seed: number) {
  let state = seed;
  return (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Course {
  readonly loss: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly tunnels?: readonly ('one' | 'two')[];
  /** Of the sender, before what is counted. */
  readonly pauseMs?: number;
}

/** Sends over a path that loses so much, after it was long enough for that to be measured. */
function run({ loss, perSecond, seconds, tunnels = ['one'], pauseMs = 0 }: Course) {
  const { simulation, left, right } = joinedSites();
  const roll = dice(42);
  const lossy = outerEndpoint(1, 'one');
  left.forwarder.handle({
    type: 'groups',
    generation: 1,
    groups: [{ edgeId: 'edge2', tunnelIds: tunnels.map((uplink) => `${uplink}-1-2`), mode: 'fec' }],
  });
  simulation.passes = ({ from }) => from !== lossy || roll() >= loss;
  const sentAt = new Map<number, number>();
  const arrived: { number: number; afterMs: number }[] = [];
  let number = 0;
  const drive = (forSeconds: number) => {
    for (let at = 0; at < forSeconds * perSecond; at++) {
      number += 1;
      sentAt.set(number, simulation.now);
      left.fromLan(stamped(number));
      simulation.run(1_000 / perSecond);
      for (const packet of right.delivered.splice(0)) arrived.push(heard(packet, sentAt, simulation.now));
      simulation.sent.length = 0;
    }
  };
  drive(3);
  simulation.run(pauseMs);
  arrived.length = 0;
  const [first, before] = [number, protectionOf(left)];
  const [heardBefore] = [protectionOf(right)];
  drive(seconds);
  simulation.run(60);
  for (const packet of right.delivered.splice(0)) arrived.push(heard(packet, sentAt, simulation.now));
  const ours = arrived.filter((one) => one.number > first);
  return {
    sent: number - first,
    arrived: ours,
    residual: 1 - new Set(ours.map((one) => one.number)).size / (number - first),
    left: difference(protectionOf(left), before),
    right: difference(protectionOf(right), heardBefore),
    isInOrder: ours.every((one, at) => at === 0 || one.number > ours[at - 1]!.number),
  };
}

function stamped(number: number): Uint8Array {
  const packet = udpPacket({ ...here, length: 60 + (number % 900) });
  new DataView(packet.buffer).setUint32(28, number);
  packet.set([0, 0], 26);
  return packet;
}

function heard(packet: Uint8Array, sentAt: ReadonlyMap<number, number>, now: number) {
  const number = new DataView(packet.buffer, packet.byteOffset).getUint32(28);
  assert.deepEqual(packet, stamped(number), 'what arrives is what was sent');
  return { number, afterMs: now - sentAt.get(number)! };
}

const protectionOf = (site: SimulatedSite): ProtectionReport => site.telemetry().protection!;

function difference(after: ProtectionReport, before: ProtectionReport): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - before[name as keyof ProtectionReport]]),
  );
}

test('no loss, no parity', () => {
  const { left, residual, sent } = run({ loss: 0, perSecond: 1_000, seconds: 3 });
  assert.equal(residual, 0);
  assert.equal(left.sent, sent);
  assert.equal(left.paritySent, 0);
  assert.equal(left.copies, 0);
});

test('at five percent of loss nearly everything arrives within 30 ms, for a quarter more', () => {
  const { arrived, left, right, residual, sent, isInOrder } = run({ loss: 0.05, perSecond: 1_000, seconds: 20 });
  assert.ok(residual <= 0.001, `${residual} of the packets were lost`);
  assert.ok(left.paritySent! <= sent * 0.25, `${left.paritySent} parities for ${sent} packets`);
  assert.ok(right.repaired! > sent * 0.045, `${right.repaired} were repaired`);
  assert.ok(Math.max(...arrived.map(({ afterMs }) => afterMs)) <= 31, 'within 30 ms');
  assert.ok(isInOrder);
});

test('a fast stream that begins anew pays for the copies of its first packets: a quarter more, from the first one on', () => {
  for (const seconds of [0.25, 1]) {
    const { left, residual, sent } = run({ loss: 0.05, perSecond: 1_000, seconds, pauseMs: 300 });
    assert.ok(left.copies! > 0 && left.copies! <= 10, `${left.copies} copies`);
    const added = left.paritySent! + left.copies!;
    assert.ok(added <= sent * 0.25, `${added} more than ${sent} packets`);
    assert.ok(added >= sent * 0.24 - 5, `${added} more than ${sent} packets: protection was withheld`);
    assert.ok(residual <= 0.005, `${residual} of the packets were lost`);
  }
});

test('little loss costs little', () => {
  const { left, residual, sent } = run({ loss: 0.005, perSecond: 1_000, seconds: 10 });
  assert.ok(left.paritySent! < sent * 0.15, `${left.paritySent} parities for ${sent} packets`);
  assert.ok(residual < 0.001);
});

test('a slow flow is sent twice over one tunnel, a moment apart', () => {
  const { arrived, left, residual, sent } = run({ loss: 0.05, perSecond: 50, seconds: 40 });
  assert.equal(left.paritySent, 0);
  assert.ok(left.copies! > sent * 0.99);
  assert.ok(residual <= 0.006, `${residual} of the packets were lost`);
  assert.ok(Math.max(...arrived.map(({ afterMs }) => afterMs)) <= 21);
});

test('a slow flow takes a second tunnel where there is one', () => {
  const { residual, left, sent } = run({ loss: 0.05, perSecond: 50, seconds: 10, tunnels: ['one', 'two'] });
  assert.ok(left.copies! > sent * 0.95);
  assert.equal(residual, 0);
});

test('parity follows loss: none below a thousandth, a quarter of a block at five percent', () => {
  assert.deepEqual(
    [null, 0, 0.0009, 0.001, 0.01, 0.05, 0.2, 1].map((loss) => parityFor(loss, 20)),
    [1, 0, 0, 1, 2, 5, 5, 5],
  );
});
