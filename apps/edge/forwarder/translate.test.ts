import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_BFD } from '@patronus/fabric';
import { edgeMessageSchema, MAX_REPORTED_TUNNELS } from '@patronus/protocol';
import { configurationOf, wireguardKey } from '../configuration/fixtures.ts';
import { crashOf, tellCrash } from './lastWords.ts';
import { activityOf, type Telemetry, tellTelemetry } from './telemetry.ts';
import { translate } from './translate.ts';

const compression = {
  ...{ packets: 5, fromBytes: 5_000, toBytes: 2_000, skipped: 1 },
  ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 0 },
};
const unmatched = {
  ...{ id: null, sentPackets: 4, sentBytes: 2, compressedPackets: 0, compressedFromBytes: 0, compressedToBytes: 0 },
  skippedPackets: 0,
};
const bfd = {
  ...{ state: 'up' as const, remoteState: 'up' as const, localDiscriminator: 7, remoteDiscriminator: 2 ** 32 - 1 },
  ...{ diagnostic: 0, remoteDiagnostic: 1, transmitIntervalMs: 300, detectionTimeMs: 900, downs: 0 },
};
const uplinks = [{ id: 'internet', privateKey: wireguardKey('s'), timestampFloor: null }];

test('an edge may send as itself and as its site, and is reached at both', () => {
  const command = translate(configurationOf(1), uplinks, 4);
  assert.equal(command.serial, 4);
  assert.deepEqual(command.edges, [
    {
      id: 'london',
      overlayAddress: '100.64.0.2',
      allowed: [
        { segment: 0, prefix: '10.0.0.0/8' },
        { segment: 0, prefix: '100.64.0.2/32' },
      ],
    },
  ]);
  assert.deepEqual(command.local.at(-1), { segment: 0, prefix: '100.64.0.1/32' });
  assert.deepEqual(
    command.routes.map(({ segment, prefix, nextHops, peerId }) => [segment, prefix, peerId ?? nextHops.join()]),
    [
      [0, '10.0.0.0/8', 'london'],
      [0, 'fd00:2::/64', 'london'],
      [7, '172.16.0.0/12', 'london'],
      [0, '100.64.0.2/32', 'london'],
      [0, '10.1.9.9/32', 'phone'],
    ],
  );
  assert.equal(command.peers[0]?.presharedKey, null);
});

test('of edges that lead to the same prefix one whose LAN answers comes first, then one in service, then the order given', () => {
  const edge = (id: string, isDrained: boolean) => ({
    ...{ id, siteId: id, overlayAddress: '100.64.0.2', isDrained },
    allowed: [{ segment: 0, prefix: '10.9.0.0/16' }],
  });
  const routes = [
    { segment: 0, prefix: '10.9.0.0/16', nextHops: ['leeds', 'london', 'york'] },
    { segment: 0, prefix: '10.8.0.0/16', nextHops: ['leeds'] },
  ];
  const sound = configurationOf(1, {
    edges: [edge('leeds', false), edge('london', true), edge('york', false)],
    routes,
  });
  const hops = (unreachable: string[]) =>
    translate(sound, uplinks, 1, unreachable)
      .routes.slice(0, 2)
      .map(({ nextHops }) => nextHops.join());
  assert.deepEqual(hops([]), ['leeds,york,london', 'leeds']);
  assert.deepEqual(hops(['leeds', 'york']), ['london,leeds,york', 'leeds']);
});

test('telemetry goes from the forwarder’s clock to the wall', () => {
  const tunnel = {
    ...{ id: 't', state: 'up' as const, active: true, roundTripUs: 900, minRoundTripUs: 800, loss: 0 },
    ...{ receivedBytes: 1, sentBytes: 2, receivedPackets: 3, sentPackets: 4, remoteEndpoint: null },
    ...{ sinceMs: 4_000, lastHandshakeMs: 3_000.4, mtu: 1_420, compression, bfd },
  };
  const report = {
    type: 'telemetry' as const,
    atMs: 5_000,
    tunnels: [tunnel],
    peers: [],
    policies: [unmatched],
    counters: { replayed: 1 },
  };
  const now = { wallMs: 1_700_000_010_000, monotonicMs: 6_000 };
  const told = tellTelemetry(report, now, 7, { cipher: 'openssl' });
  assert.equal(told.wallMs, 1_700_000_009_000);
  assert.equal(told.tunnels[0]!.sinceMs, 1_700_000_008_000);
  assert.equal(told.tunnels[0]!.lastHandshakeMs, 1_700_000_007_000);
  assert.equal('minRoundTripUs' in told.tunnels[0]!, false);
  assert.equal(told.dropped, 7);
});

test('what the report says of MTU, compression, policies, queues, protection and offloads is passed on, and passes the schema', () => {
  const tunnel = {
    ...{ id: 't', state: 'up' as const, active: true, roundTripUs: 900, minRoundTripUs: 800, loss: 0 },
    ...{ receivedBytes: 1, sentBytes: 2, receivedPackets: 3, sentPackets: 4, remoteEndpoint: null },
    ...{ sinceMs: 4_000, lastHandshakeMs: null, mtu: 1_420, compression, bfd },
  };
  const tunnels = Array.from({ length: 5_000 }, (_, number) => ({ ...tunnel, id: `t${number}` }));
  const queue = {
    ...{ priority: 'bulk' as const, sentPackets: 1, sentBytes: 2, droppedPackets: 3, markedPackets: 4 },
    ...{ delayP50Us: 5, delayP99Us: 6, delayMostUs: 7 },
  };
  const shaping = [
    { uplinkId: 'internet', bitsPerSecond: 1e6, waitingPackets: 1, waitingBytes: 2, priorities: [queue] },
  ];
  const protection = {
    ...{ sent: 1, copies: 2, paritySent: 3, received: 4, duplicates: 5, repaired: 6, lost: 7, late: 8, tooLate: 9 },
  };
  const report = {
    ...{ type: 'telemetry' as const, atMs: 5_000, tunnels, peers: [], policies: [unmatched], counters: {} },
    ...{ shaping, protection },
  };
  const told = tellTelemetry(report, { wallMs: 10_000, monotonicMs: 6_000 }, 0, { cipher: 'openssl' });
  const read = edgeMessageSchema.parse(told) as Telemetry;
  assert.equal(read.tunnels.length, MAX_REPORTED_TUNNELS, 'an edge with more tunnels is not cut off for it');
  assert.equal(read.tunnels[0]!.mtu, 1_420);
  assert.deepEqual(read.tunnels[0]!.compression, compression);
  assert.deepEqual(read.tunnels[0]!.bfd, bfd);
  assert.deepEqual(read.policies, [unmatched]);
  assert.deepEqual(read.capabilities, { cipher: 'openssl' });
  assert.deepEqual([read.shaping, read.protection], [shaping, protection]);
});

test('the forwarder is told policies in their order, and what an uplink carries', () => {
  const policies = [
    { id: 'c1', name: 'Backups', match: { protocol: 6, ports: [[873, 873] as [number, number]] }, compression: 9 },
    {
      ...{ id: 'c2', name: 'Rest', match: { sources: undefined }, compression: null },
      ...{ action: 'deny' as const, priority: 'realtime' as const, mark: 46 },
    },
  ];
  const plain = { action: 'allow', treatment: 'default', priority: 'normal', limitPercent: null, mark: null };
  const sound = configurationOf(1, { policies });
  const shaped = { ...sound, uplinks: sound.uplinks.map((uplink) => ({ ...uplink, bitsPerSecond: 20_000_000 })) };
  const command = translate(shaped, uplinks, 1);
  assert.deepEqual(command.policies, [
    { id: 'c1', match: { protocol: 6, ports: [[873, 873]] }, compression: 9, ...plain },
    { id: 'c2', match: {}, compression: null, ...plain, action: 'deny', priority: 'realtime', mark: 46 },
  ]);
  assert.equal(command.uplinks[0]?.bitsPerSecond, 20_000_000);
  assert.equal('bitsPerSecond' in translate(sound, uplinks, 1).uplinks[0]!, false);
});

test('tunnels are asked as often as the most urgent policy needs', () => {
  const timersWith = (priority: 'realtime' | 'bulk') => {
    const policies = [{ id: 'c1', name: 'Calls', match: {}, compression: null, priority }];
    return translate(configurationOf(1, { policies }), uplinks, 1).tunnels[0]!.bfd;
  };
  assert.deepEqual(timersWith('bulk'), { intervalMs: 300, idleIntervalMs: 1_000, multiplier: 3 });
  assert.deepEqual(timersWith('realtime'), { intervalMs: 100, idleIntervalMs: 1_000, multiplier: 3 });
});

test('silence of a tunnel that was talking counts unless it is configured not to', () => {
  const suspects = (change: object) => translate(configurationOf(1, change), uplinks, 1).tunnels[0]!.suspectsSilence;
  assert.equal(suspects({}), true);
  assert.equal(suspects({ bfd: { ...DEFAULT_BFD, suspectsSilence: false } }), false);
});

test('the end of a forwarder is told in one line, with its cause and its last words', () => {
  const crash = crashOf({ code: null, signal: 'SIGSEGV', lastWords: '' }, 7);
  assert.equal(tellCrash(crash), 'the forwarder ended (SIGSEGV) and is replaced; it said nothing');
  const long = crashOf({ code: 1, signal: null, lastWords: `${'x'.repeat(5_000)}\n\u001b[31mRangeError: offset\n` }, 7);
  assert.match(
    tellCrash(long),
    /^the forwarder ended \(code 1\) and is replaced; its last words: …x+ \[31mRangeError: offset$/,
  );
  assert.ok(tellCrash(long).length < 400);
});

test('an edge is silent that carries nothing, quiet with a little, and neither when its counters begin anew', () => {
  const at = (wallMs: number, bytes: number): Telemetry =>
    ({ wallMs, tunnels: [{ receivedBytes: bytes, sentBytes: bytes }] }) as unknown as Telemetry;
  assert.equal(activityOf(at(0, 10_000), at(1_000, 10_000)), 'silent');
  assert.equal(activityOf(at(0, 10_000), at(1_000, 10_900)), 'quiet');
  assert.equal(activityOf(at(0, 10_000), at(1_000, 12_000)), 'busy');
  assert.equal(activityOf(at(0, 10_000), at(1_000, 0)), 'busy');
});
