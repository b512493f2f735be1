import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const generator = fileURLToPath(import.meta.resolve('gql.tada/package.json').replace(/package\.json$/, 'bin/cli.js'));
const dashboard = join(import.meta.dirname, '../..');

test('the types of the queries are those of the schema that the controller serves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'patronus-schema-'));
  try {
    const output = join(folder, 'schema.d.ts');
    await promisify(execFile)(process.execPath, [generator, 'generate-output', '--output', output], { cwd: dashboard });
    const committed = await readFile(join(import.meta.dirname, 'schema.d.ts'), 'utf8');
    const message = 'the schema has changed; run `npm run schema -w @patronus/dashboard`';
    assert.ok((await readFile(output, 'utf8')) === committed, message);
  } finally {
    await rm(folder, { recursive: true });
  }
});
