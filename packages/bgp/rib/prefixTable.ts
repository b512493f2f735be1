/**
 * Prefixes of one family, each kept once and named by the number of its slot: an open-addressed index over columns, with
 * no object for any of them. `read` puts a prefix into the table's hand, `find` and `findOrAdd` look for what it holds.
 */
import { finish } from './byteSets.ts';
import { capacityFor, grown, LEAST, SMALL } from './columns.ts';

export class PrefixTable {
  readonly family: 4 | 6;
  readonly #words: 1 | 4;
  readonly #seed: number;
  #index = new Uint32Array(LEAST * 2);
  /** 1 or 4 numbers a slot; of a free slot the first says which free one follows. */
  #bits: Uint32Array<ArrayBuffer>;
  /** Of a free slot 255. */
  #lengths = new Uint8Array(LEAST).fill(FREE);
  #freeSlot = 0;
  /** Slots that were ever used; the first is 1. */
  #used = 0;
  #count = 0;
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #word3 = 0;
  #length = 0;

  constructor(family: 4 | 6, seed: number) {
    this.family = family;
    this.#words = family === 4 ? 1 : 4;
    this.#seed = seed;
    this.#bits = new Uint32Array(LEAST * this.#words);
  }

  get count(): number {
    return this.#count;
  }

  /** Slots are less than this. */
  get capacity(): number {
    return this.#lengths.length;
  }

  /** The highest slot that was ever used. */
  get highest(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#index.length * 4 + this.#bits.length * 4 + this.#lengths.length;
  }

  isUsed(slot: number): boolean {
    return slot > 0 && slot <= this.#used && this.#lengths[slot] !== FREE;
  }

  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** The slot's address: 4 or 16 bytes. */
  addressOf(slot: number): Uint8Array {
    const address = new Uint8Array(this.#words * 4);
    for (let word = 0; word < this.#words; word++) {
      const value = this.#bits[slot * this.#words + word]!;
      for (let byte = 0; byte < 4; byte++) address[word * 4 + byte] = value >>> (24 - 8 * byte);
    }
    return address;
  }

  /** Takes a prefix into the hand: as many bytes at `offset` as its length needs. What lies behind the length is cleared. */
  read(bytes: Uint8Array, offset: number, length: number): void {
    const end = offset + ((length + 7) >>> 3);
    this.#length = length;
    this.#word0 = wordAt(bytes, offset, end, length);
    if (this.#words === 1) return;
    this.#word1 = wordAt(bytes, offset + 4, end, length - 32);
    this.#word2 = wordAt(bytes, offset + 8, end, length - 64);
    this.#word3 = wordAt(bytes, offset + 12, end, length - 96);
  }

  /** 0: it is not there. */
  find(): number {
    const mask = this.#index.length - 1;
    for (let at = this.#hash() & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]!;
      if (slot === 0 || this.#isHeld(slot)) return slot;
    }
  }

  findOrAdd(): number {
    const mask = this.#index.length - 1;
    let at = this.#hash() & mask;
    for (; ; at = (at + 1) & mask) {
      const slot = this.#index[at]!;
      if (slot === 0) break;
      if (this.#isHeld(slot)) return slot;
    }
    if ((this.#count + 1) * 4 > this.#index.length * 3) {
      this.#growIndex();
      at = this.#gap(this.#hash());
    }
    const slot = this.#takeSlot();
    this.#lengths[slot] = this.#length;
    this.#put(slot);
    this.#index[at] = slot;
    this.#count += 1;
    return slot;
  }

  /** Frees the slot; where none is left the memory goes back. */
  remove(slot: number): void {
    this.#hold(slot);
    this.#unindex(slot);
    this.#lengths[slot] = FREE;
    this.#bits[slot * this.#words] = this.#freeSlot;
    this.#freeSlot = slot;
    this.#count -= 1;
    if (this.#count === 0 && this.#lengths.length > SMALL) this.#reset();
  }

  /** Writes the prefix as NLRI, its length first; answers where the next one goes. */
  write(slot: number, bytes: Uint8Array, offset: number): number {
    const length = this.#lengths[slot]!;
    const octets = (length + 7) >>> 3;
    const first = slot * this.#words;
    bytes[offset] = length;
    for (let byte = 0; byte < octets; byte++) {
      bytes[offset + 1 + byte] = this.#bits[first + (byte >>> 2)]! >>> (24 - 8 * (byte & 3));
    }
    return offset + 1 + octets;
  }

  #isHeld(slot: number): boolean {
    const first = slot * this.#words;
    if (this.#bits[first] !== this.#word0 || this.#lengths[slot] !== this.#length) return false;
    if (this.#words === 1) return true;
    return (
      this.#bits[first + 1] === this.#word1 &&
      this.#bits[first + 2] === this.#word2 &&
      this.#bits[first + 3] === this.#word3
    );
  }

  #hold(slot: number): void {
    const first = slot * this.#words;
    this.#length = this.#lengths[slot]!;
    this.#word0 = this.#bits[first]!;
    if (this.#words === 1) return;
    this.#word1 = this.#bits[first + 1]!;
    this.#word2 = this.#bits[first + 2]!;
    this.#word3 = this.#bits[first + 3]!;
  }

  #put(slot: number): void {
    const first = slot * this.#words;
    this.#bits[first] = this.#word0;
    if (this.#words === 1) return;
    this.#bits[first + 1] = this.#word1;
    this.#bits[first + 2] = this.#word2;
    this.#bits[first + 3] = this.#word3;
  }

  #hash(): number {
    let hash = (this.#word0 ^ this.#seed) + Math.imul(this.#length, 0x9e3779b1);
    if (this.#words === 4) {
      hash = Math.imul(finish(hash), 0xcc9e2d51) ^ this.#word1;
      hash = Math.imul(finish(hash), 0x1b873593) ^ this.#word2;
      hash = Math.imul(finish(hash), 0xe6546b64) ^ this.#word3;
    }
    return finish(hash);
  }

  #gap(hash: number): number {
    const mask = this.#index.length - 1;
    let at = hash & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    return at;
  }

  #takeSlot(): number {
    const freed = this.#freeSlot;
    if (freed !== 0) {
      this.#freeSlot = this.#bits[freed * this.#words]!;
      return freed;
    }
    this.#used += 1;
    if (this.#used >= this.#lengths.length) {
      const capacity = capacityFor(this.#used + 1, this.#lengths.length);
      const lengths = grown(this.#lengths, capacity);
      lengths.fill(FREE, this.#lengths.length);
      this.#lengths = lengths;
      this.#bits = grown(this.#bits, capacity * this.#words);
    }
    return this.#used;
  }

  #growIndex(): void {
    const [length, word0, word1, word2, word3] = [this.#length, this.#word0, this.#word1, this.#word2, this.#word3];
    const old = this.#index;
    this.#index = new Uint32Array(old.length * 2);
    for (const slot of old) {
      if (slot === 0) continue;
      this.#hold(slot);
      this.#index[this.#gap(this.#hash())] = slot;
    }
    [this.#length, this.#word0, this.#word1, this.#word2, this.#word3] = [length, word0, word1, word2, word3];
  }

  /** The slot is in the hand. The gap is closed, so that no tombstones are left. */
  #unindex(slot: number): void {
    const mask = this.#index.length - 1;
    let gap = this.#hash() & mask;
    while (this.#index[gap] !== slot) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const other = this.#index[at]!;
      if (other === 0) break;
      this.#hold(other);
      const home = this.#hash() & mask;
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        this.#index[gap] = other;
        gap = at;
      }
    }
    this.#index[gap] = 0;
  }

  #reset(): void {
    this.#index = new Uint32Array(LEAST * 2);
    this.#bits = new Uint32Array(LEAST * this.#words);
    this.#lengths = new Uint8Array(LEAST).fill(FREE);
    this.#freeSlot = 0;
    this.#used = 0;
  }
}

const FREE = 255;

/** 32 bits at `offset`, as far as `end` and `length` reach. */
function wordAt(bytes: Uint8Array, offset: number, end: number, length: number): number {
  if (length <= 0) return 0;
  let word = bytes[offset]! << 24;
  if (offset + 1 < end) word |= bytes[offset + 1]! << 16;
  if (offset + 2 < end) word |= bytes[offset + 2]! << 8;
  if (offset + 3 < end) word |= bytes[offset + 3]!;
  return (length >= 32 ? word : word & (-1 << (32 - length))) >>> 0;
}
