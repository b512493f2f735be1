import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultThresholds, initialState, type SteeringConfiguration, type SteeringEvent, steer } from './index.ts';

const tunnel = (id: string, cost = 10, edgeId = 'london') => ({ id, cost, edgeId });
const configurationOf = (...tunnels: ReturnType<typeof tunnel>[]): SteeringConfiguration => ({
  ...defaultThresholds,
  tunnels,
});
const up = (tunnelId: string, atMs = 0): SteeringEvent => ({ type: 'tunnelState', atMs, tunnelId, state: 'up' });
const down = (tunnelId: string, atMs = 0): SteeringEvent => ({ type: 'tunnelState', atMs, tunnelId, state: 'down' });
const measured = (roundTripsMs: Record<string, number>): SteeringEvent => ({
  type: 'measured',
  atMs: 0,
  roundTrips: Object.entries(roundTripsMs).map(([tunnelId, ms]) => ({ tunnelId, roundTripUs: ms * 1_000 })),
});

function run(configuration: SteeringConfiguration, events: readonly SteeringEvent[]) {
  let state = steer(initialState, { type: 'configured', atMs: 0 }, configuration).state;
  for (const event of events) state = steer(state, event, configuration).state;
  return state;
}
const leader = (configuration: SteeringConfiguration, ...events: SteeringEvent[]) =>
  run(configuration, events).groups[0]!.tunnelIds[0];

test('a tunnel that is up leads one that is cheaper and down', () => {
  assert.equal(leader(configurationOf(tunnel('fibre', 1), tunnel('lte', 9)), up('lte'), down('fibre')), 'lte');
});

test('among tunnels that are up the cheapest leads, also when it comes back', () => {
  const both = configurationOf(tunnel('fibre', 1), tunnel('lte', 9));
  assert.equal(leader(both, up('lte'), up('fibre'), down('fibre'), up('fibre')), 'fibre');
});

test('a shorter round trip takes over only for 20 ms and a tenth', () => {
  const both = configurationOf(tunnel('a'), tunnel('b'));
  const started = [up('a'), up('b')];
  assert.equal(leader(both, ...started, measured({ a: 60, b: 41 })), 'a', 'a gain of 19 ms is too little');
  assert.equal(leader(both, ...started, measured({ a: 60, b: 40 })), 'b', 'a gain of 20 ms is enough');
  assert.equal(leader(both, ...started, measured({ a: 500, b: 460 })), 'a', 'a gain of 8 % is too little');
  assert.equal(leader(both, ...started, measured({ a: 60, b: 40 }), measured({ a: 30, b: 40 })), 'b', 'and it stays');
});

test('a round trip from before a failure is forgotten', () => {
  const both = configurationOf(tunnel('a'), tunnel('b'));
  const state = run(both, [up('a'), up('b'), measured({ a: 10, b: 90 }), down('a'), up('a')]);
  assert.equal(state.observed.a!.roundTripUs, null);
});

test('a decision says what lost and why', () => {
  const configuration = configurationOf(tunnel('fibre', 1), tunnel('lte', 9), tunnel('mpls', 5));
  const before = run(configuration, [up('fibre'), up('lte')]);
  const { decisions } = steer(before, down('fibre', 7), configuration);
  assert.equal(decisions.length, 1);
  assert.deepEqual(decisions[0], {
    atMs: 7,
    generation: before.generation + 1,
    edgeId: 'london',
    chosen: 'lte',
    previous: 'fibre',
    reason: 'only one up',
    losers: [
      { tunnelId: 'mpls', why: 'not up yet' },
      { tunnelId: 'fibre', why: 'down' },
    ],
  });
});

test('a removed tunnel leaves the groups and the observations', () => {
  const state = run(configurationOf(tunnel('a'), tunnel('b')), [up('a'), up('b')]);
  const after = steer(state, { type: 'configured', atMs: 1 }, configurationOf(tunnel('b'))).state;
  assert.deepEqual(after.groups, [{ edgeId: 'london', tunnelIds: ['b'] }]);
  assert.deepEqual(Object.keys(after.observed), ['b']);
  assert.equal(steer(after, { type: 'configured', atMs: 2 }, configurationOf()).state.generation, after.generation + 1);
});

const ids = ['a', 'b', 'c', 'd'];
const event: fc.Arbitrary<SteeringEvent> = fc.oneof(
  fc.record({
    type: fc.constant('tunnelState' as const),
    atMs: fc.nat(),
    tunnelId: fc.constantFrom(...ids, 'stranger'),
    state: fc.constantFrom('up' as const, 'down' as const, 'connecting' as const),
  }),
  fc.record({
    type: fc.constant('measured' as const),
    atMs: fc.nat(),
    roundTrips: fc.array(
      fc.record({ tunnelId: fc.constantFrom(...ids, 'stranger'), roundTripUs: fc.integer({ min: 1, max: 900_000 }) }),
    ),
  }),
);
const four = configurationOf(
  tunnel('a', 1),
  tunnel('b', 1),
  tunnel('c', 5, 'tokyo'),
  tunnel('d', 1, 'tokyo'),
  tunnel('e', 5, 'tokyo'),
);

test('whatever happens, every tunnel is in its group once and none that is down leads one that is up', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const state = run({ ...four, ledgerSize: 5 }, events);
      assert.deepEqual(state.groups.flatMap(({ tunnelIds }) => tunnelIds).sort(), ['a', 'b', 'c', 'd', 'e']);
      assert.ok(state.ledger.length <= 5);
      for (const { tunnelIds } of state.groups) {
        const isUp = tunnelIds.map((id) => state.observed[id]!.state === 'up');
        assert.equal(isUp.indexOf(true) <= 0, true, `${tunnelIds} ${isUp}`);
      }
    }),
  );
});

test('the same events give the same state, and the generation grows exactly with a change', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      assert.deepEqual(run(four, events), run(four, structuredClone(events)));
      let state = run(four, []);
      for (const next of events) {
        const after = steer(state, next, four);
        const isChanged = JSON.stringify(after.state.groups) !== JSON.stringify(state.groups);
        assert.equal(after.state.generation, state.generation + (isChanged ? 1 : 0));
        assert.equal(after.decisions.length > 0, isChanged);
        state = after.state;
      }
    }),
  );
});

test('a shorter round trip is a reason only where it is shorter', () => {
  const three = configurationOf(tunnel('fibre', 1), tunnel('lte', 9), tunnel('mpls', 9));
  const reasonOf = (...events: SteeringEvent[]) => run(three, events).ledger.at(-1)?.reason;
  const all = [up('fibre'), up('lte'), up('mpls')];
  assert.equal(reasonOf(...all, measured({ lte: 40, mpls: 40 }), down('fibre')), 'first among equals');
  assert.equal(reasonOf(...all, down('fibre')), 'first among equals', 'nothing is measured');
  assert.equal(reasonOf(...all, measured({ lte: 40, mpls: 60 }), down('fibre')), 'shorter round trip');
});
