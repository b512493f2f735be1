import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, serveControl, tryAsk } from './control.ts';
import { exitCodes, LabError } from './errors.ts';

async function serving(t: { after(fn: () => void): void }, folderName: string) {
  const root = mkdtempSync(join(tmpdir(), 'patronus-lab-'));
  const folder = join(root, folderName);
  mkdirSync(folder, { recursive: true });
  t.after(() => rmSync(root, { recursive: true }));
  const path = join(folder, 'lab.sock');
  const server = await serveControl(path, async (request) => {
    if (request.verb === 'status') return { pid: 1 };
    throw new LabError('lab.unknown_site', 'no such site', exitCodes.usage);
  });
  t.after(() => server.close());
  return path;
}

for (const [where, folder] of [
  ['a short path', 'lab'],
  ['a path longer than a socket address may be', 'x'.repeat(120)],
] as const) {
  test(`the daemon answers on ${where}`, async (t) => {
    assert.deepEqual(await ask(await serving(t, folder), { verb: 'status' }), { pid: 1 });
  });
}

test('a refusal keeps its code and exit code on its way through the socket', async (t) => {
  const path = await serving(t, 'lab');
  await assert.rejects(ask(path, { verb: 'restore', site: 'a', uplink: 'b' }), {
    code: 'lab.unknown_site',
    exitCode: exitCodes.usage,
    message: 'no such site',
  });
});

test('where nobody listens the lab is not up', async () => {
  const path = join(tmpdir(), 'patronus-lab-nowhere', 'lab.sock');
  assert.equal(await tryAsk(path, { verb: 'status' }), undefined);
  await assert.rejects(ask(path, { verb: 'status' }), { code: 'lab.not_up', exitCode: exitCodes.notUp });
});

test('an answer that is cut off is told as that', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'patronus-lab-'));
  t.after(() => rmSync(root, { recursive: true }));
  const path = join(root, 'lab.sock');
  const server = createServer((socket) => socket.end('{"ok":true,"resu'));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await assert.rejects(ask(path, { verb: 'status' }), { code: 'lab.no_answer' });
});
