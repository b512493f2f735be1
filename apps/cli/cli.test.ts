import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseUplink } from './commands/siteAdd.ts';
import { CliError } from './errors.ts';
import { bitrate, milliseconds, percent } from './output.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function patronus(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 20_000 };
    execFile(process.execPath, [main, ...words], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('words', () => {
  test('an uplink is label:interface, with a domain and a cost if wanted', () => {
    assert.deepEqual(parseUplink('lte:wwan0:mobile:20'), {
      label: 'lte',
      interface: 'wwan0',
      domain: 'mobile',
      cost: 20,
    });
    assert.deepEqual(parseUplink('internet:eth0'), { label: 'internet', interface: 'eth0' });
    assert.deepEqual(parseUplink('lte:wwan0:::0.512'), { label: 'lte', interface: 'wwan0', bitsPerSecond: 512_000 });
    for (const wrong of ['internet', ':eth0', 'a:', 'a:b:c:d', 'a:b:c:1:x', 'a:b:c:1:2:3']) {
      assert.throws(() => parseUplink(wrong), CliError, wrong);
    }
  });

  test('figures are written in the unit that reads best', () => {
    assert.deepEqual([0, 999, 1500, 2.5e6, 1e9].map(bitrate), [
      '0 bit/s',
      '999 bit/s',
      '1.5 kbit/s',
      '2.5 Mbit/s',
      '1.0 Gbit/s',
    ]);
    assert.deepEqual([milliseconds(null), milliseconds(0.42), milliseconds(60.4)], ['–', '0.4 ms', '60 ms']);
    assert.deepEqual([percent(0), percent(0.5), percent(100)], ['0 %', '0.5 %', '100 %']);
  });
});

describe('the program', () => {
  test('--help shows examples and ends with 0', async () => {
    const { code, stdout } = await patronus(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Examples:/);
  });

  test('an unknown command ends with 2 and points to the help', async () => {
    const { code, stderr } = await patronus(['nonsense']);
    assert.equal(code, 2);
    assert.match(stderr, /--help/);
  });

  test('without a controller it says how to get one and ends with 4', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'patronus-cli-'));
    try {
      const { code, stderr } = await patronus(['status'], { PATRONUS_STATE_DIR: folder, XDG_CONFIG_HOME: folder });
      assert.equal(code, 4);
      assert.match(stderr, /npm start/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a program behind it gets every word as it is', async () => {
    const { code, stdout } = await patronus(['lab', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /impair/);
  });
});

describe('answers of the controller', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-cli-'));
  const socket = join(folder, 'admin.sock');
  let answer = '{}';
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').end(answer);
  });
  before(() => new Promise<void>((resolve) => server.listen(socket, resolve)));
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  test('a refusal is shown in the controller’s own words, with the fields it names', async () => {
    answer = JSON.stringify({
      errors: [
        {
          message: 'the name is not usable',
          extensions: { code: 'INVALID_INPUT', fields: { name: 'letters and digits' } },
        },
      ],
    });
    const { code, stderr } = await patronus(['site', 'show', 'x'], { PATRONUS_SOCKET: socket });
    assert.equal(code, 1);
    assert.match(stderr, /the name is not usable\n {2}name: letters and digits/);
  });

  test('somebody who may not do it gets exit code 3', async () => {
    answer = JSON.stringify({ errors: [{ message: 'viewers may not add sites', extensions: { code: 'FORBIDDEN' } }] });
    const { code } = await patronus(['site', 'list'], { PATRONUS_SOCKET: socket });
    assert.equal(code, 3);
  });

  test('--json prints one value for programs', async () => {
    const pageInfo = { hasNextPage: false, endCursor: null };
    answer = JSON.stringify({ data: { sites: { edges: [], pageInfo } } });
    const { code, stdout } = await patronus(['site', 'list', '--json'], { PATRONUS_SOCKET: socket });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), []);
  });

  test('an answer that is no GraphQL is an error, not a crash', async () => {
    answer = 'teapot';
    const { code, stderr } = await patronus(['status'], { PATRONUS_SOCKET: socket });
    assert.equal(code, 1);
    assert.doesNotMatch(stderr, /at .*\.ts:/);
  });
});
