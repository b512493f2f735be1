import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateOutput } from 'gql.tada/cli';

test('the types of the queries are those of the schema that the controller serves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'patronus-schema-'));
  try {
    const output = join(folder, 'schema.d.ts');
    await generateOutput({
      output,
      tsconfig: join(import.meta.dirname, '../../tsconfig.json'),
      disablePreprocessing: false,
    });
    const committed = await readFile(join(import.meta.dirname, 'schema.d.ts'), 'utf8');
    const message = 'the schema has changed; run `npm run schema -w @patronus/dashboard`';
    assert.equal(await readFile(output, 'utf8'), committed, message);
  } finally {
    await rm(folder, { recursive: true });
  }
});
