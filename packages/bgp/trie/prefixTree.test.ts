import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_VALUES, NONE, PrefixTree } from './prefixTree.ts';

/** Few different bits, so that prefixes share many; in IPv6 they lie across the words' borders. */
const prefix = (family: 4 | 6) =>
  fc.record({
    bits: fc.integer({ min: 0, max: 0xff }),
    length: family === 4 ? fc.integer({ min: 0, max: 32 }) : fc.integer({ min: 0, max: 128 }),
  });

function addressOf(family: 4 | 6, bits: number): Uint8Array {
  return new Uint8Array(family === 4 ? 4 : 16).map((_, at) => ((bits >>> (at % 8)) & 1 ? 0xa5 : 0xa4));
}

const isCovered = (left: Uint8Array, right: Uint8Array, length: number): boolean => {
  for (let bit = 0; bit < length; bit++) {
    const mask = 0x80 >>> (bit & 7);
    if ((left[bit >>> 3]! & mask) !== (right[bit >>> 3]! & mask)) return false;
  }
  return true;
};

for (const family of [4, 6] as const) {
  test(`IPv${family}: the tree answers like a list that is looked through`, () => {
    const change = fc.record({ prefix: prefix(family), value: fc.constantFrom(NONE, 0, 1, 7, MOST_VALUES - 1) });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }),
        fc.array(prefix(family), { maxLength: 20 }),
        (changes, asked) => {
          const tree = new PrefixTree(family);
          const list: { address: Uint8Array; length: number; value: number }[] = [];
          for (const { prefix: one, value } of changes) {
            const address = addressOf(family, one.bits);
            tree.set(address, one.length, value);
            const at = list.findIndex(
              (other) => other.length === one.length && isCovered(other.address, address, one.length),
            );
            if (at >= 0) list.splice(at, 1);
            if (value !== NONE) list.push({ address, length: one.length, value });
          }
          assert.equal(tree.size, list.length);
          for (const { bits, length } of asked) {
            const address = addressOf(family, bits);
            const expected = list
              .filter((one) => one.length <= length && isCovered(one.address, address, one.length))
              .sort((left, right) => left.length - right.length);
            const found: (readonly [number, number])[] = [];
            tree.covering(address, length, (value, own) => found.push([value, own]) > 0);
            assert.deepEqual(
              found,
              expected.map(({ value, length: own }) => [value, own]),
            );
            assert.equal(tree.get(address, length), expected.findLast((one) => one.length === length)?.value ?? NONE);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
}

test('a prefix that cannot be is found nowhere, and is a mistake to set', () => {
  const tree = new PrefixTree(4);
  assert.equal(tree.get(new Uint8Array(4), 33), NONE);
  assert.equal(tree.get(new Uint8Array(3), 8), NONE);
  assert.throws(() => tree.set(new Uint8Array(4), 33, 1), RangeError);
  assert.throws(() => tree.set(new Uint8Array(4), 8, MOST_VALUES), RangeError);
});
