import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EdgeError } from '../errors.ts';
import { statePaths } from '../state/paths.ts';
import { ask, askStatus, isRunning, serveQuestions } from './socket.ts';

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
    const status = { edge: { name: 'berlin' } };
    const server = await serveQuestions(paths, ({ ask: what }) => (what === 'status' ? JSON.stringify(status) : ''));
    context.after(() => server.close());
    assert.deepEqual(await askStatus(paths), status);
    assert.equal(await isRunning(paths), true);
  });
}

test('a client that talks, and one that never goes, cost no descriptor for long', async (context) => {
  const paths = stateDirectory(context, 'state');
  const server = await serveQuestions(paths, () => '{}', 50);
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

test('a question that fails is answered with why, and one that means nothing as well', async (context) => {
  const paths = stateDirectory(context, 'state');
  const server = await serveQuestions(paths, () => {
    throw new EdgeError('NO_SUCH_FLOW', 'say --from and --to as addresses', 2);
  });
  context.after(() => server.close());
  await assert.rejects(ask(paths, { ask: 'record' }), { code: 'NO_SUCH_FLOW', exitCode: 2, message: /say --from/ });
  await assert.rejects(ask(paths, { ask: 'weather' } as never), { code: 'BAD_QUESTION' });
  const odd = createConnection(paths.socket);
  odd.write('status\n'.repeat(2_000));
  odd.on('error', () => undefined);
  odd.resume();
  await once(odd, 'close');
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
