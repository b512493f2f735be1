/**
 * What does a full table cost in memory alone, without sockets? UPDATEs with about seven prefixes each, of the lengths and
 * with the shared attributes of an Internet table, are read into a RIB, told to a third speaker, and withdrawn again.
 * Prints one line of JSON: seconds, routes a second, bytes a route (by how much the process grew), and the seconds a copy
 * of the same bytes takes, because a time alone says more about the machine. `--routes N`: other than 1,000,000.
 */

import { parseArgs } from 'node:util';
import { AttributeCode, attribute, encodeUpdate, IPV4_UNICAST, type PeerSettings, Rib } from '@patronus/bgp';

const { values } = parseArgs({ options: { routes: { type: 'string' }, json: { type: 'boolean' } } });
const ROUTES = Number(values.routes ?? 1_000_000);
const PER_UPDATE = 7;
const HEADER = 19;

/** Prefix lengths of the Internet's table, in parts of a hundred. */
const lengths = [24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 19, 18, 16];

let state = 1;
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const negotiated = { isFourOctetAs: true, isExternal: true, addPath: new Set<number>() };

function nlriOf(from: number, count: number): Uint8Array {
  const bytes: number[] = [];
  for (let at = from; at < from + count; at++) {
    const length = lengths[at % lengths.length]!;
    // Each prefix once: its number lies in the bits that its length covers, or it is as long as they need.
    const bits = at * 2 ** 8;
    const needed = length < 24 ? 24 : length;
    bytes.push(needed, Math.floor(bits / 2 ** 24) & 0xff, Math.floor(bits / 2 ** 16) & 0xff, (bits / 2 ** 8) & 0xff);
  }
  return Uint8Array.from(bytes);
}

function attributesOf() {
  const path = Array.from({ length: 2 + random(5) }, () => 1_000 + random(60_000));
  return [
    attribute(AttributeCode.origin, 'igp'),
    attribute(AttributeCode.asPath, [{ type: 'sequence' as const, numbers: [65_001, ...path] }]),
    attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 1)),
    ...(random(2) === 0
      ? []
      : [attribute(AttributeCode.communities, [65_001 * 65_536 + random(500), random(2 ** 31)])]),
  ];
}

function messages(withdraws: boolean): Uint8Array[] {
  const nothing = new Uint8Array(0);
  const all: Uint8Array[] = [];
  for (let at = 0; at < ROUTES; at += PER_UPDATE) {
    const nlri = nlriOf(at, Math.min(PER_UPDATE, ROUTES - at));
    const update = withdraws
      ? { withdrawn: nlri, nlri: nothing, attributes: [] }
      : { withdrawn: nothing, nlri, attributes: attributesOf() };
    all.push(encodeUpdate(update, negotiated).subarray(HEADER));
  }
  return all;
}

function peer(as: number, last: number): PeerSettings {
  return {
    ...{ kind: 'external', as, localAs: 64_500, identifier: last, address: Uint8Array.of(10, 0, 0, last) },
    ...{ ownNextHops: { ipv4: Uint8Array.of(10, 0, 0, 254) }, importPolicy: 'accept', exportPolicy: 'accept' },
  };
}

function grown(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

/** Of the processor where it can be told apart: beside other work the clock says little. */
let cpuS = 0;

function seconds(work: () => void): number {
  const start = performance.now();
  const cpu = process.cpuUsage();
  work();
  cpuS = process.cpuUsage(cpu).user / 1_000_000;
  return (performance.now() - start) / 1_000;
}

const announcements = messages(false);
const withdrawals = messages(true);
const copyS = seconds(() => {
  let bytes = 0;
  for (const message of announcements) bytes += message.slice().length;
  if (bytes === 0) throw new Error('nothing was copied');
});
const before = grown();
const rib = new Rib({ seed: 4_711, identifier: 1, families: [IPV4_UNICAST] });
const from = rib.addPeer(peer(65_001, 1));
const to = rib.addPeer(peer(65_002, 2));
const out = rib.openAdjOut(to, {
  ...{ families: new Set([IPV4_UNICAST]), isFourOctetAs: true, addPathSend: new Set(), extendedNextHop: new Set() },
  ...{ mostMessageLength: 4_096, hasEnhancedRefresh: true, isLongLived: false },
});
let longestMs = 0;
function send(): number {
  let bytes = 0;
  while (out.hasMore) {
    const start = performance.now();
    bytes += out.nextUpdates(65_536).length;
    longestMs = Math.max(longestMs, performance.now() - start);
  }
  return bytes;
}
function receive(all: readonly Uint8Array[]): void {
  for (const body of all) {
    if (rib.receive(from, body, negotiated) !== undefined) throw new Error('an UPDATE was not taken');
  }
}
const installS = seconds(() => receive(announcements));
const installCpuS = cpuS;
const installed = grown();
let toldBytes = 0;
const tellS = seconds(() => {
  toldBytes = send();
});
const tellCpuS = cpuS;
const told = grown();
if (rib.routesOf(from, IPV4_UNICAST) !== ROUTES || out.told() !== ROUTES) throw new Error('routes are missing');
const tables = rib.bytes + out.bytes;
const { attributeSets } = rib;
const withdrawS = seconds(() => {
  receive(withdrawals);
  send();
});
const withdrawCpuS = cpuS;
const after = grown();
console.log(
  JSON.stringify({
    ...{ routes: ROUTES, attributeSets, copyS, installS, routesPerS: Math.round(ROUTES / installS) },
    ...{ tellS, toldBytes, longestTurnMs: longestMs, withdrawS, slowUpdates: rib.slowUpdates },
    ...{ installCpuS, tellCpuS, withdrawCpuS },
    bytesPerRoute: Math.round((installed - before) / ROUTES),
    bytesPerRouteTold: Math.round((told - before) / ROUTES),
    tableBytesPerRoute: Math.round(tables / ROUTES),
    leftBytesPerRoute: Math.round((after - before) / ROUTES),
  }),
);
