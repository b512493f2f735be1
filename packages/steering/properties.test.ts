/** What holds whatever happens: seeded, so that a failure comes again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configurationOf, tunnel, voice } from './fixtures.ts';
import {
  deadline,
  initialState,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
  steer,
} from './index.ts';

const seed = 20_261_128;
const tunnels = [
  tunnel('a~x', 1),
  tunnel('a~y', 2),
  tunnel('b~x', 2),
  tunnel('b~y', 3, { isDrained: true }),
  tunnel('a~p', 1, { edgeId: 'tokyo' }),
  tunnel('b~p', 1, { edgeId: 'tokyo' }),
];
const weights = [
  { label: 'a', weight: 2 },
  { label: 'b', weight: 1 },
];
const configuration = configurationOf(tunnels, [
  voice({ loss: 0.01, roundTripMs: 150, jitterMs: 30, mos: 3.5 }),
  { id: 'best', sla: null, path: { mode: 'best' } },
  { id: 'labels', sla: voice({ loss: 0.02 }).sla, path: { mode: 'ordered', labels: ['b', 'a'] } },
  { id: 'share', sla: voice({ loss: 0.02 }).sla, path: { mode: 'balance', weights } },
  { id: 'twice', sla: null, path: { mode: 'duplicate' } },
]);
const undrained: SteeringConfiguration = {
  ...configuration,
  tunnels: tunnels.slice(0, 5).map((one) => ({ ...one, isDrained: false })),
};

const direction = fc.option(
  fc.record({
    packets: fc.integer({ min: 0, max: 2_000 }),
    loss: fc.constantFrom(0, 0.001, 0.05, 0.5, 1),
    jitterUs: fc.constantFrom(0, 1_000, 60_000),
    delayChangeUs: fc.constantFrom(0, 3_000, 200_000),
  }),
  { nil: null },
);
const ids = [...tunnels.map(({ id }) => id), 'stranger', '__proto__'];
const laterMs = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 90_000 }));
const event = fc.oneof(
  fc.record({
    type: fc.constant('tunnelState' as const),
    laterMs,
    tunnelId: fc.constantFrom(...ids),
    state: fc.constantFrom('up' as const, 'up' as const, 'down' as const, 'connecting' as const),
  }),
  fc.record({
    type: fc.constant('measured' as const),
    laterMs,
    tunnels: fc.array(
      fc.record({
        id: fc.constantFrom(...ids),
        roundTripUs: fc.option(fc.integer({ min: 1, max: 400_000 }), { nil: null }),
        outgoing: direction,
        incoming: direction,
      }),
      { maxLength: 6 },
    ),
  }),
  fc.record({ type: fc.constant('tick' as const), laterMs }),
  fc.record({
    type: fc.constant('suspected' as const),
    laterMs,
    tunnelId: fc.constantFrom(...ids),
    isSuspected: fc.boolean(),
    by: fc.constantFrom('silence' as const, 'otherEnd' as const),
  }),
  fc.record({ type: fc.constant('configured' as const), laterMs }),
  fc.record({
    type: fc.constant('reach' as const),
    laterMs,
    edgeId: fc.constantFrom('london', 'tokyo', 'nowhere'),
    isReachable: fc.boolean(),
  }),
);
type Timed = SteeringEvent extends infer Each
  ? Each extends { atMs: number }
    ? Omit<Each, 'atMs'> & { laterMs: number }
    : never
  : never;

interface Moment {
  readonly before: SteeringState;
  readonly event: SteeringEvent;
  readonly after: ReturnType<typeof steer>;
  readonly configuration: SteeringConfiguration;
}

/** Every other `configured` brings the other configuration. */
function* run(events: readonly Timed[], through = (state: SteeringState) => state): Generator<Moment> {
  let present = configuration;
  let state = steer(initialState, { type: 'configured', atMs: 0 }, present).state;
  let atMs = 0;
  for (const { laterMs: wait, ...rest } of events) {
    atMs += wait;
    const next = { ...rest, atMs } as SteeringEvent;
    if (next.type === 'configured') present = present === configuration ? undrained : configuration;
    const after = steer(through(state), next, present);
    yield { before: state, event: next, after, configuration: present };
    state = after.state;
  }
}

function always(check: (events: readonly Timed[]) => void, maxLength = 80): void {
  fc.assert(fc.property(fc.array(event as fc.Arbitrary<Timed>, { maxLength, size: 'max' }), check), {
    seed,
    numRuns: 60,
  });
}

test('a path that is down is never used while another is up, a silent one never while one is heard, and a drained one never while one in service is', () => {
  always((events) => {
    for (const { after, configuration: present } of run(events)) {
      for (const { edgeId, tunnelIds, chosen, treatment } of after.state.groups) {
        const all = present.tunnels.filter((one) => one.edgeId === edgeId);
        assert.deepEqual([...tunnelIds].sort(), all.map(({ id }) => id).sort());
        const up = all.filter(({ id }) => after.state.tunnels[id]!.state === 'up');
        assert.equal(chosen.length === 0, up.length === 0, treatment);
        for (const id of chosen)
          assert.ok(
            up.some((one) => one.id === id),
            `${treatment}: ${id} is down`,
          );
        const lead = up.find(({ id }) => id === chosen[0]);
        const isSilent = (id: string) => after.state.tunnels[id]!.silentBy !== undefined;
        const heard = up.filter(({ id }) => !isSilent(id));
        if (lead !== undefined && isSilent(lead.id))
          assert.equal(heard.length, 0, `${treatment}: ${lead.id} is silent`);
        if (lead?.isDrained)
          assert.ok(
            (heard.length > 0 ? heard : up).every(({ isDrained }) => isDrained),
            `${treatment}: ${lead.id} is drained`,
          );
        if (chosen.length > 0) assert.deepEqual(tunnelIds.slice(0, chosen.length), chosen);
      }
    }
  });
});

test('the same events give the same decisions, also when state and events went through JSON', () => {
  always((events) => {
    const through = [...run(JSON.parse(JSON.stringify(events)), (state) => JSON.parse(JSON.stringify(state)))];
    [...run(events)].forEach(({ after }, index) => {
      assert.equal(JSON.stringify(through[index]!.after), JSON.stringify(after));
    });
  });
});

test('the generation grows by one exactly when a group changed, and every change is a decision with its number', () => {
  always((events) => {
    const shown = ({ groups }: SteeringState) =>
      groups.map(({ treatment, edgeId, tunnelIds, mode, weights: shares, chosen }) =>
        JSON.stringify([treatment, edgeId, tunnelIds, mode, shares, chosen]),
      );
    for (const { before, after } of run(events)) {
      const [old, now] = [shown(before), shown(after.state)];
      assert.equal(after.state.generation - before.generation, old.join() === now.join() ? 0 : 1);
      assert.equal(after.decisions.length, now.filter((group) => !old.includes(group)).length);
      after.decisions.forEach((decision, index) => {
        assert.equal(decision.number, before.decisionNumber + index + 1);
        assert.equal(decision.generation, after.state.generation);
        assert.ok(decision.reason.length <= 500 && decision.reason.endsWith('.'));
        assert.equal(decision.candidates[0]?.tunnelId, decision.chosen[0] ?? decision.candidates[0]?.tunnelId);
      });
    }
  });
});

const lasting = fc.oneof(
  fc.record({ type: fc.constant('tick' as const), laterMs: fc.integer({ min: 0, max: 2_000 }) }),
  fc.record({
    type: fc.constant('tunnelState' as const),
    laterMs: fc.integer({ min: 0, max: 2_000 }),
    tunnelId: fc.constantFrom(...ids.slice(0, 6)),
    state: fc.constantFrom('up' as const, 'up' as const, 'down' as const),
  }),
  fc.record({
    type: fc.constant('suspected' as const),
    laterMs: fc.integer({ min: 0, max: 2_000 }),
    tunnelId: fc.constantFrom(...ids.slice(0, 6)),
    isSuspected: fc.boolean(),
    by: fc.constant('silence' as const),
  }),
  fc.record({
    type: fc.constant('measured' as const),
    laterMs: fc.constant(250),
    tunnels: fc.tuple(
      ...ids.slice(0, 6).map((id) =>
        fc.record({
          id: fc.constant(id),
          roundTripUs: fc.constantFrom(10_000, 100_000, 300_000),
          outgoing: fc.constantFrom(
            ...[0, 0, 0.3].map((loss) => ({ packets: 500, loss, jitterUs: 1_000, delayChangeUs: 0 })),
          ),
          incoming: fc.constant(null),
        }),
      ),
    ),
  }),
);

test('whatever is measured, traffic returns to a failing uplink three times a minute at most, and moves for a gain as often', () => {
  const impatient = { holdMs: 500, longestHoldMs: 1_000, recoveryMs: 500 };
  for (const thresholds of [{}, impatient]) {
    const swinging = { ...configuration, thresholds: { ...configuration.thresholds, ...thresholds } };
    fc.assert(
      fc.property(
        fc.array(lasting as fc.Arbitrary<Timed>, { minLength: 200, maxLength: 400, size: 'max' }),
        (events) => {
          let state = steer(initialState, { type: 'configured', atMs: 0 }, swinging).state;
          for (const { id: tunnelId } of tunnels) {
            state = steer(state, { type: 'tunnelState', atMs: 0, tunnelId, state: 'up' }, swinging).state;
          }
          let atMs = 0;
          const returns = new Map<string, number[]>();
          const gains = new Map<string, number[]>();
          for (const { laterMs: wait, ...rest } of events) {
            atMs += wait;
            const before = state;
            const { state: after, decisions } = steer(state, { ...rest, atMs } as SteeringEvent, swinging);
            state = after;
            for (const { treatment, edgeId, rule } of decisions) {
              if (rule !== 'better' && rule !== 'misses-least') continue;
              const group = `${treatment} ${edgeId}`;
              gains.set(group, [...(gains.get(group) ?? []), atMs]);
            }
            const isForced = decisions.some(({ rule }) => ['down', 'silent', 'first-up', 'members'].includes(rule));
            for (const [id, { returns: times }] of Object.entries(after.uplinks)) {
              if (isForced || times.at(-1) === before.uplinks[id]?.returns.at(-1)) continue;
              returns.set(id, [...(returns.get(id) ?? []), atMs]);
            }
          }
          for (const times of [...returns.values(), ...gains.values()]) {
            for (const from of times) {
              const within = times.filter((time) => time >= from && time < from + 60_000).length;
              assert.ok(within <= 3, `${within} in a minute`);
            }
          }
        },
      ),
      { seed, numRuns: 12, endOnFailure: true },
    );
  }
});

test('state stays small however long it goes on, and no deadline lies behind', () => {
  always((events) => {
    for (const { after, configuration: present } of run(events)) {
      assert.ok(JSON.stringify(after.state).length < 80_000, 'bounded by tunnels and treatments');
      const due = deadline(after.state);
      if (due === null) continue;
      const ticked = steer(after.state, { type: 'tick', atMs: due }, present).state;
      const next = deadline(ticked);
      assert.ok(next === null || next > ticked.atMs, `${next} after ${ticked.atMs}`);
    }
  }, 200);
});
