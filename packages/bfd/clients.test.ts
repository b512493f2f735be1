import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceFor, mayStart } from './clients.ts';
import { states } from './codec/control.ts';

test('a session that fails takes down whatever uses it', () => {
  const failed = { state: 'down', previous: 'up', remoteState: 'up' } as const;
  assert.equal(adviceFor('controlProtocol', failed), 'withdraw');
  assert.equal(adviceFor('path', failed), 'withdraw');
  assert.equal(adviceFor('path', { state: 'up', previous: 'init', remoteState: 'up' }), 'use');
});

test('a session that a person switched off at either end breaks no protocol, and no path goes on unwatched', () => {
  for (const remote of ['adminDown', 'up'] as const) {
    const change = {
      state: remote === 'adminDown' ? 'down' : 'adminDown',
      previous: 'up',
      remoteState: remote,
    } as const;
    assert.equal(adviceFor('controlProtocol', change), 'ignore');
    assert.equal(adviceFor('path', change), 'withdraw');
  }
});

test('a session that never was Up holds no protocol back, but no path is used before it is', () => {
  for (const state of states) {
    assert.equal(mayStart('controlProtocol', state), true);
    assert.equal(mayStart('path', state), state === 'up');
  }
  assert.equal(adviceFor('controlProtocol', { state: 'down', previous: 'init', remoteState: 'up' }), 'ignore');
});
