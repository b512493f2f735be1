import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, wireguardKey } from '../configuration/fixtures.ts';
import { tellTelemetry } from './telemetry.ts';
import { translate } from './translate.ts';

const compression = {
  ...{ packets: 5, fromBytes: 5_000, toBytes: 2_000, skipped: 1 },
  ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 0 },
};
const uplinks = [{ id: 'internet', privateKey: wireguardKey('s'), timestampFloor: null }];

test('an edge may send as itself and as its site, and is reached at both', () => {
  const command = translate(configurationOf(1), uplinks, 4);
  assert.equal(command.serial, 4);
  assert.deepEqual(command.edges, [
    {
      id: 'london',
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

test('telemetry goes from the forwarder’s clock to the wall', () => {
  const tunnel = {
    ...{ id: 't', state: 'up' as const, active: true, roundTripUs: 900, minRoundTripUs: 800, loss: 0 },
    ...{ receivedBytes: 1, sentBytes: 2, receivedPackets: 3, sentPackets: 4, remoteEndpoint: null },
    ...{ sinceMs: 4_000, lastHandshakeMs: 3_000.4, mtu: 1_420, compression },
  };
  const report = {
    type: 'telemetry' as const,
    atMs: 5_000,
    tunnels: [tunnel],
    peers: [],
    classes: [],
    counters: { replayed: 1 },
  };
  const told = tellTelemetry(report, { wallMs: 1_700_000_010_000, monotonicMs: 6_000 }, 7);
  assert.equal(told.wallMs, 1_700_000_009_000);
  assert.equal(told.tunnels[0]!.sinceMs, 1_700_000_008_000);
  assert.equal(told.tunnels[0]!.lastHandshakeMs, 1_700_000_007_000);
  assert.equal('minRoundTripUs' in told.tunnels[0]!, false);
  assert.equal(told.dropped, 7);
});
