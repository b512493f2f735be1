import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.ts';
import { describeMatch, idsIn } from './policyList.ts';
import { anyPacket, compressionOf, matchOf, type PolicyOptions } from './policyOptions.ts';
import { pathOf, pathWords } from './policyWishes.ts';

const nothing: PolicyOptions = {
  ...{ source: [], destination: [], port: [], dscp: [], fromSite: [], toSite: [], application: [] },
};

const shownMatch = {
  ...{ sources: [], destinations: [], protocol: null, ports: [], dscp: [], segment: null },
  ...{ sourceSites: [], destinationSites: [], applications: [] },
};
const named = {
  sourceSites: [{ id: 'site_a', name: 'Berlin' }],
  applications: [{ id: 'till', name: 'Till' }],
  destinationSites: [],
};

describe('the words of a policy', () => {
  const before = { ...anyPacket, sources: ['10.0.0.0/8'], protocol: 'tcp', ports: ['873'], dscp: [8] };

  test('what is not given stays, what is given replaces, and any takes away', async () => {
    assert.deepEqual(await matchOf(nothing, before), before);
    const changed = await matchOf(
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
    const shown = { ...shownMatch, sources: ['10.0.0.0/8'], protocol: 'tcp', ports: ['873'], dscp: [8], ...named };
    assert.equal(describeMatch(shown), 'Till tcp port 873 from Berlin, 10.0.0.0/8 DSCP 8');
    assert.equal(describeMatch(shownMatch), 'all');
    assert.deepEqual(idsIn(shown), { ...before, sourceSites: ['site_a'], applications: ['till'] });
  });

  test('a path is written in one word, and read back as it was written', () => {
    for (const text of ['best', 'cheapest', 'fec', 'ordered:mpls,lte', 'balance:internet=3,lte=1']) {
      assert.equal(pathWords({ labels: [], weights: [], mode: '', ...pathOf(text) }), text);
    }
    assert.deepEqual(pathOf('balance:lte'), { mode: 'BALANCE', weights: [{ label: 'lte', weight: 1 }] });
    for (const wrong of ['', 'ordered', 'ordered:', 'balance:lte=x', 'best:lte', 'shortest'])
      assert.throws(() => pathOf(wrong), CliError, wrong);
  });
});

describe('patronus policy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-cli-'));
  const socket = join(folder, 'admin.sock');
  const asked: { query: string; variables: { input?: unknown } }[] = [];
  const node = {
    ...{ id: 'policy_a', name: 'Backups', position: 1, revision: 3, compression: null },
    match: { ...shownMatch, protocol: 'tcp', ports: ['873'] },
    ...{ action: 'ALLOW', breakoutLabels: [], slaClass: null, priority: 'BULK', limitPercent: 30, mark: 10 },
    path: { mode: 'ORDERED', labels: ['mpls', 'lte'], weights: [] },
    ...{ flows: 7, deniedPackets: 0 },
    ...{ sentPackets: 2, sentBytes: 2_500, compressedBytesBefore: 1_000, compressedBytesAfter: 400, skippedPackets: 0 },
  };
  const changed = { policy: node, warnings: ['Backups gets no packet'] };
  const data: Readonly<Record<string, unknown>> = {
    policies: { edges: [{ node }], pageInfo: { hasNextPage: false, endCursor: null } },
    sites: { edges: [{ node: { id: 'site_a', name: 'Berlin' } }], pageInfo: { hasNextPage: false, endCursor: null } },
    slaClasses: {
      edges: [{ node: { id: 'sla_a', name: 'Voice' } }],
      pageInfo: { hasNextPage: false, endCursor: null },
    },
    ...{ addPolicy: changed, updatePolicy: changed, removePolicy: { removedId: 'policy_a' } },
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
      execFile(process.execPath, [main, 'policy', ...words], { env, timeout: 20_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      ),
    );
  }

  test('list shows policies with their packets, compression and ratio, or as JSON', async () => {
    const { stdout } = await patronus('list');
    for (const words of [
      /Backups/,
      /tcp port 873/,
      /off/,
      /2\.5 kB/,
      /40 %/,
      /ordered:mpls,lte/,
      /mark 10, at most 30 %/,
    ])
      assert.match(stdout, words);
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
    assert.match(stdout, /Policy Backups added, at position 1: by ordered:mpls,lte, not compressed/);
    assert.match(stderr, /gets no packet/);
  });

  test('set changes what is given alone, in the version that was read', async () => {
    await patronus('set', 'backups', '--port', '22000');
    assert.deepEqual(asked.at(-1)?.variables.input, {
      ...{ id: 'policy_a', revision: 3 },
      match: { ...anyPacket, protocol: 'tcp', ports: ['22000'] },
    });
    await patronus('set', 'backups', '--no-compress', '--name', 'Nightly');
    assert.deepEqual(asked.at(-1)?.variables.input, {
      ...{ id: 'policy_a', revision: 3, name: 'Nightly', compression: null },
    });
    await patronus('set', 'backups', '--to-site', 'berlin', '--sla', 'voice', '--path', 'best', '--mark', 'none');
    assert.deepEqual(asked.at(-1)?.variables.input, {
      ...{ id: 'policy_a', revision: 3, slaClassId: 'sla_a', path: { mode: 'BEST' }, mark: null },
      match: { ...anyPacket, protocol: 'tcp', ports: ['873'], destinationSites: ['site_a'] },
    });
    assert.match(
      (await patronus('set', 'backups', '--sla', 'video')).stderr,
      /no SLA class "video".*patronus sla list/,
    );
    const { code, stderr } = await patronus('set', 'backups');
    assert.equal(code, 2);
    assert.match(stderr, /say what to change/);
  });

  test('remove goes by name, and a name that is not there is told with how to see those that are', async () => {
    assert.equal((await patronus('remove', 'BACKUPS')).code, 0);
    assert.deepEqual(asked.at(-1)?.variables.input, { id: 'policy_a' });
    const { code, stderr } = await patronus('remove', 'voice');
    assert.equal(code, 1);
    assert.match(stderr, /patronus policy list/);
  });

  test('the help of add and set teaches what compression can give away', async () => {
    for (const verb of ['add', 'set']) {
      const { stdout } = await patronus(verb, '--help');
      for (const words of [/CRIME/, /VORACLE/, /backups/, /--acknowledge-length-leak/]) assert.match(stdout, words);
    }
  });
});
