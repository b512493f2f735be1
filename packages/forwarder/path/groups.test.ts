/** Path groups by treatment and mode, between two sites in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PathGroup } from '../control.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';

const toRight = { source: [10, 1, 0, 1], destination: [10, 2, 0, 1] };
const [ONE, TWO] = ['one-1-2', 'two-1-2'];
const toEdge2 = (change: Partial<PathGroup>): PathGroup => ({ edgeId: 'edge2', tunnelIds: [ONE, TWO], ...change });

const policies = [
  { id: 'voice', match: { ports: [[5004, 5004]] as const }, compression: null, treatment: 'voice' },
  { id: 'backup', match: { ports: [[873, 873]] as const }, compression: null, treatment: 'backup' },
];

function sites(...groups: PathGroup[]) {
  const { simulation, left } = joinedSites();
  left.configure(left.plan([2], { serial: 2, policies }));
  simulation.run(300);
  left.forwarder.handle({ type: 'groups', generation: 1, groups });
  return { simulation, left };
}

/** Uplink that a packet to this port, from this source, leaves by. */
function uplinkOf(site: SimulatedSite, port: number, host = 1): string | undefined {
  const { sent } = site.simulation;
  sent.length = 0;
  site.fromLan(udpPacket({ ...toRight, source: [10, 1, host >> 8, host & 255], port }));
  const from = sent.at(-1)?.from;
  return (['one', 'two'] as const).find((uplink) => outerEndpoint(1, uplink) === from);
}

test('each treatment takes its own group, and one without a group takes the default', () => {
  const { left } = sites(toEdge2({}), toEdge2({ treatment: 'voice', tunnelIds: [TWO, ONE] }));
  assert.deepEqual([uplinkOf(left, 7), uplinkOf(left, 5004), uplinkOf(left, 873)], ['one', 'two', 'one']);
  const switched = left.all('switched').slice(-1);
  assert.deepEqual(
    switched.map(({ treatment, tunnelId, generation }) => [treatment, tunnelId, generation]),
    [['voice', TWO, 1]],
  );
});

test('a publication moves known flows of the groups that changed, and no others', () => {
  const { left } = sites(toEdge2({}), toEdge2({ treatment: 'voice' }));
  assert.deepEqual([uplinkOf(left, 7), uplinkOf(left, 5004)], ['one', 'one']);
  const before = left.all('switched').length;
  const groups = [toEdge2({}), toEdge2({ treatment: 'voice', tunnelIds: [TWO, ONE] })];
  left.forwarder.handle({ type: 'groups', generation: 2, groups });
  assert.deepEqual([uplinkOf(left, 7), uplinkOf(left, 5004)], ['one', 'two']);
  assert.equal(left.all('switched').length, before + 1);
  left.configure(left.plan([2], { serial: 3, policies }));
  assert.deepEqual([uplinkOf(left, 7), uplinkOf(left, 5004)], ['one', 'two']);
  assert.equal(left.all('switched').length, before + 1);
});

test('a balancing group keeps each flow on one tunnel and spreads flows by weight', () => {
  const { left } = sites(toEdge2({ mode: 'balance', weights: [3, 1] }));
  const hosts = Array.from({ length: 1_000 }, (_, at) => at + 1);
  const first = hosts.map((host) => uplinkOf(left, 7, host));
  assert.deepEqual(
    hosts.map((host) => uplinkOf(left, 7, host)),
    first,
  );
  const onOne = first.filter((uplink) => uplink === 'one').length;
  assert.ok(onOne > 650 && onOne < 850, `${onOne} of 1000`);
  assert.ok(left.telemetry().tunnels.every(({ active }) => active));
});

test('when a tunnel of a balancing group goes down only its flows move, and they come back with it', () => {
  const { simulation, left } = sites(toEdge2({ mode: 'balance' }));
  const hosts = Array.from({ length: 100 }, (_, at) => at + 1);
  const before = hosts.map((host) => uplinkOf(left, 7, host));
  simulation.passes = ({ from, to }) => ![from, to].includes(outerEndpoint(1, 'two'));
  simulation.run(2_000);
  assert.ok(hosts.every((host) => uplinkOf(left, 7, host) === 'one'));
  simulation.passes = () => true;
  simulation.run(6_000);
  assert.deepEqual(
    hosts.map((host) => uplinkOf(left, 7, host)),
    before,
  );
});

/** Answers of the forwarder to a question about flows. */
function flowsOf(
  site: SimulatedSite,
  question: { source?: string; destination?: string; protocol?: number; port?: number },
) {
  site.forwarder.handle({ type: 'flows', id: 9, ...question });
  site.simulation.run(0);
  return site.all('flows').at(-1)!.flows;
}

test('flows are found by address and port, newest first, with their policy and tunnel', () => {
  const { simulation, left } = sites(toEdge2({}), toEdge2({ treatment: 'voice', tunnelIds: [TWO, ONE] }));
  for (const host of [1, 2, 3]) {
    uplinkOf(left, 5004, host);
    simulation.run(10);
  }
  uplinkOf(left, 7, 1);
  const found = flowsOf(left, { port: 5004 });
  assert.deepEqual(
    found.map(({ source }) => source),
    ['10.1.0.3', '10.1.0.2', '10.1.0.1'],
  );
  const { lastUsedMs, ...newest } = found[0]!;
  assert.ok(lastUsedMs <= simulation.now);
  assert.deepEqual(newest, {
    ...{
      segment: 0,
      source: '10.1.0.3',
      destination: '10.2.0.1',
      protocol: 17,
      sourcePort: 5000,
      destinationPort: 5004,
    },
    ...{ policyId: 'voice', treatment: 'voice', edgeId: 'edge2', tunnelId: TWO, application: null },
  });
  assert.equal(flowsOf(left, { source: '10.1.0.1' }).length, 2);
  assert.equal(flowsOf(left, { source: '10.2.0.1' }).length, 0);
  assert.equal(flowsOf(left, { destination: '10.2.0.1', protocol: 6 }).length, 0);
  assert.equal(flowsOf(left, { source: 'nonsense' }).length, 0);
});

test('of many flows the sixty-four newest are told, while packets go on', () => {
  const { simulation, left } = sites(toEdge2({}));
  for (let host = 1; host <= 200; host++) {
    uplinkOf(left, 7, host);
    simulation.now += 1;
  }
  left.forwarder.handle({ type: 'flows', id: 1 });
  assert.equal(left.all('flows').length, 0);
  assert.equal(uplinkOf(left, 7, 1), 'one');
  simulation.run(0);
  const { flows } = left.all('flows').at(-1)!;
  assert.equal(flows.length, 64);
  assert.equal(new Set(flows.map(({ source }) => source)).size, 64);
  assert.ok(flows.some(({ source }) => source === '10.1.0.200'));
});
