/** A host behind a site of two gateways is asked for through each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeIpv4HeaderChecksum } from '@patronus/net';
import { outerEndpoint, type SimulatedSite, simulatedSites, udpPacket } from '../simulatedSites.ts';

const HOST = [10, 9, 0, 5];
const shared = { segment: 0, prefix: '10.9.0.0/16' };
const OVERLAY = [100, 64, 0, 1];

function echoRequest(source: readonly number[], identifier: number, type = 8): Uint8Array {
  const packet = udpPacket({ source, destination: HOST, length: 44 });
  packet[9] = 1;
  packet.set([type, 0, 0, 0, identifier >> 8, identifier & 0xff, 0, 1], 20);
  writeIpv4HeaderChecksum(packet, 0, 20);
  return packet;
}

function build() {
  const { simulation, sites } = simulatedSites(3);
  const [left, two, three] = sites as [SimulatedSite, SimulatedSite, SimulatedSite];
  const plan = left.plan([2, 3]);
  left.configure({
    ...plan,
    routes: [...plan.routes, { ...shared, nextHops: ['edge2', 'edge3'] }],
    edges: plan.edges.map((edge, at) => ({ ...edge, allowed: [...edge.allowed, shared], reachIdentifier: 700 + at })),
  });
  for (const site of [two, three]) {
    const own = site.plan([1]);
    const local = [...own.local, shared];
    const allowed = [...own.edges[0]!.allowed, { segment: 0, prefix: '100.64.0.1/32' }];
    site.configure({ ...own, local, edges: [{ ...own.edges[0]!, allowed }] });
  }
  simulation.run(3_000);
  /** Which gateway had it. */
  const arrivesAt = (packet: Uint8Array) => {
    two.delivered.length = three.delivered.length = 0;
    left.fromLan(packet);
    simulation.run(0);
    return [two, three].filter(({ delivered }) => delivered.length > 0).map(({ number }) => number);
  };
  return { simulation, arrivesAt };
}

test('an echo request of our own with the identifier of an edge goes there, whatever comes first in the route', () => {
  const { simulation, arrivesAt } = build();
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 700)), [2]);
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 701)), [3]);
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 702)), [2], 'of nobody');
  assert.deepEqual(arrivesAt(echoRequest([10, 1, 0, 9], 701)), [2], 'of a host of the LAN');
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 701, 0)), [2], 'a reply');
  assert.deepEqual(arrivesAt(udpPacket({ source: OVERLAY, destination: HOST })), [2]);
  // Without a tunnel to that edge it goes nowhere, rather than through the other one.
  simulation.passes = ({ to }) => to !== outerEndpoint(3, 'one') && to !== outerEndpoint(3, 'two');
  simulation.run(5_000);
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 701)), []);
  assert.deepEqual(arrivesAt(echoRequest(OVERLAY, 700)), [2]);
});
