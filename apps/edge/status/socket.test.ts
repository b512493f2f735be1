import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
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

test('a client that talks, and one that never goes, cost no descriptor for long', async (context) => {
  const paths = stateDirectory(context, 'state');
  const server = await serveStatus(paths, () => ({}) as EdgeStatus, 50);
  context.after(() => server.close());
  const talker = createConnection(paths.socket).resume();
  talker.write('status\n');
  await once(talker, 'close');
  const sitter = createConnection({ path: paths.socket, allowHalfOpen: true }).resume();
  sitter.on('error', () => undefined);
  await once(sitter, 'connect');
  while ((await connectionsOf(server)) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  sitter.destroy();
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
