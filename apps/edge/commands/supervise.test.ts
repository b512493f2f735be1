import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exitCodes } from '../errors.ts';

function superviseOn(state: string) {
  const main = join(import.meta.dirname, '..', 'main.ts');
  return spawnSync(process.execPath, [main, 'run', '--state', state, '--supervise'], {
    encoding: 'utf8',
    timeout: 30_000,
  });
}

function folder(context: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'pt-supervise-'));
  context.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const needsRoot = process.getuid?.() === 0 ? false : 'an edge needs root';

test('an edge whose identity is damaged says so once and is not started again and again', {
  skip: needsRoot,
}, (context) => {
  const state = folder(context);
  writeFileSync(join(state, 'identity.json'), '{"edgeId":"edge_');
  const { status, stderr } = superviseOn(state);
  assert.match(stderr, /identity\.json is damaged; restore it/);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.equal(status, exitCodes.damaged);
});

test('a state directory that cannot be made is told once, by its name', { skip: needsRoot }, (context) => {
  const state = join(folder(context), 'file');
  writeFileSync(state, '');
  const { status, stderr } = superviseOn(state);
  assert.match(stderr, /state directory .*file cannot be made/);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.equal(status, exitCodes.damaged);
});
