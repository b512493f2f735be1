import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.ts';
import { describeMatch } from './classList.ts';
import { anyPacket, type ClassOptions, compressionOf, matchOf } from './classOptions.ts';

const nothing: ClassOptions = { source: [], destination: [], port: [], dscp: [] };

describe('the words of a class', () => {
  const before = { ...anyPacket, sources: ['10.0.0.0/8'], protocol: 'tcp', ports: ['873'], dscp: [8] };

  test('what is not given stays, what is given replaces, and any takes away', () => {
    assert.deepEqual(matchOf(nothing, before), before);
    const changed = matchOf(
      { ...nothing, source: ['any'], protocol: 'any', port: ['1-9', '20'], dscp: ['46'] },
      before,
    );
    assert.deepEqual(changed, { ...anyPacket, ports: ['1-9', '20'], dscp: [46] });
  });

  test('compression left out stays, --no-compress switches it off, and nothing acknowledges it by itself', () => {
    assert.deepEqual(compressionOf(nothing), {});
    assert.deepEqual(compressionOf({ ...nothing, compress: false }), { compression: null });
    assert.deepEqual(compressionOf({ ...nothing, compress: '9' }), {
      compression: { level: 9, acknowledgeLengthLeak: false },
    });
    for (const wrong of ['', 'high', '-1', '1.5'])
      assert.throws(() => compressionOf({ ...nothing, compress: wrong }), CliError, wrong);
  });

  test('a match is told in words', () => {
    assert.equal(describeMatch({ ...before, destinations: [] }), 'tcp port 873 from 10.0.0.0/8 DSCP 8');
    assert.equal(describeMatch({ ...anyPacket, sources: [], destinations: [], ports: [], dscp: [] }), 'all');
  });
});

describe('patronus class', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-cli-'));
  const socket = join(folder, 'admin.sock');
  const asked: { query: string; variables: { input?: unknown } }[] = [];
  const node = {
    ...{ id: 'class_a', name: 'Backups', position: 1, revision: 3, compression: null },
    match: { ...anyPacket, protocol: 'tcp', ports: ['873'] },
    ...{ sentPackets: 2, sentBytes: 2_500, compressedBytesBefore: 1_000, compressedBytesAfter: 400, skippedPackets: 0 },
  };
  const changed = { trafficClass: node, warnings: ['Backups gets no packet'] };
  const data: Readonly<Record<string, unknown>> = {
    trafficClasses: { edges: [{ node }], pageInfo: { hasNextPage: false, endCursor: null } },
    ...{ addTrafficClass: changed, updateTrafficClass: changed, removeTrafficClass: { removedId: 'class_a' } },
  };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    asked.push(JSON.parse(Buffer.concat(parts).toString()));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
  });
  before(() => new Promise<void>((resolve) => server.listen(socket, resolve)));
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  function patronus(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const env = { ...process.env, NO_COLOR: '1', PATRONUS_SOCKET: socket };
    return new Promise((resolve) =>
      execFile(process.execPath, [main, 'class', ...words], { env, timeout: 20_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      ),
    );
  }

  test('list shows classes with their packets, compression and ratio, or as JSON', async () => {
    const { stdout } = await patronus('list');
    for (const words of [/Backups/, /tcp port 873/, /off/, /2\.5 kB/, /40 %/]) assert.match(stdout, words);
    assert.deepEqual(JSON.parse((await patronus('list', '--json')).stdout), [node]);
  });

  test('add hands over what was typed and shows what deserves a second look', async () => {
    const words = [
      '--protocol',
      'tcp',
      '--port',
      '873',
      '--position',
      '1',
      '--compress',
      '9',
      '--acknowledge-length-leak',
    ];
    const { code, stdout, stderr } = await patronus('add', 'Backups', ...words);
    assert.equal(code, 0, stderr);
    assert.deepEqual(asked.at(-1)?.variables.input, {
      name: 'Backups',
      match: { ...anyPacket, protocol: 'tcp', ports: ['873'] },
      position: 1,
      compression: { level: 9, acknowledgeLengthLeak: true },
    });
    assert.match(stdout, /Traffic class Backups added, at position 1, not compressed/);
    assert.match(stderr, /gets no packet/);
  });

  test('set changes what is given alone, in the version that was read', async () => {
    await patronus('set', 'backups', '--port', '22000');
    assert.deepEqual(asked.at(-1)?.variables.input, {
      ...{ id: 'class_a', revision: 3 },
      match: { ...node.match, ports: ['22000'] },
    });
    await patronus('set', 'backups', '--no-compress', '--name', 'Nightly');
    assert.deepEqual(asked.at(-1)?.variables.input, {
      ...{ id: 'class_a', revision: 3, name: 'Nightly', compression: null },
    });
    const { code, stderr } = await patronus('set', 'backups');
    assert.equal(code, 2);
    assert.match(stderr, /say what to change/);
  });

  test('remove goes by name, and a name that is not there is told with how to see those that are', async () => {
    assert.equal((await patronus('remove', 'BACKUPS')).code, 0);
    assert.deepEqual(asked.at(-1)?.variables.input, { id: 'class_a' });
    const { code, stderr } = await patronus('remove', 'voice');
    assert.equal(code, 1);
    assert.match(stderr, /patronus class list/);
  });

  test('the help of add and set teaches what compression can give away', async () => {
    for (const verb of ['add', 'set']) {
      const { stdout } = await patronus(verb, '--help');
      for (const words of [/CRIME/, /VORACLE/, /backups/, /--acknowledge-length-leak/]) assert.match(stdout, words);
    }
  });
});
