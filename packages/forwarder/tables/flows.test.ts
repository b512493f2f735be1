import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketVerdict, PacketView } from '@patronus/net';
import fc from 'fast-check';
import { FlowTable, NO_ENTRY } from './flows.ts';

interface Flow {
  readonly segment: number;
  readonly family: 4 | 6;
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

function packetOf(flow: Flow): PacketView {
  const bytes = new Uint8Array(64);
  const at = flow.family === 4 ? 20 : 40;
  if (flow.family === 4) {
    bytes.set([0x45, 0, 0, 40]);
    bytes[9] = 17;
    bytes[15] = flow.source;
    bytes[19] = flow.destination;
  } else {
    bytes.set([0x60, 0, 0, 0, 0, 20, 17]);
    bytes[23] = flow.source;
    bytes[39] = flow.destination;
  }
  bytes[at + 1] = flow.sourcePort;
  bytes[at + 3] = flow.destinationPort;
  const packet = new PacketView();
  assert.equal(packet.read(bytes, 0, 64), PacketVerdict.ok);
  return packet;
}

/** Remembers the packet's flow with a policy to know it by. */
function remember(table: FlowTable, segment: number, packet: PacketView, policy: number, now: number): number {
  table.lookup(segment, packet, now);
  const entry = table.remember(0, 0, now);
  table.policies[entry] = policy;
  return entry;
}

const NOTHING = -1;
function policyOf(table: FlowTable, segment: number, packet: PacketView, now: number): number {
  const entry = table.lookup(segment, packet, now);
  return entry === NO_ENTRY ? NOTHING : table.policies[entry]!;
}

/** The same flow the other way round. */
const reverse = (flow: Flow): Flow => ({
  ...flow,
  ...{ source: flow.destination, destination: flow.source },
  ...{ sourcePort: flow.destinationPort, destinationPort: flow.sourcePort },
});

const small = fc.nat(2);
const flows = fc.record<Flow>({
  segment: small,
  family: fc.constantFrom(4, 6),
  source: small,
  destination: small,
  sourcePort: small,
  destinationPort: small,
});

test('it answers what a map would, or that it forgot, but never of another flow', () => {
  const steps = fc.array(fc.record({ flow: flows, policy: fc.nat(9), remembers: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.nat(), (sequence, seed) => {
      const table = new FlowTable(64, seed);
      const naive = new Map<string, number>();
      for (const [now, { flow, policy, remembers }] of sequence.entries()) {
        const key = [JSON.stringify(flow), JSON.stringify(reverse(flow))].sort().join();
        const packet = packetOf(flow);
        const found = policyOf(table, flow.segment, packet, now);
        assert.ok(found === NOTHING || found === naive.get(key));
        if (!remembers) continue;
        remember(table, flow.segment, packet, policy, now);
        naive.set(key, policy);
        assert.equal(policyOf(table, flow.segment, packet, now), policy);
        assert.equal(policyOf(table, flow.segment, packetOf(reverse(flow)), now), policy);
      }
    }),
  );
});

test('with room for them, no flow is forgotten', () => {
  const table = new FlowTable(4096, 1);
  const all = Array.from({ length: 200 }, (_, at) => packetOf({ ...plain, source: at, destination: 250 - at }));
  for (const [at, packet] of all.entries()) remember(table, 0, packet, at, 0);
  for (const [at, packet] of all.entries()) assert.equal(policyOf(table, 0, packet, 0), at);
});

const plain: Flow = { segment: 0, family: 4, source: 1, destination: 2, sourcePort: 3, destinationPort: 4 };

test('both directions are one flow, which knows who began it, and each has an edge of its own', () => {
  const table = new FlowTable(64, 1);
  const entry = remember(table, 0, packetOf(reverse(plain)), 7, 0);
  assert.equal(table.order, table.initiators[entry]);
  table.edges[entry * 2 + table.order] = 5;
  assert.equal(table.lookup(0, packetOf(plain), 1), entry);
  assert.notEqual(table.order, table.initiators[entry]);
  assert.equal(table.edges[entry * 2 + table.order], -1);
});

test('a full set gives up the flow that was quiet longest', () => {
  const table = new FlowTable(8, 1);
  const packets = Array.from({ length: 9 }, (_, at) => packetOf({ ...plain, source: at + 10 }));
  for (let at = 0; at < 8; at++) remember(table, 0, packets[at]!, at, at);
  table.lookup(0, packets[0]!, 100);
  const stamp = table.stamps[table.lookup(0, packets[1]!, 1)];
  const taken = remember(table, 0, packets[8]!, 8, 101);
  assert.equal(policyOf(table, 0, packets[1]!, 102), NOTHING);
  assert.notEqual(table.stamps[taken], stamp);
  assert.equal(policyOf(table, 0, packets[0]!, 102), 0);
  assert.equal(policyOf(table, 0, packets[8]!, 102), 8);
});

test('the same 5-tuple in two segments is two flows', () => {
  const table = new FlowTable(64, 1);
  remember(table, 0, packetOf(plain), 1, 0);
  assert.equal(policyOf(table, 1, packetOf(plain), 0), NOTHING);
});

test('after a change of the configuration flows are to be judged again, and are still known', () => {
  const table = new FlowTable(8, 1);
  const entry = remember(table, 0, packetOf(plain), 1, 0);
  assert.ok(table.isJudged(entry));
  table.reconsider();
  assert.equal(table.lookup(0, packetOf(reverse(plain)), 0), entry);
  assert.ok(!table.isJudged(entry));
  table.judged(entry);
  assert.ok(table.isJudged(entry));
});

test('a flow of UDP that was quiet for five minutes begins anew', () => {
  const table = new FlowTable(8, 1);
  remember(table, 0, packetOf(plain), 1, 0);
  assert.equal(policyOf(table, 0, packetOf(plain), 300_000), 1);
  assert.equal(policyOf(table, 0, packetOf(plain), 600_001), NOTHING);
});
