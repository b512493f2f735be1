/** Measurement between two sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyReport, TunnelMeasurement } from '@patronus/steering/measurement';
import fc from 'fast-check';
import { Capability } from '../overlay.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';
import type { Simulation } from '../simulation.ts';
import { decodeReport, encodeReport, REPORT_BODY_LENGTH } from './reportFrame.ts';

const toRight = udpPacket({ source: [10, 1, 0, 1], destination: [10, 2, 0, 1] });
const toLeft = udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1] });
const ONE = 'one-1-2';

function talk(simulation: Simulation, left: SimulatedSite, right: SimulatedSite, ms: number): void {
  for (const end = simulation.now + ms; simulation.now < end; ) {
    left.fromLan(toRight);
    right.fromLan(toLeft);
    simulation.run(2);
  }
}

const qualityOf = (site: SimulatedSite, id = ONE) =>
  site
    .all('quality')
    .flatMap(({ tunnels }) => tunnels)
    .findLast((tunnel) => tunnel.id === id)!;

test('packets lost in one direction are told at both ends as that direction’s, and the other stays clean', () => {
  const { simulation, left, right } = joinedSites();
  talk(simulation, left, right, 1_000);
  let count = 0;
  simulation.passes = ({ from, bytes }) => from !== outerEndpoint(1, 'one') || bytes[0] !== 4 || ++count % 10 !== 0;
  talk(simulation, left, right, 3_000);
  const [atLeft, atRight] = [qualityOf(left), qualityOf(right)];
  for (const direction of [atLeft.outgoing!, atRight.incoming!]) {
    assert.ok(Math.abs(direction.loss - 0.1) < 0.01, `${direction.loss}`);
    assert.ok(direction.packets > 400);
  }
  assert.equal(atLeft.incoming!.loss, 0);
  assert.equal(atRight.outgoing!.loss, 0);
  const report = left.telemetry().tunnels.find(({ id }) => id === ONE)!;
  assert.ok(Math.abs(report.loss! - 0.1) < 0.03);
  assert.ok(report.quality!.mos! < 4);
});

test('a tunnel with traffic is told of four times a second, an idle one every five seconds', () => {
  const { simulation, left, right } = joinedSites();
  talk(simulation, left, right, 1_000);
  left.events.length = 0;
  talk(simulation, left, right, 5_000);
  const told = (id: string) => left.all('quality').filter(({ tunnels }) => tunnels.some((tunnel) => tunnel.id === id));
  assert.ok(Math.abs(told(ONE).length - 20) <= 1, `${told(ONE).length}`);
  assert.equal(told('two-1-2').length, 1);
});

test('a tunnel that may be getting worse is told of with every report', () => {
  const { simulation, left, right } = joinedSites();
  talk(simulation, left, right, 1_000);
  let count = 0;
  simulation.passes = ({ from, bytes }) => from !== outerEndpoint(1, 'one') || bytes[0] !== 4 || ++count % 20 !== 0;
  talk(simulation, left, right, 500);
  for (const site of [left, right]) site.events.length = 0;
  talk(simulation, left, right, 2_000);
  const told = (site: SimulatedSite) =>
    site.all('quality').filter(({ tunnels }) => tunnels.some(({ id }) => id === ONE));
  assert.ok(Math.abs(told(left).length - 20) <= 2, `${told(left).length}`);
  assert.ok(Math.abs(told(right).length - 8) <= 1, `${told(right).length}: what it sends arrives`);
});

test('while nothing is sent the reports go along with BFD packets, and wake nobody', () => {
  const { simulation, left } = joinedSites();
  simulation.run(12_000);
  // A report with its frame header is 53 bytes, 64 with padding, 96 sealed; so is a BFD packet.
  const leftAt = new Map<number, number>();
  const send = simulation.send.bind(simulation);
  simulation.send = (datagram) => {
    if (datagram.bytes.length === 96 && datagram.from === outerEndpoint(1, 'one')) {
      leftAt.set(simulation.now, (leftAt.get(simulation.now) ?? 0) + 1);
    }
    send(datagram);
  };
  simulation.run(20_000);
  const together = [...leftAt.values()].filter((count) => count === 2).length;
  assert.ok(leftAt.size >= 20 && leftAt.size <= 27, `${leftAt.size} moments, where BFD has 20 to 27`);
  assert.ok(together >= 9 && together <= 14, `${together} of them with a report`);
  const { roundTripUs, outgoing, incoming } = qualityOf(left);
  // Reports leave with BFD packets, between whole microseconds, and each cuts two times down to them: less than two.
  assert.ok(roundTripUs! <= 2, `${roundTripUs} µs`);
  assert.deepEqual([outgoing!.loss, incoming!.loss], [0, 0]);
});

test('ends that report to each other send no regular probes besides', () => {
  const { simulation, left, right } = joinedSites();
  simulation.run(2_000);
  const before = simulation.sent.length;
  simulation.run(15_000);
  talk(simulation, left, right, 100);
  const lengths = simulation.sent.slice(before).map(({ bytes }) => bytes.length);
  // A probe and its reply are 17 bytes, 32 with padding, 64 sealed; packets of people here are longer.
  assert.equal(lengths.filter((length) => length === 64).length, 0);
});

test('probes that find out what does not fit are no loss', () => {
  const { simulation, left, right } = joinedSites();
  simulation.passes = ({ bytes }) => bytes.length <= 1_340;
  left.configure(left.plan([2], { serial: 2, mtu: 1_420 }));
  right.configure(right.plan([1], { serial: 2, mtu: 1_420 }));
  simulation.run(2_000);
  talk(simulation, left, right, 9_000);
  const { outgoing, incoming } = left.telemetry().tunnels.find(({ id }) => id === ONE)!.quality!;
  // Eight did not arrive in these ten seconds, of 4,600; one of them may be excused a report too early.
  for (const { loss } of [outgoing!, incoming!]) assert.ok(loss < 0.0005, `${loss}`);
  assert.ok(left.telemetry().tunnels.every(({ mtu }) => mtu < 1_340));
});

test('an end of an older release is not sent reports, and its round trip is still known', () => {
  const { simulation, left, right } = joinedSites(Capability.segments, Capability.segments);
  talk(simulation, left, right, 2_000);
  const report = left.telemetry().tunnels.find(({ id }) => id === ONE)!;
  assert.equal(report.quality, undefined);
  assert.equal(report.roundTripUs, 0);
});

const u32 = fc.nat(0xffff_ffff);
const reports = fc.record({
  ...{ instance: u32, sentUs: fc.nat(2 ** 50), echoUs: fc.nat(2 ** 50), heldUs: u32, expected: u32, received: u32 },
  ...{ receivedBytes: u32, probesSent: u32, jitterUs: u32, delayChangeUs: u32 },
});

test('a report frame comes out as it went in, also with more behind it, and no beginning of one is taken for whole', () => {
  fc.assert(
    fc.property(reports, fc.uint8Array({ maxLength: 20 }), (report, more) => {
      const frame = Uint8Array.of(...encodeReport(report), ...more);
      const read = emptyReport();
      assert.ok(decodeReport(frame, read));
      assert.deepEqual(read, { ...report });
      for (let length = 0; length < REPORT_BODY_LENGTH + 5; length++) {
        assert.ok(!decodeReport(frame.subarray(0, length), read));
      }
    }),
  );
});

test('a million mutated reports of a peer that knows the key break nothing and make no impossible figures', () => {
  let state = 0x2545f491;
  const next = (bound: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  const measured = new TunnelMeasurement(1);
  const frame = encodeReport({ ...emptyReport(), sentUs: 1e6, expected: 10, received: 9 }).slice();
  const report = emptyReport();
  const traffic = { receivedBytes: 0, probesSent: 0, probesReceived: 0 };
  for (let round = 0; round < 1_000_000; round++) {
    frame[5 + next(REPORT_BODY_LENGTH)] = next(256);
    if (!decodeReport(frame, report)) continue;
    measured.hear(report, traffic, 1e6 + round);
    if (round % 1_000 !== 0) continue;
    const at = 1e3 + round / 1_000;
    const { loss, packets } = measured.outgoing(at) ?? { loss: 0, packets: 0 };
    assert.ok(loss >= 0 && loss <= 1 && packets >= 0);
    const { smoothedUs } = measured.roundTrip;
    assert.ok(smoothedUs === null || (smoothedUs >= 0 && smoothedUs <= 10_000_000));
    const mos = measured.mos(at);
    assert.ok(mos === null || (mos >= 1 && mos <= 4.5));
  }
});
