/** Policies by names that flows show, between two sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeIpv4HeaderChecksum } from '@patronus/net';
import type { ForwarderPolicy } from '../control.ts';
import { type DropReason, dropReasons, PASSED } from '../drops.ts';
import { joinedSites, type SimulatedSite } from '../simulatedSites.ts';

const LEFT = [10, 1, 0, 1];
const RIGHT = [10, 2, 0, 1];
const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const u16 = (value: number) => [value >> 8, value & 255];

interface Ends {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly ports: readonly [number, number];
}

function ip({ source, destination }: Ends, protocol: number, transport: readonly number[]): Uint8Array {
  const length = 20 + transport.length;
  const header = [0x45, 0, ...u16(length), 0, 1, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination];
  const packet = Uint8Array.of(...header, ...transport);
  writeIpv4HeaderChecksum(packet, 0, 20);
  return packet;
}

function tcp(ends: Ends, sequence: number, flags: number, payload: readonly number[] = []): Uint8Array {
  const [from, to] = ends.ports;
  const header = [...u16(from), ...u16(to), 0, 0, ...u16(sequence), 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
  return ip(ends, 6, [...header, ...payload]);
}

function udp(ends: Ends, payload: readonly number[]): Uint8Array {
  const [from, to] = ends.ports;
  return ip(ends, 17, [...u16(from), ...u16(to), ...u16(8 + payload.length), 0, 0, ...payload]);
}

/** A client hello (RFC 8446 §4.1.2) with nothing but a server name (RFC 6066 §3), in one record. */
function clientHello(name: string): number[] {
  const entry = [0, ...u16(name.length), ...ascii(name)];
  const extension = [0, 0, ...u16(entry.length + 2), ...u16(entry.length), ...entry];
  const random = new Array<number>(32).fill(7);
  const body = [3, 3, ...random, 0, 0, 2, 0x13, 1, 1, 0, ...u16(extension.length), ...extension];
  const handshake = [1, 0, ...u16(body.length), ...body];
  return [22, 3, 1, ...u16(handshake.length), ...handshake];
}

/** An answer (RFC 1035 §4) that gives the address of a name. */
function dnsAnswer(name: string, address: readonly number[]): number[] {
  const labels = [...name.split('.').flatMap((label) => [label.length, ...ascii(label)]), 0];
  const header = [0, 9, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
  return [...header, ...labels, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 120, 0, 4, ...address];
}

const applications = [{ id: 'video', ports: [], prefixes: [], names: ['video.example'] }];
const noVideo: ForwarderPolicy = {
  ...{ id: 'no-video', match: { applications: ['video'] }, compression: null },
  action: 'deny',
};

function configured(policies: readonly ForwarderPolicy[]) {
  const sites = joinedSites();
  for (const site of [sites.left, sites.right]) {
    site.configure(site.plan([3 - site.number], { serial: 2, policies, applications }));
  }
  sites.simulation.run(300);
  return sites;
}

function verdictOf(site: SimulatedSite, packet: Uint8Array): DropReason | 'passed' {
  const verdict = site.fromLan(packet);
  site.simulation.run(1);
  return verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!;
}

const toRight: Ends = { source: LEFT, destination: RIGHT, ports: [40_000, 443] };
const toLeft: Ends = { source: RIGHT, destination: LEFT, ports: [443, 40_000] };
const [SYN, ACK] = [2, 16];

test('a denial by name holds from the packet that shows the name, in both directions', () => {
  const { left, right } = configured([noVideo]);
  assert.equal(verdictOf(left, tcp(toRight, 99, SYN)), 'passed');
  assert.equal(verdictOf(right, tcp(toLeft, 5, SYN | ACK)), 'passed');
  assert.equal(verdictOf(left, tcp(toRight, 100, ACK, clientHello('cdn.video.example'))), 'denied');
  assert.equal(verdictOf(left, tcp(toRight, 400, ACK, [1, 2, 3])), 'denied');
  left.forwarder.handle({ type: 'flows', id: 1 });
  left.simulation.run(0);
  assert.deepEqual(
    left
      .all('flows')
      .at(-1)!
      .flows.map(({ application, policyId, tunnelId }) => [application, policyId, tunnelId]),
    [['video', 'no-video', null]],
  );
});

test('a name cut in two segments is found, and another name is left alone', () => {
  const { left } = configured([noVideo]);
  const hello = clientHello('video.example');
  assert.equal(verdictOf(left, tcp(toRight, 100, ACK, hello.slice(0, 40))), 'passed');
  assert.equal(verdictOf(left, tcp(toRight, 140, ACK, hello.slice(40))), 'denied');
  const other = { ...toRight, ports: [40_001, 443] } as const;
  assert.equal(verdictOf(left, tcp(other, 100, ACK, clientHello('notvideo.example'))), 'passed');
  assert.equal(verdictOf(left, tcp(other, 400, ACK, hello)), 'passed', 'names are looked for at the beginning alone');
});

test('the far end denies by name what an end that knows no names let through', () => {
  const { simulation, left, right } = joinedSites();
  right.configure(right.plan([1], { serial: 2, policies: [noVideo], applications }));
  simulation.run(300);
  verdictOf(left, tcp(toRight, 99, SYN));
  verdictOf(left, tcp(toRight, 100, ACK, clientHello('video.example')));
  assert.equal(right.delivered.length, 1);
  assert.equal(right.telemetry().counters.denied, 1);
});

test('an address that a DNS answer gave for a name is known from the first packet of the next flow', () => {
  const { left, right } = configured([noVideo]);
  const question: Ends = { source: LEFT, destination: RIGHT, ports: [5_353, 53] };
  const answer: Ends = { source: RIGHT, destination: LEFT, ports: [53, 5_353] };
  const video = { ...toRight, destination: [10, 2, 0, 77] };
  assert.equal(verdictOf(left, tcp(video, 1, SYN)), 'passed');
  // Nobody asked for it.
  verdictOf(right, udp({ ...answer, ports: [53, 999] }, dnsAnswer('video.example', [10, 2, 0, 77])));
  assert.equal(verdictOf(left, tcp({ ...video, ports: [40_001, 443] }, 1, SYN)), 'passed');
  verdictOf(left, udp(question, [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  verdictOf(right, udp(answer, dnsAnswer('video.example', [10, 2, 0, 77])));
  assert.equal(verdictOf(left, tcp({ ...video, ports: [40_002, 443] }, 1, SYN)), 'denied');
  assert.equal(verdictOf(left, tcp({ ...toRight, ports: [40_003, 443] }, 1, SYN)), 'passed');
});

test('a flow whose name becomes known moves to its policy’s treatment from that packet on', () => {
  const treated: ForwarderPolicy = { ...noVideo, action: 'allow', treatment: 'film' };
  const { simulation, left } = configured([treated]);
  left.forwarder.handle({
    ...{ type: 'groups', generation: 1 },
    groups: [
      { edgeId: 'edge2', tunnelIds: ['one-1-2', 'two-1-2'] },
      { edgeId: 'edge2', treatment: 'film', tunnelIds: ['two-1-2', 'one-1-2'] },
    ],
  });
  const from = (packet: Uint8Array) => {
    simulation.sent.length = 0;
    left.fromLan(packet);
    return simulation.sent[0]!.from;
  };
  assert.equal(from(tcp(toRight, 99, SYN)), '192.0.2.1:51820');
  assert.equal(from(tcp(toRight, 100, ACK, clientHello('video.example'))), '198.51.100.1:51820');
  assert.equal(from(tcp(toRight, 400, ACK, [1])), '198.51.100.1:51820');
});
