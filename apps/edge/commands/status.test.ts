import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeStatus } from '../status/status.ts';
import { formatStatus } from './status.ts';

const none = {
  ...{ packets: 0, fromBytes: 0, toBytes: 0, skipped: 0 },
  ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 0 },
};
const tunnel = {
  ...{ id: 'a~b~4', state: 'up' as const, sinceMs: 0, active: true, roundTripUs: 900, loss: 0 },
  ...{ receivedBytes: 1, sentBytes: 2, receivedPackets: 3, sentPackets: 4, lastHandshakeMs: null },
  remoteEndpoint: '198.18.2.2:51820',
};
const status: EdgeStatus = {
  edge: { id: 'e1', name: 'berlin', site: 'Berlin' },
  process: { pid: 1, forwarderPid: 2, lastCrash: null },
  configuration: { running: '1.7', lastGood: '1.7', isOnTrial: false, rejected: [] },
  controller: { state: 'connected', way: null, lastError: null } as unknown as EdgeStatus['controller'],
  uplinks: [],
  tunnels: [tunnel],
  ...{ counters: {}, paths: [], breakout: [], reach: [], decisions: [], capabilities: {} },
  ...{ bfdPeers: [], shaping: [], protection: null, bgp: null },
  reports: { waiting: 0, dropped: 0, decisionsWaiting: 0 },
};

test('the status says in words which offloads are used, and shows a word it does not know as it is', () => {
  const capabilities = {
    cipher: 'openssl',
    tun: 'tso4 tso6',
    udpSend: 'segment',
    udpReceive: 'batch',
    node: 'v24.1.0',
  };
  const text = formatStatus({ ...status, capabilities });
  assert.match(text, /cipher +OpenSSL/);
  assert.match(text, /offloads of the TUN +large packets of TCP \(TSO\); the kernel refuses USO/);
  assert.match(text, /sending UDP +segmented by the kernel \(UDP_SEGMENT\)/);
  assert.match(text, /receiving UDP +in batches \(recvmmsg\)/);
  assert.match(text, /node +v24\.1\.0/);
});

test('a tunnel shows its MTU and what LZ4 made of its traffic, where there is something to tell', () => {
  const lineOf = (more: object) =>
    formatStatus({ ...status, tunnels: [{ ...tunnel, ...more }] })
      .split('\n')
      .at(-1)!;
  assert.match(lineOf({ mtu: 1_420, compression: none }), /MTU 1420 198\.18\.2\.2:51820$/);
  const compression = { ...none, packets: 10, fromBytes: 10_000, toBytes: 4_100, skipped: 3 };
  assert.match(lineOf({ mtu: 1_420, compression }), /lz4: 41 % of 10000 bytes, 3 skipped$/);
  assert.match(lineOf({ mtu: 1_420, compression: { ...none, errors: 2 } }), /lz4: 0 skipped, 2 not expanded$/);
  assert.doesNotMatch(lineOf({}), /MTU|lz4/, 'a report of an older forwarder');
});

test('the status tells when and why the forwarder last ended by itself', () => {
  const lastCrash = { atMs: Date.UTC(2026, 0, 2, 3, 4, 5), cause: 'SIGSEGV', lastWords: '' };
  const text = formatStatus({ ...status, process: { ...status.process, lastCrash } });
  assert.match(text, /ended unexpectedly +2026-01-02T03:04:05\.000Z, SIGSEGV/);
});

test('queues are shown for uplinks that have a rate, and protection where packets were protected', () => {
  const queue = {
    ...{ priority: 'realtime' as const, sentPackets: 9, sentBytes: 1_800, droppedPackets: 2, markedPackets: 1 },
    ...{ delayP50Us: 500, delayP99Us: null, delayMostUs: 9_000 },
  };
  const shaping = [{ uplinkId: 'u1', bitsPerSecond: 1e7, waitingPackets: 3, waitingBytes: 900, priorities: [queue] }];
  const protection = {
    ...{ sent: 90, copies: 80, paritySent: 20, received: 90, duplicates: 70, repaired: 8 },
    ...{ lost: 2, late: 1, tooLate: 0 },
  };
  const text = formatStatus({ ...status, shaping, protection });
  assert.match(text, /u1 +realtime +3 +0\.5 ms +– +9 +2 +1/);
  assert.match(text, /Protected +90 sent with 80 copies and 20 parity; 90 came, 8 rebuilt, 2 lost/);
  assert.doesNotMatch(formatStatus(status), /Queues|Protected/);
});

test('BGP shows sessions with what they brought and why not, and where routes lead', () => {
  const session = {
    ...{ id: 'n1', address: '10.1.0.2', remoteAs: 65_001, state: 'established' as const, sinceMs: 1_000 },
    ...{ received: 7, accepted: 6, advertised: 4, flaps: 1, lastError: 'hold timer expired', overLimit: null },
    refusal: '192.0.2.0/24: this site is not allowed to bring it',
  };
  const route = {
    ...{ prefix: '172.20.1.0/24', nextHop: '100.64.0.2', from: 'london', originEdgeId: 'london' },
    ...{ asPath: '65002', localPreference: 100_000, communities: [] },
  };
  const silent = {
    ...session,
    id: 'tokyo',
    address: '100.64.0.3',
    state: 'connect' as const,
    refusal: null,
    sinceMs: 0,
  };
  const bgp = { neighbours: [session], fabric: [silent], routes: [route], routesTotal: 3 };
  const text = formatStatus({ ...status, bgp }, 61_000);
  assert.match(text, /BGP +1 of 2 sessions established, 3 routes/);
  assert.match(text, /router +10\.1\.0\.2 +65001 +established +60 s +7 +6 +4 +1 +192\.0\.2\.0\/24: this site/);
  assert.match(text, /edge +100\.64\.0\.3 .* connect +– .* hold timer expired/);
  assert.match(text, /172\.20\.1\.0\/24 +london +100\.64\.0\.2 +65002/);
  assert.match(text, /and 2 more/);
  assert.doesNotMatch(formatStatus(status), /BGP/);
});
