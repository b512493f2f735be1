import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');
const recording = join(root, 'test/scenarios/steering/an-uplink-is-cut.jsonl');

function run(words: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'apps/cli/main.ts'), 'replay', ...words], {
    ...{ encoding: 'utf8', input, timeout: 30_000 },
  });
  return { status, stdout, stderr };
}

test('a recording gives identical decisions again, with the reason of each', () => {
  const { status, stdout } = run([recording]);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /internet → internet went down/);
  assert.match(stdout, /\nidentical\n$/);
});

test('a decision that was changed is named, and the exit code tells programs', () => {
  const changed = readFileSync(recording, 'utf8').replace('"rule":"down"', '"rule":"better"');
  const { status, stdout } = run(['-', '--json'], changed);
  assert.equal(status, 1);
  const told = JSON.parse(stdout);
  assert.equal(told.identical, false);
  assert.match(told.difference, /^decision \d+: rule was "better" and is "down"$/);
});

test('what is no recording is told by its line', () => {
  assert.match(run(['-'], 'hello').stderr, /-: line 1: it is no line of a recording/);
  assert.match(run(['-'], '').stderr, /the recording is empty/);
  const [first] = readFileSync(recording, 'utf8').split('\n');
  const damaged = run(['-'], `${first}\n{"type":"event","event":{"type":"measured","atMs":1,"tunnels":7}}`);
  assert.match(damaged.stderr, /line 2: it cannot be replayed/);
  assert.equal(damaged.status, 2);
});
