/** What edges report of their work, as people see it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EdgeMessage, PolicyTelemetry, TunnelTelemetry } from '@patronus/protocol';
import { eventually, siteWithEdge, startTestController, type TestController } from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

const ADD =
  'mutation ($input: AddPolicyInput!) { addPolicy(input: $input) { policy { id name position revision } warnings } }';
const knowing = { level: 9, acknowledgeLengthLeak: true };

async function newPolicy(controller: TestController, name: string, more: object = {}) {
  const { addPolicy } = await controller.admin(ADD, { input: { name, match: {}, ...more } });
  return addPolicy.policy as { id: string; position: number; revision: number };
}

const counted = { receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0 };
const compression = {
  ...{ packets: 10, fromBytes: 10_000, toBytes: 4_000, skipped: 2 },
  ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 1 },
};

function telemetryOf(id: string, more: Partial<TunnelTelemetry>, policies: PolicyTelemetry[]): EdgeMessage {
  const tunnel: TunnelTelemetry = {
    ...{ id, state: 'up', sinceMs: Date.now(), active: true, roundTripUs: 900, loss: 0, ...counted },
    ...{ lastHandshakeMs: null, remoteEndpoint: null, ...more },
  };
  const capabilities = { cipher: 'openssl', tun: 'tso4 tso6' };
  return { type: 'telemetry', wallMs: Date.now(), tunnels: [tunnel], policies, capabilities, counters: {}, dropped: 0 };
}

/** Berlin and Paris, each with an edge that can report, and one of the tunnels between them. */
async function pairOfSites(t: TestContext, controller: TestController) {
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length > 0);
  return { berlin, paris, tunnelId: tunnels[0]!.id };
}

test('what both ends report of MTU, compression, policies and offloads is shown together', limit, async (t) => {
  const controller = await startTestController(t);
  const { id } = await newPolicy(controller, 'Backups', { compression: knowing });
  const { berlin, paris, tunnelId } = await pairOfSites(t, controller);
  const sent = {
    ...{ id, sentPackets: 20, sentBytes: 20_000, compressedPackets: 10 },
    ...{ compressedFromBytes: 10_000, compressedToBytes: 4_000, skippedPackets: 2 },
  };
  const query = `{
    tunnel(id: "${tunnelId}") {
      mtu a { mtu } b { mtu } compression { packets bytesBefore bytesAfter ratio skippedPackets errors }
    }
    policy(id: "${id}") { sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets }
    siteByName(name: "Berlin") { edges { capabilities { name value } } }
  }`;
  const nothing = await controller.admin(query);
  deepEqual(nothing.tunnel, { mtu: null, a: { mtu: null }, b: { mtu: null }, compression: null });
  deepEqual(nothing.siteByName.edges[0].capabilities, []);
  equal(nothing.policy.sentPackets, 0);

  berlin.edge.say(telemetryOf(tunnelId, { mtu: 1_420, compression }, [sent]));
  const one = await eventually(
    () => controller.admin(query),
    ({ tunnel }) => tunnel.compression !== null,
  );
  equal(one.tunnel.compression.ratio, 0.4);
  equal(one.tunnel.mtu, 1_420);
  const none = { ...compression, packets: 0, fromBytes: 0, toBytes: 0 };
  paris.edge.say(telemetryOf(tunnelId, { mtu: 1_392, compression: none }, [sent, { ...sent, id: null }]));
  const both = await eventually(
    () => controller.admin(query),
    ({ tunnel }) => tunnel.mtu === 1_392,
  );
  deepEqual([both.tunnel.a.mtu, both.tunnel.b.mtu].sort(), [1_392, 1_420]);
  deepEqual(both.tunnel.compression, {
    ...{ packets: 10, bytesBefore: 10_000, bytesAfter: 4_000, ratio: 0.4, skippedPackets: 4, errors: 2 },
  });
  deepEqual(both.policy, {
    ...{ sentPackets: 40, sentBytes: 40_000, compressedBytesBefore: 20_000, compressedBytesAfter: 8_000 },
    skippedPackets: 4,
  });
  deepEqual(both.siteByName.edges[0].capabilities, [
    { name: 'cipher', value: 'openssl' },
    { name: 'tun', value: 'tso4 tso6' },
  ]);
  const { text } = await controller.fetch('/metrics');
  for (const line of [
    'patronus_tunnel_mtu_lowest_bytes 1392',
    'patronus_compression_packets 10',
    'patronus_compression_bytes_before 10000',
    'patronus_compression_bytes_after 4000',
    'patronus_compression_packets_skipped 4',
    'patronus_compression_errors 2',
  ]) {
    ok(text.split('\n').includes(line), line);
  }
});

test('an edge that reports impossible numbers is cut off, and nothing of it is shown', limit, async (t) => {
  const controller = await startTestController(t);
  const { berlin, tunnelId } = await pairOfSites(t, controller);
  const report = telemetryOf(tunnelId, { mtu: 1_420, compression }, []) as Extract<EdgeMessage, { type: 'telemetry' }>;
  berlin.edge.say({
    ...report,
    tunnels: [{ ...report.tunnels[0]!, compression: { ...compression, toBytes: -1e300 } }],
  });
  equal((await berlin.edge.closed).code, 4400);
  const { tunnel } = await controller.admin(`{ tunnel(id: "${tunnelId}") { mtu compression { packets } } }`);
  deepEqual(tunnel, { mtu: null, compression: null });
});
