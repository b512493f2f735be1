import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrefixColumns } from './columns.ts';
import { type Prefix, prefixContains, prefixOf } from './prefix.ts';
import { RangeTable } from './ranges.ts';

/** Whole numbers below 2^32 (xorshift32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** As many different prefixes, many of them inside others. */
function manyPrefixes(family: 4 | 6, count: number, random: () => number): Prefix[] {
  const bytes = family === 4 ? 4 : 16;
  const prefixes = new Map<string, Prefix>();
  while (prefixes.size < count) {
    const address = Uint8Array.from({ length: bytes }, () => [0, 1, 0x7f, 0x80, 0xff, random() & 0xff][random() % 6]!);
    const prefix = prefixOf({ family, bytes: address }, random() % (bytes * 8 + 1));
    prefixes.set(`${prefix.bytes.join()}/${prefix.length}`, prefix);
  }
  return [...prefixes.values()];
}

for (const family of [4, 6] as const) {
  test(`a large table of IPv${family} answers like a search through all of it, at every edge of every prefix`, () => {
    const random = numbers(family);
    const prefixes = manyPrefixes(family, 1_500, random);
    // In two halves, the second one between the first.
    const [even, odd] = [0, 1].map((half) =>
      prefixes.map((prefix, value) => ({ prefix, value })).filter(({ value }) => value % 2 === half),
    );
    const table = new RangeTable(new PrefixColumns<number>(family === 4 ? 1 : 4).with(even!).with(odd!));
    const byLength = prefixes
      .map((prefix, value) => ({ prefix, value }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    const probes = prefixes.flatMap(({ bytes, length }) => {
      const last = Uint8Array.from(bytes);
      for (let bit = length; bit < bytes.length * 8; bit++) last[bit >>> 3]! |= 0x80 >>> (bit & 7);
      const inside = Uint8Array.from(last, (byte, at) => bytes[at]! | (byte & random()));
      return [bytes, last, inside];
    });
    for (const bytes of probes) {
      const expected = byLength.find(({ prefix }) => prefixContains(prefix, { family, bytes }))?.value;
      assert.equal(table.lookup(bytes, 0), expected, bytes.join());
    }
  });
}

test('an empty table holds nothing, and one with the default route holds everything', () => {
  const everything = { family: 4, bytes: new Uint8Array(4), length: 0 } as const;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (address) => {
      assert.equal(new RangeTable(new PrefixColumns(1)).lookup(address, 0), undefined);
      assert.equal(
        new RangeTable(new PrefixColumns(1).with([{ prefix: everything, value: 'all' }])).lookup(address, 0),
        'all',
      );
    }),
  );
});
