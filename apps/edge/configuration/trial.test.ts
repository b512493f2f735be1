import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, verified, wireguardKey } from './fixtures.ts';
import { handleTrial, running, type TrialEffect, type TrialEvent, type TrialState } from './trial.ts';

const good = verified(configurationOf(1));
const next = verified(configurationOf(2));
const start: TrialState = { trialMs: 30_000, good, trial: undefined, rejected: [] };
const up = (...ids: string[]): ReadonlySet<string> => new Set(ids);
const offer = (offered = next, ...ids: string[]): TrialEvent => ({
  type: 'offered',
  verified: offered,
  tunnelsUp: up(...ids),
});
const connected = (...ids: string[]): TrialEvent => ({ type: 'connected', tunnelsUp: up(...ids) });

/** Events with their times, and every effect they led to. */
function play(state: TrialState, ...events: readonly (readonly [number, TrialEvent])[]) {
  const effects: TrialEffect[] = [];
  let present = state;
  for (const [now, event] of events) {
    const step = handleTrial(present, event, now);
    present = step.state;
    effects.push(...step.effects);
  }
  return {
    state: present,
    effects,
    said: effects.flatMap((effect) => (effect.type === 'say' ? [effect.message] : [])),
  };
}
const names = (effects: readonly TrialEffect[]) =>
  effects.map((effect) => (effect.type === 'say' ? effect.message.type : effect.type));

test('a new configuration is applied, and stays once a fresh connection was made with it', () => {
  const { state, effects } = play(start, [0, offer()], [900, connected()]);
  assert.deepEqual(
    names(effects),
    ['apply', 'applied', 'reconnect', 'keep', 'confirmed'],
    'on disk before it is confirmed',
  );
  assert.equal(state.good, next);
  assert.equal(state.trial, undefined);
});

test('it is not confirmed before the tunnels it kept are up again', () => {
  const before = play(start, [0, offer(next, 't1', 't2')], [900, connected('t1')]);
  assert.deepEqual(names(before.effects), ['apply', 'applied', 'reconnect']);
  const after = play(before.state, [1_500, { type: 'tunnels', tunnelsUp: up('t1', 't2') }]);
  assert.deepEqual(names(after.effects), ['keep', 'confirmed']);
});

test('tunnels that were down, or whose key changes, are not waited for', () => {
  const { tunnels } = configurationOf(2);
  const rekeyed = { ...tunnels[1]!, remote: { ...tunnels[1]!.remote, publicKey: wireguardKey('z') } };
  const candidate = verified(configurationOf(2, { tunnels: [tunnels[0]!, rekeyed] }));
  assert.deepEqual(names(play(start, [0, offer(candidate, 't2')], [1, connected()]).effects).at(-1), 'confirmed');
});

test('without the controller the edge returns to its last good one when the trial is over', () => {
  const { state, effects, said } = play(start, [0, offer()], [29_999, { type: 'tick' }], [30_000, { type: 'tick' }]);
  assert.deepEqual(names(effects), ['apply', 'applied', 'reconnect', 'remember', 'apply', 'reconnect', 'returned']);
  assert.equal(running(state), good);
  assert.deepEqual(said.at(-1), {
    type: 'returned',
    version: { epoch: 1, sequence: 2 },
    running: { epoch: 1, sequence: 1 },
    code: 'TRIAL_FAILED',
    reason: 'with 1.2 the controller could not be reached (203.0.113.1:8444)',
  });
});

test('a connection that was lost again does not count', () => {
  const lost: TrialEvent = { type: 'disconnected' };
  const { said } = play(start, [0, offer(next, 't1')], [5, connected()], [10, lost], [30_000, { type: 'tick' }]);
  assert.equal(said.at(-1)?.type, 'returned');
});

test('a configuration that cannot be applied is given up at once', () => {
  const { state, said } = play(start, [0, offer()], [1, { type: 'failed', reason: 'no such interface' }]);
  assert.equal(running(state), good);
  assert.deepEqual(said.at(-1), {
    ...{ type: 'returned', code: 'NOT_APPLICABLE', reason: 'no such interface' },
    ...{ version: { epoch: 1, sequence: 2 }, running: { epoch: 1, sequence: 1 } },
  });
});

test('a first configuration that fails leaves nothing running', () => {
  const { state } = play({ ...start, good: undefined }, [0, offer()], [30_000, { type: 'tick' }]);
  assert.equal(running(state), undefined);
});

test('what was given up is not tried in a loop, and an older number does not slip in behind it', () => {
  const failed = play(start, [0, offer()], [30_000, { type: 'tick' }]).state;
  assert.deepEqual(names(play(failed, [31_000, offer()]).effects), ['returned']);
  const newer = verified(configurationOf(3));
  assert.equal(names(play(failed, [31_000, offer(newer)]).effects)[0], 'apply');
  const afterThree = play(start, [0, offer(newer)], [30_000, { type: 'tick' }]).state;
  assert.deepEqual(play(afterThree, [31_000, offer(next)]).said[0], {
    ...{ type: 'returned', code: 'OLDER_VERSION', reason: '1.2 is older than 1.3' },
    ...{ version: { epoch: 1, sequence: 2 }, running: { epoch: 1, sequence: 1 } },
  });
});

test('one that could not be confirmed may try again twice, a minute apart', () => {
  let state = start;
  const attempts = [0, 100_000, 200_000, 300_000, 400_000].map((at) => {
    const { state: after, effects } = play(state, [at, offer()], [at + 30_000, { type: 'tick' }]);
    state = after;
    return names(effects)[0];
  });
  assert.deepEqual(attempts, ['apply', 'apply', 'apply', 'returned', 'returned']);
});

test('a newer one replaces the one on trial, and the good one stays what it returns to', () => {
  const newer = verified(configurationOf(3));
  const { state, effects } = play(start, [0, offer()], [10_000, offer(newer)], [39_999, { type: 'tick' }]);
  assert.deepEqual(names(effects), ['apply', 'applied', 'reconnect', 'apply', 'applied', 'reconnect']);
  assert.equal(running(state), newer);
  assert.equal(running(play(state, [40_000, { type: 'tick' }]).state), good);
});

test('the running one sent again is confirmed again, and changes nothing', () => {
  assert.deepEqual(names(play(start, [0, offer(good)]).effects), ['confirmed']);
  const trial = play(start, [0, offer()]);
  assert.deepEqual(play(trial.state, [1, offer()]).effects, [], 'while on trial the word is still to come');
});

test('the same number with other words is refused', () => {
  const forged = verified(configurationOf(1, { mtu: 1400 }));
  const { state, said } = play(start, [0, offer(forged)]);
  assert.equal(said[0]?.type === 'returned' && said[0].code, 'SAME_VERSION_DIFFERS');
  assert.equal(running(state), good);
});
