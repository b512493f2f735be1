import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSeparator } from './exec.ts';

test('two dashes before the command are no part of it, later ones are', () => {
  assert.deepEqual(withoutSeparator(['--', 'ping', '-c', '1']), ['ping', '-c', '1']);
  assert.deepEqual(withoutSeparator(['sh', '-c', 'true', '--']), ['sh', '-c', 'true', '--']);
});
