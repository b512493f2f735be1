import { openMessage, sealMessage } from './aead';

/**
 * What the packet path calls once a packet. Every function works in place on the one linear memory, allocates nothing
 * and keeps nothing from one call to the next; its contract stands at its type in ../index.ts.
 */
export { blake2s } from './blake2s';
export { beginOpen, endOpen, putBack, setAside } from './block';
export { checksum, copyAndSum } from './checksum';
export { multiplyAdd } from './galois';

export { lz4Compress, lz4CompressHard, lz4Expand } from './lz4';

/** Seals a transport message: the nonce is four zero bytes and the counter, little-endian (WireGuard §5.4.6). */
export function seal(key: usize, counterLow: u32, counterHigh: u32, offset: usize, length: u32): void {
  sealMessage(key, 0, counterLow, counterHigh, 0, 0, offset, length);
}

/** Opens a transport message of `length` bytes, followed by its tag. 1: authentic. 0: not, and wiped. */
export function open(key: usize, counterLow: u32, counterHigh: u32, offset: usize, length: u32): i32 {
  return openMessage(key, 0, counterLow, counterHigh, 0, 0, offset, length);
}

/** Seals with any 12-byte nonce and with additional data (RFC 8439 §2.8). */
export function sealWithData(
  key: usize, nonce: usize, aad: usize, aadLength: u32, offset: usize, length: u32,
): void {
  sealMessage(key, load<u32>(nonce), load<u32>(nonce, 4), load<u32>(nonce, 8), aad, aadLength, offset, length);
}

/** Opens what `sealWithData` sealed. 1: authentic. 0: not, and wiped. */
export function openWithData(
  key: usize, nonce: usize, aad: usize, aadLength: u32, offset: usize, length: u32,
): i32 {
  return openMessage(key, load<u32>(nonce), load<u32>(nonce, 4), load<u32>(nonce, 8), aad, aadLength, offset, length);
}

/** The first byte of memory that no kernel uses: createKernels compares it with KERNEL_RESERVED. */
export function reservedEnd(): usize {
  return __heap_base;
}
