/**
 * Where the kernels keep their own bytes. They lie in the reserved area at the bottom of the shared linear memory
 * (`--memoryBase` in build.mjs says where it starts, KERNEL_RESERVED in ../index.ts where it must have ended); nothing
 * here is ever allocated or grown. One memory has one thread, so one copy of the scratch is enough.
 */

/** 256 bytes: key stream block 0, whose first half is the Poly1305 key, then the head of a message. */
export const STREAM: usize = memory.data(256, 16);

/** 256 bytes: what is left of a message when less than four blocks are. */
export const TAIL: usize = memory.data(256, 16);

/** 16 bytes: the last block of a message, filled up with zeros (RFC 8439 §2.8). */
export const BLOCK: usize = memory.data(16, 16);

/** 16 bytes: the length block, then the tag as we work it out. */
export const TAG: usize = memory.data(16, 16);

/** Copies `length` bytes; the two areas do not overlap. A call into the engine's memory.copy costs more for packets. */
// @ts-ignore: decorator
@inline
export function copyBytes(target: usize, source: usize, length: usize): void {
  let done: usize = 0;
  for (; done + 16 <= length; done += 16) v128.store(target + done, v128.load(source + done));
  for (; done < length; done++) store<u8>(target + done, load<u8>(source + done));
}

/** Fills `length` bytes, a multiple of 16, with zeros. */
// @ts-ignore: decorator
@inline
export function clear(target: usize, length: usize): void {
  for (let end = target + length; target < end; target += 16) v128.store(target, i64x2.splat(0));
}
