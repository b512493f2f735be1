/**
 * The internet checksum (RFC 1071): ones' complement sum of 16-bit words in network byte order.
 *
 * The sum does not depend on byte order but for one swap at the end (§2 (B)), so words are added as they lie, eight at
 * a time. A 32-bit lane takes 2 × 65,535 a step: 32,768 steps would fill it, so it is emptied every 16,384.
 */
const STEPS: usize = 16_384 * 16;

/** Ones' complement sum of `length` bytes and of `initial`, folded to 16 bits, NOT inverted. An odd byte counts as high. */
export function checksum(offset: usize, length: u32, initial: u32): u32 {
  let sum: u64 = 0;
  const limit = offset + length;
  while (offset + 16 <= limit) {
    const stop = min(offset + STEPS, limit - 15);
    let lanes = i32x4.splat(0);
    for (; offset < stop; offset += 16) lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(offset)));
    sum += i32x4.extract_lane(lanes, 0) as u32;
    sum += i32x4.extract_lane(lanes, 1) as u32;
    sum += i32x4.extract_lane(lanes, 2) as u32;
    sum += i32x4.extract_lane(lanes, 3) as u32;
  }
  for (; offset + 2 <= limit; offset += 2) sum += load<u16>(offset);
  if (offset < limit) sum += load<u8>(offset);
  const own = fold(sum);
  return fold((((own << 8) | (own >> 8)) & 0xffff) + (initial as u64));
}

/**
 * Copies `length` bytes to `target` (the areas do not overlap) and answers what `checksum` would say of them: one pass over
 * the memory instead of two.
 */
export function copyAndSum(target: usize, offset: usize, length: u32, initial: u32): u32 {
  let sum: u64 = 0;
  const limit = offset + length;
  const shift = target - offset;
  while (offset + 16 <= limit) {
    const stop = min(offset + STEPS, limit - 15);
    let lanes = i32x4.splat(0);
    for (; offset < stop; offset += 16) {
      const block = v128.load(offset);
      v128.store(offset + shift, block);
      lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(block));
    }
    sum += i32x4.extract_lane(lanes, 0) as u32;
    sum += i32x4.extract_lane(lanes, 1) as u32;
    sum += i32x4.extract_lane(lanes, 2) as u32;
    sum += i32x4.extract_lane(lanes, 3) as u32;
  }
  for (; offset + 2 <= limit; offset += 2) {
    const word = load<u16>(offset);
    store<u16>(offset + shift, word);
    sum += word;
  }
  if (offset < limit) {
    const last = load<u8>(offset);
    store<u8>(offset + shift, last);
    sum += last;
  }
  const own = fold(sum);
  return fold((((own << 8) | (own >> 8)) & 0xffff) + (initial as u64));
}

// @ts-ignore: decorator
@inline
function fold(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum as u32;
}
