/** Policies that deny or mark, between two sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4HeaderIsIntact, transportIsIntact, writeIpv4HeaderChecksum } from '@patronus/net';
import type { ForwarderPolicy } from '../control.ts';
import { type DropReason, dropReasons, PASSED } from '../drops.ts';
import { joinedSites, type SimulatedSite, udpPacket, udpPacket6 } from '../simulatedSites.ts';

const verdictName = (verdict: number): DropReason | 'passed' =>
  verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!;

const toRight = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };
const toLeft = { source: [10, 2, 0, 1], destination: [10, 1, 0, 1] };

function policy(id: string, match: ForwarderPolicy['match'], change: Partial<ForwarderPolicy> = {}): ForwarderPolicy {
  return { id, match, compression: null, ...change };
}
const denied = (id: string, match: ForwarderPolicy['match']) => policy(id, match, { action: 'deny' });

function configured(site: SimulatedSite, policies: readonly ForwarderPolicy[], serial = 2): void {
  site.configure(site.plan([3 - site.number], { serial, policies }));
}

/** Sites whose policies are these; hand them packets and see what arrives. */
function sitesWith(policies: readonly ForwarderPolicy[]) {
  const { simulation, left, right } = joinedSites();
  for (const site of [left, right]) configured(site, policies);
  simulation.run(300);
  const pass = (from: SimulatedSite, packet: Uint8Array) => {
    const to = from === left ? right : left;
    to.delivered.length = 0;
    const verdict = verdictName(from.fromLan(packet));
    simulation.run(1);
    return verdict === 'passed' && to.delivered.length === 0 ? 'lost' : verdict;
  };
  const countOf = (site: SimulatedSite, id: string) => site.telemetry().policies.find((one) => one.id === id)!;
  return { simulation, left, right, pass, countOf };
}

/** The packet with these bytes of payload or header, at `at`; its IPv4 header is mended. */
function changed(packet: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = packet.slice();
  copy.set(bytes, at);
  writeIpv4HeaderChecksum(copy, 0, 20);
  return copy;
}

const tcp = (ends: typeof toRight, sourcePort: number, port: number, flags: number) => {
  const packet = changed(udpPacket({ ...ends, length: 60 }), 9, 6);
  packet.set([sourcePort >> 8, sourcePort & 255, port >> 8, port & 255], 20);
  packet.set([0x50, flags], 32);
  return packet;
};
const SYN = 2;
const ACK = 16;

test('what a policy denies does not leave, is counted at the policy, and its sender is told', () => {
  const { left, pass, countOf } = sitesWith([denied('no-seven', { protocol: 17, ports: [[7, 7]] })]);
  assert.equal(pass(left, udpPacket({ ...toRight, port: 7 })), 'denied');
  const answer = left.delivered.pop()!;
  assert.deepEqual([answer[9], answer[20], answer[21]], [1, 3, 13]);
  assert.ok(ipv4HeaderIsIntact(answer, 0, 20));
  assert.equal(pass(left, udpPacket({ ...toRight, port: 7 })), 'denied');
  assert.equal(pass(left, udpPacket({ ...toRight, port: 8 })), 'passed');
  const { flows, deniedPackets } = countOf(left, 'no-seven');
  assert.deepEqual([flows, deniedPackets], [1, 2]);
  assert.equal(left.telemetry().counters.denied, 2);
  for (let count = 0; count < 300; count++) left.fromLan(udpPacket({ ...toRight, port: 7 }));
  assert.ok(left.delivered.length <= 101);
});

test('over IPv6 the answer is type 1 code 1', () => {
  const { left } = joinedSites();
  const prefix = (site: number) => ({ segment: 0, prefix: `fd0${site}::/16` });
  left.configure(
    left.plan([2], {
      local: [prefix(1)],
      routes: [{ ...prefix(2), nextHops: ['edge2'] }],
      policies: [denied('none', {})],
    }),
  );
  assert.equal(verdictName(left.fromLan(udpPacket6(1, 2))), 'denied');
  const answer = left.delivered.pop()!;
  assert.deepEqual([answer[6], answer[40], answer[41]], [58, 1, 1]);
  assert.ok(transportIsIntact(answer, 6, 8, 58, 40, answer.length - 40));
});

test('the far end denies from the first packet what an end that knows nothing of it let through, and says nothing', () => {
  const { simulation, left, right } = joinedSites();
  configured(right, [denied('all', {})]);
  simulation.run(300);
  for (let count = 0; count < 3; count++) assert.equal(verdictName(left.fromLan(udpPacket(toRight))), 'passed');
  simulation.run(1);
  assert.deepEqual([right.delivered.length, left.delivered.length], [0, 0]);
  assert.equal(right.telemetry().counters.denied, 3);
});

test('answers of an allowed flow pass where nobody may begin one the other way', () => {
  const { left, right, pass } = sitesWith([denied('no-calls-to-left', { sources: ['10.2.0.0/16'] })]);
  // udpPacket's source port is 5000: 5000 → 7 and back.
  const question = udpPacket({ ...toRight, port: 5000 });
  assert.equal(pass(right, udpPacket({ ...toLeft, port: 5000 })), 'denied');
  const { simulation } = left;
  simulation.run(301_000);
  assert.equal(pass(left, question), 'passed');
  assert.equal(pass(right, udpPacket({ ...toLeft, port: 5000 })), 'passed');
  assert.equal(pass(right, udpPacket({ ...toLeft, port: 9 })), 'denied');
});

test('the other end of a known connection may not open one of its own on the same ports', () => {
  const { left, right, pass } = sitesWith([denied('no-calls-to-left', { sources: ['10.2.0.0/16'] })]);
  assert.equal(pass(left, tcp(toRight, 4000, 443, SYN)), 'passed');
  assert.equal(pass(right, tcp(toLeft, 443, 4000, SYN | ACK)), 'passed');
  assert.equal(pass(right, tcp(toLeft, 443, 4000, SYN)), 'denied');
  assert.equal(pass(right, tcp(toLeft, 443, 4000, ACK)), 'passed');
  assert.equal(pass(left, tcp(toRight, 4000, 443, ACK)), 'passed');
});

test('a change of policies holds for known flows at once, and answers stay answers', () => {
  const { simulation, left, right, pass } = sitesWith([]);
  const question = udpPacket({ ...toRight, port: 5000 });
  const answer = udpPacket({ ...toLeft, port: 5000 });
  assert.equal(pass(left, question), 'passed');
  for (const site of [left, right]) configured(site, [denied('no-calls-to-left', { sources: ['10.2.0.0/16'] })], 3);
  simulation.run(300);
  assert.equal(pass(right, answer), 'passed');
  for (const site of [left, right]) configured(site, [denied('no-calls-to-right', { sources: ['10.1.0.0/16'] })], 4);
  simulation.run(300);
  assert.equal(pass(right, answer), 'denied');
  assert.equal(pass(left, question), 'denied');
});

test('a ping passes one way and not the other', () => {
  const { left, right, pass } = sitesWith([denied('no-calls-to-left', { sources: ['10.2.0.0/16'] })]);
  const echo = (ends: typeof toRight, type: number) => changed(changed(udpPacket(ends), 9, 1), 20, type, 0, 0, 0, 0, 9);
  assert.equal(pass(left, echo(toRight, 8)), 'passed');
  assert.equal(pass(right, echo(toLeft, 0)), 'passed');
  assert.equal(pass(right, echo(toLeft, 8)), 'denied');
});

test('an ICMP error follows the flow that it is about, and one about nothing known is judged by itself', () => {
  const { left, right, pass } = sitesWith([denied('no-calls-to-left', { sources: ['10.2.0.0/16'] })]);
  const question = udpPacket({ ...toRight, port: 7 });
  const unreachable = (quoted: Uint8Array) => {
    const error = changed(changed(udpPacket({ ...toLeft, length: 56 }), 9, 1), 20, 3, 3, 0, 0, 0, 0, 0, 0);
    error.set(quoted.subarray(0, 28), 28);
    return error;
  };
  assert.equal(pass(right, unreachable(question)), 'denied');
  assert.equal(pass(left, question), 'passed');
  assert.equal(pass(right, unreachable(question)), 'passed');
  assert.equal(pass(right, unreachable(udpPacket({ ...toRight, port: 8 }))), 'denied');
  // About a packet of somebody else than the error's receiver.
  assert.equal(pass(right, unreachable(changed(question, 15, 77))), 'denied');
});

test('later fragments share the fate of the first', () => {
  const { left, pass } = sitesWith([
    policy('seven', { ports: [[7, 7]] }),
    denied('rest', { sources: ['10.1.0.0/16'] }),
  ]);
  const fragment = (port: number, id: number, word: number) =>
    changed(changed(udpPacket({ ...toRight, port }), 4, 0, id), 6, word >> 8, word & 255);
  const [first, later] = [0x2000, 0x0004];
  assert.equal(pass(left, fragment(7, 1, first)), 'passed');
  assert.equal(pass(left, fragment(7, 1, later)), 'passed');
  assert.equal(pass(left, fragment(8, 2, first)), 'denied');
  assert.equal(pass(left, fragment(8, 2, later)), 'denied');
  assert.equal(pass(left, fragment(8, 3, later)), 'denied');
});

test('a mark replaces the code point, keeps the ECN bits and mends the checksum', () => {
  const { left, right, pass, countOf } = sitesWith([policy('voice', { ports: [[7, 7]] }, { mark: 46 })]);
  const packet = changed(udpPacket({ ...toRight, port: 7 }), 1, 0x03);
  assert.equal(pass(left, packet), 'passed');
  const arrived = right.delivered.at(-1)!;
  assert.equal(arrived[1], (46 << 2) | 3);
  assert.ok(ipv4HeaderIsIntact(arrived, 0, 20));
  assert.deepEqual(arrived.subarray(12), packet.subarray(12));
  assert.equal(pass(left, udpPacket({ ...toRight, port: 8 })), 'passed');
  assert.equal(right.delivered.at(-1)![1], 0);
  assert.equal(countOf(left, 'voice').sentPackets, 1);
});

test('an application is known by port or address, and a policy that names an unknown one is refused', () => {
  const { simulation, left } = joinedSites();
  const applications = [
    { id: 'echo', ports: [{ protocol: 17 as const, first: 7, last: 7 }], prefixes: [], names: [] },
    { id: 'printer', ports: [], prefixes: ['10.2.0.9/32'], names: [] },
  ];
  const policies = [denied('no-play', { applications: ['echo', 'printer'] })];
  left.configure(left.plan([2], { serial: 2, policies, applications }));
  simulation.run(300);
  const verdictOf = (packet: Uint8Array) => verdictName(left.fromLan(packet));
  assert.equal(verdictOf(udpPacket({ ...toRight, port: 7 })), 'denied');
  assert.equal(verdictOf(udpPacket({ ...toRight, destination: [10, 2, 0, 9], port: 8 })), 'denied');
  assert.equal(verdictOf(udpPacket({ ...toRight, port: 8 })), 'passed');
  left.configure(left.plan([2], { serial: 3, policies: [denied('x', { applications: ['nobody'] })] }));
  assert.match(left.all('fault').at(-1)!.message, /policy x: application nobody is not in this configuration/);
});
