import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { statePaths } from '../state/paths.ts';
import { askStatus, isRunning, serveStatus } from './socket.ts';
import type { EdgeStatus } from './status.ts';

function stateDirectory(context: TestContext, name: string) {
  const root = mkdtempSync(join(tmpdir(), 'pt-socket-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const directory = join(root, name);
  mkdirSync(directory);
  return statePaths(directory);
}

for (const [where, name] of [
  ['a short path', 'state'],
  ['a path longer than a socket address may be', 'x'.repeat(120)],
] as const) {
  test(`a running edge answers on ${where}, and is known to run`, async (context) => {
    const paths = stateDirectory(context, name);
    assert.equal(await isRunning(paths), false);
    const status = { edge: { name: 'berlin' } } as unknown as EdgeStatus;
    const server = await serveStatus(paths, () => status);
    context.after(() => server.close());
    assert.deepEqual(await askStatus(paths), status);
    assert.equal(await isRunning(paths), true);
  });
}
