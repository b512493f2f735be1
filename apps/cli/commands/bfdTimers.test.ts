import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError } from '../errors.ts';
import { changeOf } from './bfdTimers.ts';

test('what is not given stays, default goes back, and silence is on or off', () => {
  assert.deepEqual(changeOf({}), {});
  assert.deepEqual(changeOf({ interval: '200', multiplier: 'default' }), { intervalMs: 200, multiplier: null });
  assert.deepEqual(changeOf({ silence: 'off' }), { suspectsSilence: false });
  assert.deepEqual(changeOf({ silence: 'default' }), { suspectsSilence: null });
});

test('what is no time and no switch is refused with what would be', () => {
  assert.throws(() => changeOf({ idleInterval: '1s' }), CliError);
  assert.throws(() => changeOf({ silence: 'maybe' }), /give on, off or default/);
});
