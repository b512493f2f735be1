import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PrefixRange } from '@patronus/fabric';
import { type Prefix, parsePrefix } from '@patronus/net';
import fc from 'fast-check';
import { commonRange, rangesHold } from './ranges.ts';

function prefixOf(value: number, length: number): string {
  const kept = length === 0 ? 0 : (value & (-1 << (32 - length))) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (kept >>> shift) & 0xff).join('.')}/${length}`;
}

/** Few bits differ, so that ranges often meet. */
const value = fc.integer({ min: 0, max: 255 }).map((low) => ((10 << 24) | (low << 16)) >>> 0);
const range = fc
  .tuple(value, fc.integer({ min: 8, max: 16 }), fc.integer({ min: 0, max: 8 }))
  .map(([at, length, more]): PrefixRange => ({ prefix: prefixOf(at, length), longest: length + more }));
const prefix = fc.tuple(value, fc.integer({ min: 8, max: 24 })).map(([at, length]): Prefix => {
  const parsed = parsePrefix(prefixOf(at, length));
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
});

test('what two ranges have in common holds exactly the prefixes that both hold', () => {
  fc.assert(
    fc.property(range, range, prefix, (one, other, asked) => {
      const common = commonRange(one, other);
      const isInBoth = rangesHold([one], asked) && rangesHold([other], asked);
      assert.equal(common !== undefined && rangesHold([common], asked), isInBoth);
    }),
    { numRuns: 2_000, seed: 35 },
  );
});

test('ranges of different families have nothing in common', () => {
  assert.equal(commonRange({ prefix: '10.0.0.0/8', longest: 24 }, { prefix: '2001:db8::/32', longest: 48 }), undefined);
});
