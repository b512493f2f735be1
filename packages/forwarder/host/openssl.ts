/**
 * ChaCha20-Poly1305 through the C functions of the OpenSSL inside Node, which use vector instructions that WebAssembly
 * does not have. Worth their calls for large messages only; small ones stay with the kernels.
 *
 * The functions are no public interface of Node, so nothing is taken for granted: where a symbol is missing, where a
 * known answer comes out wrong, or where it is not faster here, there is no such cipher, and the kernels do the work.
 */
import { addressOf, cFunction, nativeMemory } from '@patronus/system/linux';
import type { Cipher } from '../cipher.ts';
import { BLOCK_LENGTH, type Kernels, TAG_LENGTH } from '../kernels/index.ts';
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

/**
 * From this length on its five calls cost less than they save (measured: as fast as the kernels at about 600 bytes, 1.6
 * times as fast at 1,420).
 */
const LEAST_LENGTH = 640;

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
  return functions && new OpensslCipher(functions, memory, kernels);
}

/** For messages of any length up to MOST_SEALED. 64 bytes of packet memory have to lie before each. */
class OpensslCipher implements Cipher {
  readonly name = 'openssl';
  readonly #functions: Functions;
  readonly #kernels: Kernels['unchecked'];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: number;
  /** Poly1305's state; then counter and nonce; then the end of its input: padding and lengths (RFC 8439 §2.8). */
  readonly #native = nativeMemory(ALIGNMENT + MOST_CONTEXT + 16 + 32);
  readonly #context: number;
  readonly #counter: number;
  readonly #end: number;

  constructor(functions: Functions, { bytes, view }: PacketMemory, kernels: Kernels) {
    this.#functions = functions;
    this.#kernels = kernels.unchecked;
    this.#bytes = bytes;
    this.#view = view;
    this.#base = addressOf(bytes);
    const aligned = (ALIGNMENT - (this.#native.address % ALIGNMENT)) % ALIGNMENT;
    this.#context = this.#native.address + aligned;
    this.#counter = aligned + MOST_CONTEXT;
    this.#end = this.#counter + 16;
  }

  readonly seal = (keyOffset: number, low: number, high: number, offset: number, length: number): void => {
    const kernels = this.#kernels;
    const start = this.#base + offset;
    kernels.setAside(offset, Layout.cipherAside);
    this.#setNonce(low, high);
    const block = start - BLOCK_LENGTH;
    this.#functions.chacha(block, block, length + BLOCK_LENGTH, this.#base + keyOffset, this.#address(this.#counter));
    kernels.putBack(offset, Layout.cipherAside, Layout.cipherKey);
    this.#authenticate(start, length, start + length);
  };

  readonly open = (keyOffset: number, low: number, high: number, offset: number, length: number): number => {
    const kernels = this.#kernels;
    const start = this.#base + offset;
    const plain = Layout.cipherPlain;
    kernels.setAside(offset, Layout.cipherAside);
    this.#setNonce(low, high);
    this.#functions.chacha(
      this.#base + plain,
      start - BLOCK_LENGTH,
      length + BLOCK_LENGTH,
      this.#base + keyOffset,
      this.#address(this.#counter),
    );
    kernels.putBack(offset, Layout.cipherAside, Layout.cipherKey);
    // Block 0 came out beside the plain text, not where it was taken from.
    this.#bytes.copyWithin(Layout.cipherKey, plain, plain + 32);
    const tag = Layout.cipherTag;
    this.#authenticate(start, length, this.#base + tag);
    if (!this.#isSameTag(tag, offset + length)) {
      this.#bytes.fill(0, offset, offset + length);
      return 0;
    }
    this.#bytes.copyWithin(offset, plain + BLOCK_LENGTH, plain + BLOCK_LENGTH + length);
    return 1;
  };

  #address(offset: number): number {
    return this.#native.address + offset;
  }

  /** Block counter 0, then the nonce: four zero bytes and the message counter, little-endian (WireGuard §5.4.6). */
  #setNonce(low: number, high: number): void {
    const { view } = this.#native;
    view.setUint32(this.#counter + 8, low, true);
    view.setUint32(this.#counter + 12, high, true);
  }

  /** The tag of the sealed message at `start`, under the one-time key, to address `tag`. */
  #authenticate(start: number, length: number, tag: number): void {
    const { polyInit, polyUpdate, polyFinal } = this.#functions;
    const context = this.#context;
    const padding = -length & 15;
    this.#native.view.setUint32(this.#end + 16 + 8, length, true);
    polyInit(context, this.#base + Layout.cipherKey);
    polyUpdate(context, start, length);
    polyUpdate(context, this.#address(this.#end + 16 - padding), padding + 16);
    polyFinal(context, tag);
  }

  /** All 128 bits are compared, whatever they are. */
  #isSameTag(one: number, other: number): boolean {
    const view = this.#view;
    let difference = 0;
    for (let at = 0; at < TAG_LENGTH; at += 4) {
      difference |= view.getUint32(one + at, true) ^ view.getUint32(other + at, true);
    }
    return difference === 0;
  }
}
