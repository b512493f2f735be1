/** What a newcomer meets before anything runs: each entry point says one clear sentence instead of a stack. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script under a Node that believes to be of another version. */
function underNode(
  version: string,
  script: string,
  words: readonly string[] = [],
): Promise<{ code: number; text: string }> {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', pretend, script, ...words], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
    );
  });
}

for (const script of ['start', 'test', 'build', 'corpus', 'bench']) {
  test(`npm run ${script} under a Node that is too old says which one to install`, async () => {
    const { code, text } = await underNode('18.20.0', join(root, 'scripts', `${script}.mjs`));
    assert.equal(code, 1);
    assert.match(text, /Node 18\.20\.0 is too old.*install Node 20/);
    assert.doesNotMatch(text, /\n\s+at /);
  });
}

test('the command line under an older Node runs under the one that came with the packages', async () => {
  const { code, text } = await underNode('20.1.0', join(root, 'apps/cli/bin/patronus.mjs'), ['--version']);
  assert.equal(code, 0, text);
  assert.match(text, /^\d+\.\d+\.\d+/);
});

test('the command line under an older Node without its packages says how to get them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-entry-'));
  try {
    mkdirSync(join(folder, 'bin'));
    cpSync(join(root, 'apps/cli/bin/patronus.mjs'), join(folder, 'bin/patronus.mjs'));
    const { code, text } = await underNode('20.1.0', join(folder, 'bin/patronus.mjs'));
    assert.equal(code, 1);
    assert.match(text, /Node 20\.1\.0 is too old, Patronus needs Node 24; run `npm ci`/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('wrong words to the scripts are answered with the right ones', async () => {
  const table: readonly [string, readonly string[], RegExp][] = [
    ['test', ['unti'], /there is no part "unti"; the parts are types, lint, unit/],
    ['corpus', [], /name a folder of test data/],
    ['corpus', ['/nowhere/at/all'], /there is no folder \/nowhere\/at\/all/],
    ['bench', ['warp'], /there is no benchmark "warp"/],
  ];
  for (const [script, words, expected] of table) {
    const { code, text } = await underNode('24.0.0', join(root, 'scripts', `${script}.mjs`), words);
    assert.equal(code, 2, script);
    assert.match(text, expected);
  }
});
