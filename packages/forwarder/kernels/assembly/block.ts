import { copyBytes } from './scratch';

/**
 * What a cipher outside needs around a message. Before it: ChaCha20's block 0, the one-time key of Poly1305 (RFC 8439 §2.6),
 * comes out of the same pass as the message's own key stream when 64 bytes that are known stand before it. Behind it: what
 * Poly1305 reads after the ciphertext, its padding and the two lengths (§2.8), so that one call reads all of it.
 */

/** Moves the 64 bytes before `offset` to `aside` and leaves zeros. */
export function setAside(offset: usize, aside: usize): void {
  const from = offset - 64;
  for (let at: usize = 0; at < 64; at += 16) {
    v128.store(aside + at, v128.load(from + at));
    v128.store(from + at, i64x2.splat(0));
  }
}

/** Keeps the first 32 of the 64 bytes before `offset` at `key`, puts back what was set aside, and writes the end. */
export function putBack(offset: usize, length: usize, aside: usize, key: usize): void {
  const to = offset - 64;
  v128.store(key, v128.load(to));
  v128.store(key, v128.load(to, 16), 16);
  for (let at: usize = 0; at < 64; at += 16) v128.store(to + at, v128.load(aside + at));
  writeEnd(offset + length, length);
}

/**
 * For a message that went through the cipher out of place, to `plain`, with the 64 bytes before it: takes what those became
 * and were apart, which is block 0, to `key`; moves the 32 bytes behind the message to `aside`, and writes the end there.
 */
export function beginOpen(offset: usize, length: usize, plain: usize, aside: usize, key: usize): void {
  v128.store(key, v128.xor(v128.load(plain), v128.load(offset - 64)));
  v128.store(key, v128.xor(v128.load(plain, 16), v128.load(offset - 48)), 16);
  const behind = offset + length;
  v128.store(aside, v128.load(behind));
  v128.store(aside, v128.load(behind, 16), 16);
  writeEnd(behind, length);
}

/**
 * Puts back what `beginOpen` moved, which begins with the message's tag. Where the tag at `ours` is the same, moves the message
 * from behind block 0 at `plain` to its place and answers 1; otherwise fills its place with zeros and answers 0.
 */
export function endOpen(offset: usize, length: usize, plain: usize, aside: usize, ours: usize): i32 {
  const behind = offset + length;
  const theirs = v128.load(aside);
  v128.store(behind, theirs);
  v128.store(behind, v128.load(aside, 16), 16);
  // One comparison of all 128 bits, whatever they are: no early way out that a sender could time.
  if (v128.any_true(v128.xor(theirs, v128.load(ours)))) {
    memory.fill(offset, 0, length);
    return 0;
  }
  copyBytes(offset, plain + 64, length);
  return 1;
}

/** Zeros up to a whole block of 16, no additional data, and `length` bytes of message (§2.8): 16 to 31 bytes. */
// @ts-ignore: decorator
@inline
function writeEnd(behind: usize, length: usize): void {
  v128.store(behind, i64x2.splat(0));
  const lengths = behind + (-length & 15);
  store<u64>(lengths, 0);
  store<u64>(lengths, length, 8);
}
