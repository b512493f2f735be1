/**
 * Multiplication in GF(256), a table look-up for each half of a byte, sixteen bytes at a time (Plank, Greenan and Miller 2013):
 * the sum of products that parity is made of.
 */

/**
 * Adds the product of `length` bytes at `offset` and one factor to those at `target`; both may be the same, and do not
 * overlap otherwise. The 32 bytes at `table` are the factor's products with 0 … 15 and with 0, 16 … 240.
 */
export function multiplyAdd(table: usize, target: usize, offset: usize, length: u32): void {
  const low = v128.load(table);
  const high = v128.load(table, 16);
  const nibble = i8x16.splat(15);
  const limit = offset + length;
  const shift = target - offset;
  for (; offset + 16 <= limit; offset += 16) {
    const bytes = v128.load(offset);
    const product = v128.xor(
      i8x16.swizzle(low, v128.and(bytes, nibble)),
      i8x16.swizzle(high, i8x16.shr_u(bytes, 4)),
    );
    v128.store(offset + shift, v128.xor(v128.load(offset + shift), product));
  }
  for (; offset < limit; offset++) {
    const byte: usize = load<u8>(offset);
    const product = load<u8>(table + (byte & 15)) ^ load<u8>(table + 16 + (byte >> 4));
    store<u8>(offset + shift, load<u8>(offset + shift) ^ product);
  }
}
