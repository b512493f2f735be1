import { stream4 } from './chacha20';
import { absorb, absorbPadded, begin, finish } from './poly1305';
import { clear, copyBytes, STREAM, TAG, TAIL } from './scratch';

/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8), in place: the message stays where it is and the 16-byte tag stands behind it.
 *
 * Block 0 of the key stream is the Poly1305 key. It is made together with blocks 1 to 3, so a message of up to 192
 * bytes, its head, costs one call of `stream4`. After the head come steps of 256 bytes, and a tail through a copy.
 */
const HEAD: u32 = 192;
const STEP: usize = 256;

/** Makes the one-time key and a copy of the message's head with the key stream XORed in, and starts Poly1305. */
// @ts-ignore: decorator
@inline
function start(
  key: usize, n0: u32, n1: u32, n2: u32, aad: usize, aadLength: u32, offset: usize, head: u32,
): void {
  clear(STREAM, 64);
  copyBytes(STREAM + 64, offset, head);
  stream4(key, 0, n0, n1, n2, STREAM, 0, 0);
  begin(STREAM);
  if (aadLength) absorbPadded(aad, aadLength);
}

/** Adds the last block, both lengths (§2.8), and writes the tag to `target`. */
// @ts-ignore: decorator
@inline
function end(aadLength: u32, length: u32, target: usize): void {
  store<u64>(TAG, aadLength);
  store<u64>(TAG, length, 8);
  absorb(TAG, TAG + 16);
  finish(STREAM + 16, target);
  clear(STREAM, 32);
}

export function sealMessage(
  key: usize, n0: u32, n1: u32, n2: u32, aad: usize, aadLength: u32, offset: usize, length: u32,
): void {
  const limit = offset + length;
  const head = min(length, HEAD);
  start(key, n0, n1, n2, aad, aadLength, offset, head);
  copyBytes(offset, STREAM + 64, head);

  // Poly1305 runs over the ciphertext, so it follows one step behind the key stream.
  let authenticated = offset;
  let at = offset + head;
  let counter: u32 = 4;
  for (; at + STEP <= limit; at += STEP) {
    stream4(key, counter, n0, n1, n2, at, authenticated, at);
    authenticated = at;
    counter += 4;
  }
  if (at < limit) {
    copyBytes(TAIL, at, limit - at);
    stream4(key, counter, n0, n1, n2, TAIL, authenticated, at);
    copyBytes(at, TAIL, limit - at);
    authenticated = at;
  }
  absorbPadded(authenticated, limit - authenticated);
  end(aadLength, length, limit);
}

/** 1 when the tag is right. When it is wrong the message is filled with zeros, so that nobody can use it by mistake. */
export function openMessage(
  key: usize, n0: u32, n1: u32, n2: u32, aad: usize, aadLength: u32, offset: usize, length: u32,
): i32 {
  const limit = offset + length;
  const head = min(length, HEAD);
  start(key, n0, n1, n2, aad, aadLength, offset, head);

  // Here the ciphertext is at hand from the start: each step adds its own bytes before it overwrites them, the first
  // one those of the head as well, which is why the head is put back only at the end.
  let authenticated = offset;
  let at = offset + head;
  let counter: u32 = 4;
  for (; at + STEP <= limit; at += STEP) {
    stream4(key, counter, n0, n1, n2, at, authenticated, at + STEP);
    authenticated = at + STEP;
    counter += 4;
  }
  if (at < limit) {
    const whole = at + ((limit - at) & ~15);
    copyBytes(TAIL, at, limit - at);
    stream4(key, counter, n0, n1, n2, TAIL, authenticated, whole);
    authenticated = whole;
  }
  absorbPadded(authenticated, limit - authenticated);
  copyBytes(offset, STREAM + 64, head);
  copyBytes(at, TAIL, limit - at);
  end(aadLength, length, TAG);

  // One comparison of all 128 bits, whatever they are: no early way out that a sender could time.
  const right = !v128.any_true(v128.xor(v128.load(TAG), v128.load(limit)));
  if (!right) {
    memory.fill(offset, 0, length);
    clear(STREAM, 256);
    clear(TAIL, 256);
  }
  return right as i32;
}
