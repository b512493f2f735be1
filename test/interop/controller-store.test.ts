import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { firstBrokenLink } from '../../apps/controller/services/audit.ts';
import { backUp, backupsOf } from '../../apps/controller/store/backup.ts';
import { restoreBackup } from '../../apps/controller/store/restore.ts';
import {
  addSite,
  certificateRequest,
  connectEdge,
  enrol,
  enrolmentToken,
  postEnrolment,
  posted,
  signUp,
  siteWithEdge,
  startTestController,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };
const program = join(import.meta.dirname, '../../apps/controller/main.ts');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'pt-controller-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs `patronus controller` to its end. */
async function runToEnd(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

async function startProgram(
  t: TestContext,
  directory: string,
  more: string[] = [],
): Promise<{ child: ChildProcess; ready: Record<string, string> }> {
  const args = [
    program,
    '--data',
    directory,
    '--port',
    '0',
    '--edge-port',
    '0',
    '--listen',
    '127.0.0.1',
    '--announce',
    ...more,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  return { child, ready: JSON.parse(line) };
}

test('a restart keeps sites, people, edges and their trust', limit, async (t) => {
  const first = await startTestController(t);
  const headers = await signUp(first);
  const berlin = await siteWithEdge(t, first, 'Berlin', 1);
  const { version } = await berlin.edge.configuration();
  const second = await first.restart();
  equal((await second.graphql('{ me { email } }', {}, headers)).body.data.me.email, 'ada@example.org');
  const { sites } = await second.admin('{ sites { edges { node { name uplinks { publicKey } } } } }');
  deepEqual(
    sites.edges[0].node.uplinks.map((uplink: { publicKey: string }) => uplink.publicKey),
    berlin.uplinks.map((uplink) => uplink.publicKey),
  );
  const edge = await connectEdge(t, second, berlin.identity, {
    continuation: berlin.continuation,
    running: version,
    uplinks: berlin.uplinks,
  });
  await edge.hear('welcome');
  edge.say({ type: 'ping', id: 1 });
  await edge.hear('pong');
  equal(
    edge.messages.some((message) => message.type === 'configuration'),
    false,
    'what it runs is still the newest',
  );
});

test(
  'a damaged database is refused, left alone, and the message names the newest backup and how to restore it',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    await addSite(controller, 'Berlin', '10.1.0.0/16');
    const backup = backUp(controller.running.core.store.raw, controller.directory, Date.now());
    await controller.running.close();
    const file = join(controller.directory, 'config.db');
    writeFileSync(file, Buffer.alloc(8192, 'damage'));
    const damaged = readFileSync(file);
    const refused = await runToEnd(['--data', controller.directory, '--port', '0', '--edge-port', '0']);
    equal(refused.code, 1);
    match(refused.stderr, /is damaged/);
    ok(refused.stderr.includes(backup), refused.stderr);
    ok(refused.stderr.includes(`patronus controller restore ${backup} --data ${controller.directory}`), refused.stderr);
    equal(refused.stderr.trim().split('\n').length, 1, 'one message, no stack');
    deepEqual(readFileSync(file), damaged);

    const restored = await runToEnd(['restore', backup, '--data', controller.directory]);
    equal(restored.code, 0, restored.stderr);
    match(restored.stdout, /epoch 2/);
    const back = await startTestController(t, { directory: controller.directory });
    equal((await back.admin('{ sites { totalCount } }')).sites.totalCount, 1);
  },
);

test('a page damaged in the middle of the file is found as well', limit, async (t) => {
  const controller = await startTestController(t);
  for (let number = 1; number < 10; number++) await addSite(controller, `Site ${number}`, `10.${number}.0.0/16`);
  await controller.running.close();
  const file = join(controller.directory, 'config.db');
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096, bytes.length - 4096);
  writeFileSync(file, bytes);
  await rejects(startTestController(t, { directory: controller.directory }), { code: 'DATABASE_DAMAGED' });
});

test('a database that is gone is not replaced by an empty one, nor are keys that edges trust', limit, async (t) => {
  const controller = await startTestController(t);
  await controller.running.close();
  const { directory } = controller;
  copyFileSync(join(directory, 'ca.key'), join(directory, 'ca.key.copy'));
  rmSync(join(directory, 'ca.key'));
  await rejects(startTestController(t, { directory }), { code: 'KEYS_MISSING' });
  copyFileSync(join(directory, 'ca.key.copy'), join(directory, 'ca.key'));
  rmSync(join(directory, 'config.db'));
  await rejects(startTestController(t, { directory }), { code: 'DATABASE_MISSING' });
  equal(existsSync(join(directory, 'config.db')), false);
});

test('a database of a newer Patronus is refused untouched', limit, async (t) => {
  const controller = await startTestController(t);
  controller.running.core.store.raw.prepare("insert into kysely_migration values ('9999-later', '2030-01-01')").run();
  await controller.running.close();
  await rejects(startTestController(t, { directory: controller.directory }), { code: 'DATABASE_NEWER' });
});

test('damaged telemetry is set aside and costs only the charts', limit, async (t) => {
  const controller = await startTestController(t);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  await controller.running.close();
  writeFileSync(join(controller.directory, 'telemetry.db'), 'not a database at all'.repeat(500));
  const again = await startTestController(t, { directory: controller.directory });
  equal((await again.admin('{ sites { totalCount } }')).sites.totalCount, 1);
  ok(readdirSync(controller.directory).some((name) => name.startsWith('telemetry.db.damaged-')));
});

test(
  'a restored backup raises the epoch: tokens stay used, unused ones become void, edges get higher numbers',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const { version } = await berlin.edge.configuration();
    const paris = await addSite(controller, 'Paris', '10.2.0.0/16');
    const token = await enrolmentToken(controller, paris.id);
    const backup = backUp(controller.running.core.store.raw, controller.directory, Date.now());
    await enrol(controller, token);
    berlin.edge.say({ type: 'ping', id: 1 });
    await berlin.edge.hear('pong');
    await controller.running.close();
    restoreBackup(controller.directory, backup, Date.now());
    const back = await startTestController(t, { directory: controller.directory });
    equal((await postEnrolment(back, token, (await certificateRequest()).pem)).status, 401);
    const edge = await connectEdge(t, back, berlin.identity, {
      continuation: 'one that the backup does not know',
      running: version,
    });
    const { version: next } = await edge.configuration();
    equal(version.epoch, 1);
    equal(next.epoch, 2);
    rmSync(join(controller.directory, 'store.json'));
    ok(backupsOf(controller.directory).includes(backup));
  },
);

test('an occupied port gives one message that names it and the option', limit, async (t) => {
  const blocker = createServer();
  blocker.listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const common = ['--data', folder(t), '--listen', '127.0.0.1'];
  const people = await runToEnd([...common, '--port', String(port), '--edge-port', '0']);
  equal(people.code, 1);
  match(people.stderr, new RegExp(`port ${port} is taken.*--port`));
  equal(people.stderr.trim().split('\n').length, 1);
  const edges = await runToEnd([...common, '--port', '0', '--edge-port', String(port)]);
  match(edges.stderr, new RegExp(`port ${port} is taken.*--edge-port`));
});

test('a second controller on the same folder is refused, and a stale socket is not in the way', limit, async (t) => {
  const controller = await startTestController(t);
  await rejects(startTestController(t, { directory: controller.directory }), { code: 'DATA_IN_USE' });
  await controller.running.close();
  writeFileSync(join(controller.directory, 'admin.sock'), '');
  const again = await startTestController(t, { directory: controller.directory });
  equal((await again.admin('{ setup { needed } }')).setup.needed, true);
});

test(
  'the program announces itself, loses nothing acknowledged to kill -9, and stops cleanly on SIGTERM',
  limit,
  async (t) => {
    const directory = join(folder(t), 'a-long-name-'.repeat(9));
    const first = await startProgram(t, directory);
    match(first.ready.setupUrl ?? '', /^https:\/\/localhost:\d+\/setup\?token=/);
    const socketPath = first.ready.adminSocket!;
    const add = async (name: string, number: number) => {
      const { request } = await import('node:http');
      const { socketAddress } = await import('../../apps/controller/admin-socket.ts');
      const address = socketAddress(socketPath);
      const input = { name, prefixes: [`10.${number}.0.0/16`], uplinks: [{ label: 'internet', interface: 'eth0' }] };
      const { body, headers } = posted({
        query: 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }',
        variables: { input },
      });
      const sent = request({ socketPath: address.path, path: '/api/v2/graphql', method: 'POST', headers: headers! });
      sent.end(body);
      const [response] = await once(sent, 'response');
      response.resume();
      await once(response, 'end');
      address.done();
      return response.statusCode;
    };
    const acknowledged: string[] = [];
    for (let number = 1; number <= 5; number++)
      if ((await add(`Site ${number}`, number)) === 200) acknowledged.push(`Site ${number}`);
    equal(acknowledged.length, 5);
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    const second = await startProgram(t, directory);
    equal(await add('Site 6', 6), 200);
    equal(await add('Site 1', 7), 409, 'what was acknowledged is there');
    second.child.kill('SIGTERM');
    const [code] = await once(second.child, 'close');
    equal(code, 0);
    equal(existsSync(join(directory, 'config.db-wal')), false, 'the database was closed');
  },
);

test('the audit log is a chain: a changed or missing row shows', limit, async (t) => {
  const controller = await startTestController(t);
  for (let number = 1; number <= 4; number++) await addSite(controller, `Site ${number}`, `10.${number}.0.0/16`);
  const rows = await controller.running.core.store.db.selectFrom('audit').selectAll().orderBy('number').execute();
  equal(firstBrokenLink(rows), undefined);
  equal(firstBrokenLink(rows.map((row) => (row.number === 3 ? { ...row, actor: 'someone else' } : row))), 3);
  equal(firstBrokenLink(rows.filter((row) => row.number !== 2)), 2);
});

test('help shows examples and every option', limit, async () => {
  const { stdout, code } = await runToEnd(['--help']);
  equal(code, 0);
  for (const word of [
    '--data',
    '--port',
    '--edge-port',
    '--listen',
    '--address',
    '--tls-certificate',
    '--json-log',
    'Examples:',
    'restore',
  ]) {
    ok(stdout.includes(word), word);
  }
  const wrong = await runToEnd(['--port', '99999']);
  equal(wrong.code, 1);
  match(wrong.stderr, /a port is a number/);
});
