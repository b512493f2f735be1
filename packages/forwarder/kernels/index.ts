/**
 * Per-packet kernels: ChaCha20-Poly1305, BLAKE2s, LZ4 blocks, products in GF(256) and the internet checksum, written in AssemblyScript (assembly/) and
 * run in place on the one linear memory that holds all packets.
 *
 * It refuses to start when the module wants more of the memory than KERNEL_RESERVED, or does not reproduce the vectors
 * of the standards (selfTest.ts).
 * Standards: RFC 8439 (AEAD), RFC 7693 (BLAKE2s), RFC 1071 (checksum), LZ4 block format, WireGuard §5.4.6 (nonce).
 *
 * This file does no I/O: ../host/loadKernels.ts reads the compiled module.
 */
import { SELF_TEST_ROOM, selfTest } from './selfTest.ts';

/** The first this many bytes of the memory belong to the kernels; packets, iovecs and keys lie above. */
export const KERNEL_RESERVED = 20_480;

/** Bytes that `seal` writes behind a message and `open` reads there. */
export const TAG_LENGTH = 16;

/** Positions in an LZ4 block are 16 bits. */
export const LZ4_MOST = 65_534;
/** ChaCha20's block. */
export const BLOCK_LENGTH = 64;
/** Bytes behind a message that `putBack` and `beginOpen` may write to: padding, two lengths, rounded up. */
const END_LENGTH = 32;

/** All offsets and lengths are bytes in the linear memory. */
export interface KernelFunctions {
  /**
   * Seals `length` bytes at `offset` in place and writes the tag to `offset + length`. The 32-byte key lies at
   * `keyOffset`; the nonce is four zero bytes and the 64-bit counter (two unsigned halves), little-endian.
   */
  seal(keyOffset: number, counterLow: number, counterHigh: number, offset: number, length: number): void;

  /**
   * Opens `length` bytes at `offset` (without the tag, which follows them) in place. Answers 1 when the tag is right.
   * Otherwise answers 0 and the `length` bytes are zeros: neither ciphertext nor forged plaintext can be used by mistake.
   */
  open(keyOffset: number, counterLow: number, counterHigh: number, offset: number, length: number): number;

  /** `seal` with any 12-byte nonce and with additional data (RFC 8439 §2.8). */
  sealWithData(
    keyOffset: number,
    nonceOffset: number,
    dataOffset: number,
    dataLength: number,
    offset: number,
    length: number,
  ): void;

  /** `open` with any 12-byte nonce and with additional data. */
  openWithData(
    keyOffset: number,
    nonceOffset: number,
    dataOffset: number,
    dataLength: number,
    offset: number,
    length: number,
  ): number;

  /**
   * Ones' complement sum (RFC 1071) of `length` bytes and of `initial` (any unsigned 32-bit partial sum, in host
   * order), folded to 16 bits and NOT inverted: `~sum & 0xffff` belongs in the header, big-endian; a range that
   * includes its right checksum gives 0xffff. Only the last of several summed ranges may have an odd length.
   */
  checksum(offset: number, length: number, initial: number): number;

  /**
   * Copies `length` bytes from `offset` to `targetOffset` (the areas do not overlap) and answers what `checksum` would say
   * of them.
   */
  copyAndSum(targetOffset: number, offset: number, length: number, initial: number): number;

  /**
   * Adds, in GF(256), the product of `length` bytes at `offset` and one factor to those at `targetOffset`; both areas may be the
   * same, and do not overlap otherwise. The 32 bytes at `tableOffset` are the factor's products with 0 … 15 and 0, 16 … 240.
   */
  multiplyAdd(tableOffset: number, targetOffset: number, offset: number, length: number): void;

  /** Moves the 64 bytes before `offset` to `asideOffset` and leaves zeros in their place. */
  setAside(offset: number, asideOffset: number): void;

  /**
   * Copies the first 32 of the 64 bytes before the `length` bytes at `offset` to `keyOffset`, puts back what was set aside, and
   * writes what Poly1305 reads behind the message (RFC 8439 §2.8), at most 31 bytes.
   */
  putBack(offset: number, length: number, asideOffset: number, keyOffset: number): void;

  /**
   * For a message of `length` bytes at `offset` that a cipher outside opened to `plainOffset`, together with the 64 bytes before
   * it: puts block 0's first 32 bytes to `keyOffset`, moves the 32 bytes behind the message to `asideOffset`, and writes what
   * Poly1305 reads there.
   */
  beginOpen(offset: number, length: number, plainOffset: number, asideOffset: number, keyOffset: number): void;

  /**
   * Puts back what `beginOpen` moved. Where that begins with the tag at `tagOffset`, the message is moved to its place: 1.
   * Otherwise its place is filled with zeros: 0.
   */
  endOpen(offset: number, length: number, plainOffset: number, asideOffset: number, tagOffset: number): number;

  /**
   * Compresses `length` bytes (at most LZ4_MOST) at `offset` to an LZ4 block at `targetOffset`; both do not overlap. Its
   * length, or 0 when it would be longer than `capacity`. `acceleration` from 1 on: the higher, the faster and the worse.
   */
  lz4Compress(offset: number, length: number, targetOffset: number, capacity: number, acceleration: number): number;

  /** As `lz4Compress`, smaller and slower: up to `depth` earlier places are looked at for each match. */
  lz4CompressHard(offset: number, length: number, targetOffset: number, capacity: number, depth: number): number;

  /**
   * Expands the LZ4 block of `length` bytes at `offset` to `targetOffset`. The length of what came out, or -1 for anything
   * that is no block, points outside, or needs more than `capacity`; nothing outside that is ever written.
   */
  lz4Expand(offset: number, length: number, targetOffset: number, capacity: number): number;

  /** BLAKE2s of `length` bytes: 1 to 32 bytes to `targetOffset`, under a key of 0 to 32 bytes. */
  blake2s(
    targetOffset: number,
    targetLength: number,
    keyOffset: number,
    keyLength: number,
    offset: number,
    length: number,
  ): void;
}

/** The functions with every range checked first; `unchecked` has the bare ones, for callers that bound their own. */
export interface Kernels extends KernelFunctions {
  readonly unchecked: KernelFunctions;
}

interface KernelExports extends KernelFunctions {
  reservedEnd(): number;
}

export type KernelErrorCode = 'KERNELS_MODULE' | 'KERNELS_RESERVED' | 'KERNELS_SELF_TEST' | 'KERNELS_RANGE';

/** A mistake of ours or a damaged build; never caused by what a packet contains. */
export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelError';
    this.code = code;
  }
}

/**
 * Starts the kernels on `memory` (its first KERNEL_RESERVED bytes are theirs from then on; it must never grow) from
 * the bytes of kernels.wasm. Throws KernelError when they cannot be trusted.
 */
export function createKernels(memory: WebAssembly.Memory, wasmBytes: Uint8Array<ArrayBuffer>): Kernels {
  const bare = instantiate(memory, wasmBytes);
  if (bare.reservedEnd() > KERNEL_RESERVED - SELF_TEST_ROOM) {
    throw new KernelError(
      'KERNELS_RESERVED',
      `kernels: they use the first ${bare.reservedEnd()} bytes of the memory and ${SELF_TEST_ROOM} for the self-test, ` +
        `but ${KERNEL_RESERVED} are theirs; raise KERNEL_RESERVED`,
    );
  }
  const failed = selfTest(bare, new Uint8Array(memory.buffer, 0, KERNEL_RESERVED), bare.reservedEnd());
  if (failed !== undefined) {
    throw new KernelError(
      'KERNELS_SELF_TEST',
      `kernels: ${failed} came out wrong in the self-test; run packages/forwarder/kernels/build.mjs again, and do ` +
        'not forward packets with this build',
    );
  }
  return { ...checkRanges(bare, memory.buffer.byteLength), unchecked: bare };
}

function instantiate(memory: WebAssembly.Memory, wasmBytes: Uint8Array<ArrayBuffer>): KernelExports {
  try {
    const module = new WebAssembly.Module(wasmBytes);
    return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  } catch (cause) {
    throw new KernelError(
      'KERNELS_MODULE',
      `kernels: kernels.wasm (${wasmBytes.length} bytes) cannot be started: ${String(cause)}; run ` +
        'packages/forwarder/kernels/build.mjs, and use a Node with WebAssembly SIMD',
      { cause },
    );
  }
}

/** The same functions, which throw KERNELS_RANGE before they would touch the reserved area or leave the memory. */
function checkRanges(bare: KernelFunctions, size: number): KernelFunctions {
  function inside(what: string, offset: number, length: number): void {
    if (offset >= KERNEL_RESERVED && length >= 0 && offset + length <= size) return;
    const range = `${offset} + ${length}`;
    throw new KernelError(
      'KERNELS_RANGE',
      `kernels: ${what} at ${range} is not within ${KERNEL_RESERVED} … ${size}; the caller worked out a wrong offset`,
    );
  }
  function upTo(what: string, length: number, least: number, most: number): void {
    if (length >= least && length <= most) return;
    throw new KernelError('KERNELS_RANGE', `kernels: ${what} of ${length} bytes; it takes ${least} to ${most}`);
  }
  return {
    seal(keyOffset, counterLow, counterHigh, offset, length) {
      inside('key', keyOffset, 32);
      inside('message and tag', offset, length + TAG_LENGTH);
      bare.seal(keyOffset, counterLow, counterHigh, offset, length);
    },
    open(keyOffset, counterLow, counterHigh, offset, length) {
      inside('key', keyOffset, 32);
      inside('message and tag', offset, length + TAG_LENGTH);
      return bare.open(keyOffset, counterLow, counterHigh, offset, length);
    },
    sealWithData(keyOffset, nonceOffset, dataOffset, dataLength, offset, length) {
      inside('key', keyOffset, 32);
      inside('nonce', nonceOffset, 12);
      if (dataLength !== 0) inside('additional data', dataOffset, dataLength);
      inside('message and tag', offset, length + TAG_LENGTH);
      bare.sealWithData(keyOffset, nonceOffset, dataOffset, dataLength, offset, length);
    },
    openWithData(keyOffset, nonceOffset, dataOffset, dataLength, offset, length) {
      inside('key', keyOffset, 32);
      inside('nonce', nonceOffset, 12);
      if (dataLength !== 0) inside('additional data', dataOffset, dataLength);
      inside('message and tag', offset, length + TAG_LENGTH);
      return bare.openWithData(keyOffset, nonceOffset, dataOffset, dataLength, offset, length);
    },
    checksum(offset, length, initial) {
      inside('range to sum', offset, length);
      return bare.checksum(offset, length, initial);
    },
    copyAndSum(targetOffset, offset, length, initial) {
      inside('range to sum', offset, length);
      inside('copy', targetOffset, length);
      return bare.copyAndSum(targetOffset, offset, length, initial);
    },
    lz4Compress(offset, length, targetOffset, capacity, acceleration) {
      upTo('packet', length, 0, LZ4_MOST);
      upTo('acceleration', acceleration, 1, LZ4_MOST);
      inside('packet', offset, length);
      inside('room for a block', targetOffset, capacity);
      return bare.lz4Compress(offset, length, targetOffset, capacity, acceleration);
    },
    lz4CompressHard(offset, length, targetOffset, capacity, depth) {
      upTo('packet', length, 0, LZ4_MOST);
      upTo('depth', depth, 1, LZ4_MOST);
      inside('packet', offset, length);
      inside('room for a block', targetOffset, capacity);
      return bare.lz4CompressHard(offset, length, targetOffset, capacity, depth);
    },
    lz4Expand(offset, length, targetOffset, capacity) {
      upTo('room for a packet', capacity, 0, LZ4_MOST);
      inside('block', offset, length);
      inside('room for a packet', targetOffset, capacity);
      return bare.lz4Expand(offset, length, targetOffset, capacity);
    },
    multiplyAdd(tableOffset, targetOffset, offset, length) {
      inside('products', tableOffset, 32);
      inside('bytes to multiply', offset, length);
      inside('sum', targetOffset, length);
      bare.multiplyAdd(tableOffset, targetOffset, offset, length);
    },
    setAside(offset, asideOffset) {
      inside('block', offset - BLOCK_LENGTH, BLOCK_LENGTH);
      inside('room for a block', asideOffset, BLOCK_LENGTH);
      bare.setAside(offset, asideOffset);
    },
    putBack(offset, length, asideOffset, keyOffset) {
      inside('block, message and its end', offset - BLOCK_LENGTH, BLOCK_LENGTH + length + END_LENGTH);
      inside('block set aside', asideOffset, BLOCK_LENGTH);
      inside('room for a key', keyOffset, 32);
      bare.putBack(offset, length, asideOffset, keyOffset);
    },
    beginOpen(offset, length, plainOffset, asideOffset, keyOffset) {
      inside('block, message and its end', offset - BLOCK_LENGTH, BLOCK_LENGTH + length + END_LENGTH);
      inside('opened block', plainOffset, 32);
      inside('room for an end', asideOffset, END_LENGTH);
      inside('room for a key', keyOffset, 32);
      bare.beginOpen(offset, length, plainOffset, asideOffset, keyOffset);
    },
    endOpen(offset, length, plainOffset, asideOffset, tagOffset) {
      inside('message and its end', offset, length + END_LENGTH);
      inside('opened message', plainOffset, BLOCK_LENGTH + length);
      inside('end set aside', asideOffset, END_LENGTH);
      inside('tag', tagOffset, TAG_LENGTH);
      return bare.endOpen(offset, length, plainOffset, asideOffset, tagOffset);
    },
    blake2s(targetOffset, targetLength, keyOffset, keyLength, offset, length) {
      upTo('digest', targetLength, 1, 32);
      upTo('key', keyLength, 0, 32);
      inside('digest', targetOffset, targetLength);
      if (keyLength !== 0) inside('key', keyOffset, keyLength);
      inside('message', offset, length);
      bare.blake2s(targetOffset, targetLength, keyOffset, keyLength, offset, length);
    },
  };
}
