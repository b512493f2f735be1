/**
 * What do the tables of the packet path cost when they are full? A look-up among 100,000 prefixes against one among 100, a
 * packet of one of 100,000 flows against one of 100, one of 10,000 learned prefixes that leads elsewhere against all of them
 * made anew, and a switch of path groups with 100,000 flows pointing to them against one with none: a switch costs the
 * number of groups, whatever points to them. Prints one line of JSON with medians in microseconds and their ratios.
 */
import { PacketVerdict, PacketView, prefixOf } from '@patronus/net';
import { loadKernels } from '../packages/forwarder/host/loadKernels.ts';
import '../packages/forwarder/kernels/build.mjs';
import { createMemory } from '../packages/forwarder/memory.ts';
import { FLOWS } from '../packages/forwarder/path/context.ts';
import { udpPacket } from '../packages/forwarder/simulatedSites.ts';
import { FlowTable, NO_ENTRY } from '../packages/forwarder/tables/flows.ts';
import { Groups } from '../packages/forwarder/tables/groups.ts';
import { RouteTable } from '../packages/forwarder/tables/routes.ts';

const MANY = 100_000;
const FEW = 100;
const LEARNED = 10_000;
const GROUPS = 1_000;
const ROUNDS = 15;
const CALLS = 20_000;

loadKernels(createMemory().memory);

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

/** Microseconds a call of each, in rounds that take turns. */
function race<Name extends string>(works: Record<Name, (at: number) => void>, calls = CALLS): Record<Name, number> {
  const times = Object.fromEntries(Object.keys(works).map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works) as [Name, (at: number) => void][]) {
      const start = performance.now();
      for (let at = 0; at < calls; at++) work(at);
      times[name].push(((performance.now() - start) * 1_000) / calls);
    }
  }
  return Object.fromEntries(
    (Object.entries(times) as [Name, number[]][]).map(([name, all]) => [name, median(all)]),
  ) as Record<Name, number>;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** A number that jumps about: neighbours in a table would share the processor's cache. */
const scatter = (at: number, below: number) => (Math.imul(at, 0x9e3779b1) >>> 0) % below;

function addressOf(number: number): Uint8Array {
  return Uint8Array.of(16 + (number >>> 14), (number >>> 6) & 0xff, (number << 2) & 0xff, 1);
}

function routesTo(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    segment: 0,
    prefix: prefixOf({ family: 4, bytes: addressOf(at) }, 30),
    target: { kind: 'edges' as const, edges: Int32Array.of(at % GROUPS) },
  }));
}

function routing(count: number): RouteTable {
  const table = new RouteTable();
  table.configure(routesTo(count), []);
  return table;
}

const tries = { many: routing(MANY), few: routing(FEW) };
/** One behind the other, as packets come from one memory. */
const addresses = Uint8Array.from(Array.from({ length: MANY }, (_, at) => [...addressOf(at)]).flat());
const routes = race({
  many: (at) => void tries.many.lookup(0, 4, addresses, 4 * scatter(at, MANY)),
  few: (at) => void tries.few.lookup(0, 4, addresses, 4 * scatter(at, FEW)),
});

/** One prefix of what was learned leads elsewhere, against the same table made anew. */
const learned = routesTo(LEARNED);
const kept = new RouteTable();
kept.learn(learned, []);
const elsewhere = { kind: 'edges' as const, edges: Int32Array.of(1) };
const changes = race(
  {
    one: (at) => kept.learn([{ ...learned[scatter(at, LEARNED)]!, target: elsewhere }], []),
    all: () => new RouteTable().configure(learned, []),
  },
  10,
);

/** A packet of flow `number`. */
const packet = new PacketView();
const bytes = udpPacket({ source: [10, 1, 0, 1], destination: [10, 2, 0, 1] });
function flow(number: number): PacketView {
  bytes[14] = number >>> 16;
  bytes[20] = (number >>> 8) & 0xff;
  bytes[21] = number & 0xff;
  if (packet.read(bytes, 0, bytes.length) !== PacketVerdict.ok) throw new Error('bench: not a packet');
  return packet;
}

const full = new FlowTable(FLOWS, 1);
for (let at = 0; at < MANY; at++) {
  full.lookup(0, flow(at), 0);
  full.policies[full.remember(0, 0, 0)] = at % GROUPS;
}
let known = 0;
for (let at = 0; at < MANY; at++) {
  const entry = full.lookup(0, flow(at), 1);
  if (entry !== NO_ENTRY && full.policies[entry] === at % GROUPS) known += 1;
}
const flows = race({
  many: (at) => void full.lookup(0, flow(scatter(at, MANY)), 1),
  few: (at) => void full.lookup(0, flow(scatter(at, FEW)), 1),
});

/** Every group has two tunnels; the first of all goes down and comes back. */
function groupsOf(mode: 'single' | 'balance') {
  const groups = new Groups();
  groups.publish(
    1,
    Array.from({ length: GROUPS }, (_, at) => ({
      ...{ edgeId: `edge${at}`, treatment: 'default', mode, weights: [2, 1] },
      tunnels: [at * 2, at * 2 + 1],
      tunnelIds: [`first${at}`, `second${at}`],
    })),
  );
  return groups;
}
const [single, balance] = [groupsOf('single'), groupsOf('balance')];
const states = { isUp: new Uint8Array(GROUPS * 2).fill(1), isDoubted: new Uint8Array(GROUPS * 2) };
let moved = 0;
const turn = (groups: Groups) => {
  for (let at = 0; at < GROUPS; at++) states.isUp[at * 2]! ^= 1;
  groups.switch(states, () => {
    moved += 1;
  });
};
const switches = race({ single: () => turn(single), balance: () => turn(balance) }, 50);

process.stdout.write(
  `${JSON.stringify({
    prefixes: { count: MANY, us: round(routes.many), usFew: round(routes.few), ratio: round(routes.many / routes.few) },
    change: {
      count: LEARNED,
      us: round(changes.one),
      usAll: round(changes.all),
      ratio: round(changes.one / changes.all),
    },
    flows: { count: known, us: round(flows.many), usFew: round(flows.few), ratio: round(flows.many / flows.few) },
    switch: {
      ...{ flows: known, groups: GROUPS, movedEach: moved / (ROUNDS * 100) },
      ...{ us: round(switches.single), usBalance: round(switches.balance) },
    },
  })}\n`,
);
