/** The table against RFC 4271 §8.2.2, by the numbers of §8.1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, type State, states, transitions } from './transitions.ts';

/** Event numbers that lead to each state; every other event leads to Idle. */
const expected: Readonly<Record<State, Partial<Record<State, readonly number[]>>>> = {
  Idle: { Connect: [1, 3, 6], Active: [4, 5, 7] },
  Connect: {
    Connect: [1, 3, 4, 5, 6, 7, 9, 14, 15],
    // 18 leads to Active with or without DelayOpenTimer: docs/decisions/0029.
    Active: [18],
    OpenSent: [12, 16, 17],
    OpenConfirm: [20],
  },
  Active: { Connect: [9], Active: [1, 3, 4, 5, 6, 7, 14, 15], OpenSent: [12, 16, 17], OpenConfirm: [20] },
  OpenSent: { Active: [18], OpenSent: [1, 3, 4, 5, 6, 7, 14, 15, 16, 17, 29], OpenConfirm: [19] },
  OpenConfirm: { OpenConfirm: [1, 3, 4, 5, 6, 7, 11, 14, 15, 16, 17, 29], Established: [26] },
  Established: { Established: [1, 3, 4, 5, 6, 7, 11, 14, 15, 16, 17, 26, 27, 30] },
};

test('every event leads from every state to where RFC 4271 §8.2.2 says', () => {
  assert.equal(events.indexOf('UpdateMsgErr') + 1, 28, 'events are numbered as in §8.1');
  for (const state of states) {
    events.forEach((event, at) => {
      const number = at + 1;
      const to = states.find((one) => expected[state][one]?.includes(number)) ?? 'Idle';
      assert.equal(transitions[state][event].to, to, `${event} (${number}) in ${state}`);
    });
  }
});

test('nothing is sent or connected in Idle but by a start, and every way to Idle drops the connection', () => {
  for (const [event, { do: actions, to }] of Object.entries(transitions.Idle)) {
    assert.equal(
      actions.some((action) => action.startsWith('send') || action.startsWith('notify')),
      false,
      event,
    );
    if (to === 'Idle') assert.deepEqual(actions, [], event);
  }
  for (const state of states) {
    if (state === 'Idle') continue;
    for (const [event, { do: actions, to }] of Object.entries(transitions[state])) {
      if (to === 'Idle') assert.equal(actions.includes('drop'), true, `${event} in ${state}`);
    }
  }
});

test('a NOTIFICATION is sent before the connection is dropped, and never in answer to one', () => {
  for (const state of states) {
    for (const [event, { do: actions }] of Object.entries(transitions[state])) {
      const at = actions.findIndex((action) => action.startsWith('notify'));
      if (at >= 0) assert.equal(at < actions.indexOf('drop'), true, `${event} in ${state}`);
      if (event.startsWith('Notif')) assert.equal(at, -1, `${event} in ${state}`);
    }
  }
});
