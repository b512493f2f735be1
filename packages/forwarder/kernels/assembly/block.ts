/**
 * What a cipher outside needs to use the block before a message: ChaCha20's block 0, the one-time key of Poly1305
 * (RFC 8439 §2.6), comes out of the same pass as the message's own key stream when 64 zero bytes stand before it.
 */

/** Moves the 64 bytes before `offset` to `aside` and leaves zeros. */
export function setAside(offset: usize, aside: usize): void {
  const from = offset - 64;
  for (let at: usize = 0; at < 64; at += 16) {
    v128.store(aside + at, v128.load(from + at));
    v128.store(from + at, i64x2.splat(0));
  }
}

/** Keeps the first 32 of the 64 bytes before `offset` at `key`, and puts back what was set aside. */
export function putBack(offset: usize, aside: usize, key: usize): void {
  const to = offset - 64;
  v128.store(key, v128.load(to));
  v128.store(key, v128.load(to, 16), 16);
  for (let at: usize = 0; at < 64; at += 16) v128.store(to + at, v128.load(aside + at));
}
