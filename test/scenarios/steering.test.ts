/**
 * Recordings of outages of the default lab, as `patronus edge record` writes them: what steering hears, and every decision
 * it takes with its reason. Steering is pure, so the decisions come out again bit for bit.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replay } from '@patronus/steering';

const folder = join(import.meta.dirname, 'steering');

for (const file of readdirSync(folder).sort()) {
  test(`${file.replace(/\.jsonl$/, '').replaceAll('-', ' ')}: the decisions written down come out again`, () => {
    const replayed = replay(readFileSync(join(folder, file), 'utf8').split('\n'));
    assert.ok(replayed.ok, replayed.ok ? '' : replayed.error);
    assert.ok(replayed.value.recorded > 0);
    assert.equal(replayed.value.difference, null);
  });
}
