/**
 * GF(256) with the polynomial x⁸ + x⁴ + x³ + x² + 1, and the code of parity: a systematic Reed–Solomon code whose parity rows are a
 * Cauchy matrix, every square part of which can be inverted (Blömer et al. 1995). So any `n` parities replace any `n` lost.
 */

const POLYNOMIAL = 0x11d;
const ORDER = 255;

const exponential = new Uint8Array(2 * ORDER);
const logarithm = new Uint8Array(256);
for (let at = 0, value = 1; at < ORDER; at++) {
  exponential[at] = exponential[at + ORDER] = value;
  logarithm[value] = at;
  value <<= 1;
  if (value > 0xff) value ^= POLYNOMIAL;
}

/** Packets that one parity is of, and parities of the same packets. */
export const MOST_COUNT = 32;
export const MOST_PARITIES = 8;

export function multiply(one: number, other: number): number {
  return one === 0 || other === 0 ? 0 : exponential[logarithm[one]! + logarithm[other]!]!;
}

/** Of any number but 0. */
export function inverse(one: number): number {
  return exponential[ORDER - logarithm[one]!]!;
}

/** What packet `at` of a block is multiplied by for parity `index`. */
export function coefficient(index: number, at: number): number {
  return inverse((128 + index) ^ at);
}

/** Bytes of one factor's products, and of all. */
const TABLE_LENGTH = 32;
export const TABLES_LENGTH = 256 * TABLE_LENGTH;

/** Writes the products that the kernel looks up. */
export function writeTables(bytes: Uint8Array, offset: number): void {
  for (let factor = 0; factor < 256; factor++) {
    const table = offset + factor * TABLE_LENGTH;
    for (let nibble = 0; nibble < 16; nibble++) {
      bytes[table + nibble] = multiply(factor, nibble);
      bytes[table + 16 + nibble] = multiply(factor, nibble << 4);
    }
  }
}

export function tableOffset(tables: number, factor: number): number {
  return tables + factor * TABLE_LENGTH;
}

/**
 * Inverts the `size` × `size` matrix in `matrix` (row by row) in place by elimination, with `unit` for room; false where it
 * cannot be, which a part of the code's own matrix always can.
 */
export function invert(matrix: Uint8Array, unit: Uint8Array, size: number): boolean {
  unit.fill(0, 0, size * size);
  for (let at = 0; at < size; at++) unit[at * size + at] = 1;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    while (pivot < size && matrix[pivot * size + column] === 0) pivot++;
    if (pivot === size) return false;
    swapRows(matrix, size, pivot, column);
    swapRows(unit, size, pivot, column);
    const scale = inverse(matrix[column * size + column]!);
    for (let at = 0; at < size; at++) {
      matrix[column * size + at] = multiply(scale, matrix[column * size + at]!);
      unit[column * size + at] = multiply(scale, unit[column * size + at]!);
    }
    for (let row = 0; row < size; row++) {
      const factor = matrix[row * size + column]!;
      if (row === column || factor === 0) continue;
      for (let at = 0; at < size; at++) {
        matrix[row * size + at]! ^= multiply(factor, matrix[column * size + at]!);
        unit[row * size + at]! ^= multiply(factor, unit[column * size + at]!);
      }
    }
  }
  matrix.set(unit.subarray(0, size * size));
  return true;
}

function swapRows(matrix: Uint8Array, size: number, one: number, other: number): void {
  if (one === other) return;
  for (let at = 0; at < size; at++) {
    const kept = matrix[one * size + at]!;
    matrix[one * size + at] = matrix[other * size + at]!;
    matrix[other * size + at] = kept;
  }
}
