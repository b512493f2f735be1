import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OwnAddresses, remember } from './addresses.ts';

test('an address that is gone stays in its place, and a new one comes last', () => {
  const first = remember([], ['192.0.2.1', '198.51.100.1']);
  const without = remember(first, ['192.0.2.1']);
  assert.deepEqual(without, first);
  assert.deepEqual(remember(without, ['203.0.113.1', '192.0.2.1']), [...first, '203.0.113.1']);
});

test('beyond sixteen the oldest that are absent are forgotten, never one that is there', () => {
  const many = Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`);
  let known: string[] = [];
  for (const address of many) known = remember(known, ['198.51.100.1', address]);
  assert.equal(known.length, 16);
  assert.ok(known.includes('198.51.100.1') && known.includes('192.0.2.29') && !known.includes('192.0.2.3'));
});

test('the list is the same after a restart; what the operator gave replaces it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-addresses-'));
  try {
    const before = new OwnAddresses(folder, []).list();
    assert.equal(before.at(-1), 'localhost');
    assert.deepEqual(new OwnAddresses(folder, []).list(), before);
    assert.deepEqual(new OwnAddresses(folder, ['SDWAN.example.net']).list(), ['sdwan.example.net']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
