import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { readJson, readJsonOrNone, readWhole, writeJson, writeWhole } from './files.ts';

function folder(context: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'pt-files-'));
  context.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('a file is written whole, for its owner alone, and replaces the one before', (context) => {
  const path = join(folder(context), 'new', 'file');
  writeWhole(path, 'one');
  writeWhole(path, 'two');
  assert.equal(readWhole(path), 'two');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(path, '..')), ['file']);
});

test('what cannot be written is told with its path, and leaves nothing behind', (context) => {
  const at = folder(context);
  const path = join(at, 'taken');
  mkdirSync(join(path, 'by a folder'), { recursive: true });
  assert.throws(() => writeWhole(path, 'text'), { code: 'STATE_NOT_WRITABLE', message: /taken cannot be written/ });
  assert.deepEqual(readdirSync(at), ['taken']);
});

test('a missing file is nothing, a damaged one is an error that says what to do', (context) => {
  const path = join(folder(context), 'file.json');
  const schema = z.object({ a: z.number() });
  assert.equal(readJson(path, schema), undefined);
  writeJson(path, { a: 1 });
  assert.deepEqual(readJson(path, schema), { a: 1 });
  for (const damaged of ['', '{"a":', '{"b":1}']) {
    writeFileSync(path, damaged);
    assert.throws(() => readJson(path, schema), { code: 'STATE_DAMAGED', message: /restore it from a backup/ });
  }
});

test('what the edge can do without is set aside when it is damaged', (context) => {
  const path = join(folder(context), 'file.json');
  writeFileSync(path, '{"a":');
  const warned = context.mock.method(process, 'emitWarning', () => undefined);
  assert.equal(readJsonOrNone(path, z.object({ a: z.number() })), undefined);
  assert.equal(warned.mock.callCount(), 1);
  assert.equal(readWhole(path), undefined);
  assert.equal(readWhole(`${path}.damaged`), '{"a":');
});
