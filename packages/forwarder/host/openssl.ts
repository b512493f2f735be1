/**
 * ChaCha20-Poly1305 through the C functions of the OpenSSL inside Node, which use vector instructions that WebAssembly
 * does not have. Worth their calls for large messages only; small ones stay with the kernels.
 *
 * The functions are no public interface of Node, so nothing is taken for granted: where a symbol is missing, where a
 * known answer comes out wrong, or where it is not faster here, there is no such cipher, and the kernels do the work.
 */
import { addressOf, cFunction, nativeMemory } from '@patronus/system/linux';
import type { Cipher } from '../cipher.ts';
import { BLOCK_LENGTH, type Kernels } from '../kernels/index.ts';
import { Layout, MOST_SEALED, type PacketMemory, SCRATCH } from '../memory.ts';
import { agrees, isFaster } from './cipherTrial.ts';

type Call = (...values: readonly number[]) => number;

interface Functions {
  /** (out, in, length, key, counter and nonce) */
  readonly chacha: Call;
  /** (context, key) */
  readonly polyInit: Call;
  /** (context, in, length) */
  readonly polyUpdate: Call;
  /** (context, tag) */
  readonly polyFinal: Call;
}

/** Twice what any OpenSSL has asked for so far; `Poly1305_ctx_size` says what this one does. */
const MOST_CONTEXT = 1_024;
const ALIGNMENT = 64;

/** Undefined where this Node does not have all of them. */
function findFunctions(): Functions | undefined {
  const size = cFunction('Poly1305_ctx_size', 'size_t', 0);
  const chacha = cFunction('ChaCha20_ctr32', 'void', 5);
  const polyInit = cFunction('Poly1305_Init', 'void', 2);
  const polyUpdate = cFunction('Poly1305_Update', 'void', 3);
  const polyFinal = cFunction('Poly1305_Final', 'void', 2);
  if (!size || !chacha || !polyInit || !polyUpdate || !polyFinal) return undefined;
  if (Number(size()) > MOST_CONTEXT) return undefined;
  return { chacha, polyInit, polyUpdate, polyFinal };
}

/** From this length on its four calls cost less than they save (as fast as the kernels at 450 bytes, twice at 1,420). */
const LEAST_LENGTH = 512;

/** The kernels for small messages and the C functions for large ones; undefined where those are missing, wrong or slow. */
export function findOpensslCipher(memory: PacketMemory, kernels: Kernels): Cipher | undefined {
  const large = opensslCipher(memory, kernels);
  if (large === undefined) return undefined;
  const { unchecked } = kernels;
  if (!agrees(large, unchecked, memory, SCRATCH) || !isFaster(large, unchecked, SCRATCH)) return undefined;
  const isLarge = (length: number) => length >= LEAST_LENGTH && length <= MOST_SEALED;
  return {
    name: large.name,
    seal: (key, low, high, offset, length) =>
      isLarge(length) ? large.seal(key, low, high, offset, length) : unchecked.seal(key, low, high, offset, length),
    open: (key, low, high, offset, length) =>
      isLarge(length) ? large.open(key, low, high, offset, length) : unchecked.open(key, low, high, offset, length),
  };
}

/** The C functions alone, untried; undefined where this Node does not have them. */
export function opensslCipher(memory: PacketMemory, kernels: Kernels): Cipher | undefined {
  const functions = findFunctions();
  return functions && cipherOf(functions, memory, kernels);
}

/**
 * For messages of any length up to MOST_SEALED. 64 bytes of packet memory have to lie before each, and 32 behind it.
 *
 * Addresses that are always the same are constants of a closure: a number beyond 31 bits that is made anew for a call out of
 * the engine is an object on its heap each time, and a packet has eight of them.
 */
function cipherOf(functions: Functions, { bytes }: PacketMemory, kernels: Kernels): Cipher {
  const { chacha, polyInit, polyUpdate, polyFinal } = functions;
  const { setAside, putBack, beginOpen, endOpen } = kernels.unchecked;
  const { cipherAside, cipherKey, cipherPlain, cipherTag } = Layout;
  const base = addressOf(bytes);
  const blockBefore = base - BLOCK_LENGTH;
  const [keyAddress, plainAddress, tagAddress] = [base + cipherKey, base + cipherPlain, base + cipherTag];
  /** Poly1305's state; then counter and nonce. */
  const native = nativeMemory(ALIGNMENT + MOST_CONTEXT + 16);
  const aligned = (ALIGNMENT - (native.address % ALIGNMENT)) % ALIGNMENT;
  const context = native.address + aligned;
  const counter = aligned + MOST_CONTEXT;
  const counterAddress = native.address + counter;
  const { view } = native;

  return {
    name: 'openssl',

    seal(keyOffset, low, high, offset, length) {
      setAside(offset, cipherAside);
      setNonce(low, high);
      const block = blockBefore + offset;
      chacha(block, block, length + BLOCK_LENGTH, base + keyOffset, counterAddress);
      putBack(offset, length, cipherAside, cipherKey);
      const start = base + offset;
      polyInit(context, keyAddress);
      polyUpdate(context, start, endOf(length));
      polyFinal(context, start + length);
    },

    open(keyOffset, low, high, offset, length) {
      setNonce(low, high);
      chacha(plainAddress, blockBefore + offset, length + BLOCK_LENGTH, base + keyOffset, counterAddress);
      beginOpen(offset, length, cipherPlain, cipherAside, cipherKey);
      polyInit(context, keyAddress);
      polyUpdate(context, base + offset, endOf(length));
      polyFinal(context, tagAddress);
      return endOpen(offset, length, cipherPlain, cipherAside, cipherTag);
    },
  };

  /** Block counter 0, then the nonce: four zero bytes and the message counter, little-endian (WireGuard §5.4.6). */
  function setNonce(low: number, high: number): void {
    view.setUint32(counter + 8, low, true);
    view.setUint32(counter + 12, high, true);
  }
}

/** Bytes that Poly1305 reads: the message, padding to whole blocks, and the two lengths (RFC 8439 §2.8). */
function endOf(length: number): number {
  return ((length + 15) & ~15) + 16;
}
