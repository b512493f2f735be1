import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import '../kernels/build.mjs';
import { loadKernels } from '../host/loadKernels.ts';
import { createMemory, Layout } from '../memory.ts';
import {
  coefficient,
  inverse,
  invert,
  MOST_COUNT,
  MOST_PARITIES,
  multiply,
  tableOffset,
  writeTables,
} from './galois.ts';

/** Multiplication as it is defined: shift, add, and reduce by the polynomial. */
function plainProduct(one: number, other: number): number {
  let [sum, left] = [0, one];
  for (let bits = other; bits !== 0; bits >>>= 1) {
    if ((bits & 1) !== 0) sum ^= left;
    left <<= 1;
    if (left > 0xff) left ^= 0x11d;
  }
  return sum;
}

test('products are those of the definition, and inverses undo them', () => {
  for (let one = 0; one < 256; one++) {
    for (let other = 0; other < 256; other++) assert.equal(multiply(one, other), plainProduct(one, other));
    if (one !== 0) assert.equal(multiply(one, inverse(one)), 1);
  }
});

test('the kernel adds what the definition says, for every factor and any length', () => {
  const memory = createMemory();
  const kernels = loadKernels(memory.memory);
  writeTables(memory.bytes, Layout.galoisTables);
  const [target, source] = [Layout.tunArea, Layout.tunArea + 4_096];
  for (let factor = 0; factor < 256; factor++) {
    const length = (factor * 7) % 100;
    for (let at = 0; at < 120; at++) {
      memory.bytes[target + at] = at * 5;
      memory.bytes[source + at] = at * 11 + factor;
    }
    kernels.multiplyAdd(tableOffset(Layout.galoisTables, factor), target, source, length);
    for (let at = 0; at < 120; at++) {
      const product = at < length ? plainProduct(factor, (at * 11 + factor) & 0xff) : 0;
      assert.equal(memory.bytes[target + at], ((at * 5) & 0xff) ^ product);
    }
  }
});

test('any losses that parity is enough for can be worked out', () => {
  const block = fc.uniqueArray(fc.nat(MOST_COUNT - 1), { minLength: 1, maxLength: MOST_PARITIES });
  const parities = fc.shuffledSubarray([...Array(MOST_PARITIES).keys()], { minLength: MOST_PARITIES });
  fc.assert(
    fc.property(block, parities, (missing, indexes) => {
      const size = missing.length;
      const matrix = new Uint8Array(size * size);
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          matrix[row * size + column] = coefficient(indexes[row]!, missing[column]!);
        }
      }
      const before = matrix.slice();
      assert.ok(invert(matrix, new Uint8Array(size * size), size));
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          let sum = 0;
          for (let at = 0; at < size; at++) sum ^= multiply(matrix[row * size + at]!, before[at * size + column]!);
          assert.equal(sum, row === column ? 1 : 0);
        }
      }
    }),
  );
});
