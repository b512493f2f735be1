import { clear, copyBytes } from './scratch';

/** BLAKE2s (RFC 7693), plain and keyed, in one call: WireGuard's mac1, mac2 and cookies. */

/** Message word order of the ten rounds (§2.7), one byte an index. */
const SIGMA: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
  7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
  2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
  13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
  10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);

/** 32 bytes: the state, which ends as the digest. */
const STATE: usize = memory.data(32, 16);

/** 64 bytes: the key block, then the last block of the message. */
const LAST: usize = memory.data(64, 16);

// @ts-ignore: decorator
@inline
function ivLow(): v128 {
  return i32x4(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a);
}

// @ts-ignore: decorator
@inline
function ivHigh(): v128 {
  return i32x4(0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
}

// @ts-ignore: decorator
@inline
function rotateRight16(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}

// @ts-ignore: decorator
@inline
function rotateRight8(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

// @ts-ignore: decorator
@inline
function rotateRight12(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

// @ts-ignore: decorator
@inline
function rotateRight7(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}

/** Message words number sigma[0], sigma[2], sigma[4] and sigma[6]. */
// @ts-ignore: decorator
@inline
function words(block: usize, sigma: usize): v128 {
  let four = v128.load32_zero(block + ((load<u8>(sigma) as usize) << 2));
  four = v128.load_lane<u32>(block + ((load<u8>(sigma, 2) as usize) << 2), four, 1);
  four = v128.load_lane<u32>(block + ((load<u8>(sigma, 4) as usize) << 2), four, 2);
  return v128.load_lane<u32>(block + ((load<u8>(sigma, 6) as usize) << 2), four, 3);
}

/** F (§3.2): one block into the state. `count` is the number of bytes so far, with this block. */
function compress(block: usize, count: u64, isLast: bool): void {
  const low = v128.load(STATE), high = v128.load(STATE, 16);
  let a = low, b = high, c = ivLow();
  let d = v128.xor(ivHigh(), i32x4.replace_lane(i64x2.replace_lane(i64x2.splat(0), 0, count), 2, isLast ? -1 : 0));
  for (let sigma = SIGMA; sigma < SIGMA + 160; sigma += 16) {
    a = i32x4.add(i32x4.add(a, b), words(block, sigma));
    d = rotateRight16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotateRight12(v128.xor(b, c));
    a = i32x4.add(i32x4.add(a, b), words(block, sigma + 1));
    d = rotateRight8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotateRight7(v128.xor(b, c));
    // The columns become diagonals, and back.
    b = v128.shuffle<i32>(b, b, 1, 2, 3, 0);
    c = v128.shuffle<i32>(c, c, 2, 3, 0, 1);
    d = v128.shuffle<i32>(d, d, 3, 0, 1, 2);
    a = i32x4.add(i32x4.add(a, b), words(block, sigma + 8));
    d = rotateRight16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotateRight12(v128.xor(b, c));
    a = i32x4.add(i32x4.add(a, b), words(block, sigma + 9));
    d = rotateRight8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotateRight7(v128.xor(b, c));
    b = v128.shuffle<i32>(b, b, 3, 0, 1, 2);
    c = v128.shuffle<i32>(c, c, 2, 3, 0, 1);
    d = v128.shuffle<i32>(d, d, 1, 2, 3, 0);
  }
  v128.store(STATE, v128.xor(low, v128.xor(a, c)));
  v128.store(STATE, v128.xor(high, v128.xor(b, d)), 16);
}

/** Digest of `length` bytes to `target`: 1 ≤ targetLength ≤ 32, 0 ≤ keyLength ≤ 32 (§2.9, §3.3). */
export function blake2s(
  target: usize, targetLength: u32, key: usize, keyLength: u32, offset: usize, length: u32,
): void {
  v128.store(STATE, v128.xor(ivLow(), i32x4(0x01010000 ^ (keyLength << 8) ^ targetLength, 0, 0, 0)));
  v128.store(STATE, ivHigh(), 16);
  let count: u64 = 0;
  if (keyLength) {
    clear(LAST, 64);
    copyBytes(LAST, key, keyLength);
    count = 64;
    compress(LAST, count, length == 0);
  }
  if (length || !keyLength) {
    for (; length > 64; length -= 64, offset += 64) compress(offset, count += 64, false);
    clear(LAST, 64);
    copyBytes(LAST, offset, length);
    compress(LAST, count + length, true);
  }
  clear(LAST, 64);
  copyBytes(target, STATE, targetLength);
}
