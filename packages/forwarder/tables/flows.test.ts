import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketVerdict, PacketView } from '@patronus/net';
import fc from 'fast-check';
import { FlowTable, NO_GROUP } from './flows.ts';

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

const small = fc.nat(2);
const flows = fc.record<Flow>({
  segment: small,
  family: fc.constantFrom(4, 6),
  source: small,
  destination: small,
  sourcePort: small,
  destinationPort: small,
});

test('it answers what a map would, or that it forgot, but never a wrong group', () => {
  const steps = fc.array(fc.record({ flow: flows, group: fc.nat(9), remember: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.nat(), (sequence, seed) => {
      const table = new FlowTable(64, seed);
      const naive = new Map<string, number>();
      for (const [now, { flow, group, remember }] of sequence.entries()) {
        const key = JSON.stringify(flow);
        const packet = packetOf(flow);
        const found = table.lookup(flow.segment, packet, now);
        assert.ok(found === NO_GROUP || found === naive.get(key));
        if (!remember) continue;
        table.remember(flow.segment, packet, group, 0, now);
        naive.set(key, group);
        assert.equal(table.lookup(flow.segment, packet, now), group);
      }
    }),
  );
});

test('with room for them, no flow is forgotten', () => {
  const table = new FlowTable(4096, 1);
  const all = Array.from({ length: 200 }, (_, at) => packetOf({ ...plain, source: at, destination: at ^ 5 }));
  for (const [at, packet] of all.entries()) table.remember(0, packet, at, 0, 0);
  for (const [at, packet] of all.entries()) assert.equal(table.lookup(0, packet, 0), at);
});

const plain: Flow = { segment: 0, family: 4, source: 1, destination: 2, sourcePort: 3, destinationPort: 4 };

test('a full set gives up the flow that was quiet longest', () => {
  const table = new FlowTable(8, 1);
  const packets = Array.from({ length: 9 }, (_, at) => packetOf({ ...plain, source: at }));
  for (let at = 0; at < 8; at++) table.remember(0, packets[at]!, at, 0, at);
  table.lookup(0, packets[0]!, 100);
  table.remember(0, packets[8]!, 8, 0, 101);
  assert.equal(table.lookup(0, packets[1]!, 102), NO_GROUP);
  assert.equal(table.lookup(0, packets[0]!, 102), 0);
  assert.equal(table.lookup(0, packets[8]!, 102), 8);
});

test('the same 5-tuple in two segments is two flows', () => {
  const table = new FlowTable(64, 1);
  table.remember(0, packetOf(plain), 1, 0, 0);
  assert.equal(table.lookup(1, packetOf(plain), 0), NO_GROUP);
});

test('after forgetting all, nothing is found and there is room again', () => {
  const table = new FlowTable(8, 1);
  table.remember(0, packetOf(plain), 1, 0, 0);
  table.forgetAll();
  assert.equal(table.lookup(0, packetOf(plain), 0), NO_GROUP);
  table.remember(0, packetOf(plain), 2, 0, 0);
  assert.equal(table.lookup(0, packetOf(plain), 0), 2);
});
