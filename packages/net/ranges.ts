/**
 * Prefixes laid out flat: where, in the order of addresses, the longest prefix that holds them changes. A look-up is a
 * search for the last change at or before the address, in an array of whole numbers that lie beside each other; nothing
 * is followed and nothing allocated. Built whole, then only read.
 */
import { type PrefixColumns, wordAt } from './columns.ts';

/** From so many changes on, the first 16 bits say where to search: 256 KiB, and 8 steps less. */
const INDEXED_FROM = 1_024;
const NOTHING = -1;
/** Address 0, as it is written in columns. */
const LOWEST = -0x8000_0000;
/** Prefixes around each other: one of each length. */
const DEEPEST = 129;

/** Of one family and one segment. */
export class RangeTable<V> {
  /** Words of 32 bits an address has. */
  readonly #words: number;
  /** Beginnings, `#words` each, with the top bit turned so that they sort as signed numbers. */
  readonly #starts: Int32Array;
  /** Of each range: its place in `#values`, or NOTHING. */
  readonly #slots: Int32Array;
  readonly #values: readonly V[];
  /** IPv4: the range that holds address h·2¹⁶, for h from 0 to 2¹⁶; the last of all behind them. */
  readonly #index: Int32Array | undefined;

  constructor(columns: PrefixColumns<V>) {
    const { words, values } = columns;
    const builder = new Builder(words, values.length * 2 + 1);
    sweep(columns, builder);
    this.#words = words;
    this.#starts = builder.starts.slice(0, builder.count * words);
    this.#slots = builder.slots.slice(0, builder.count);
    this.#values = values;
    if (words === 1 && builder.count >= INDEXED_FROM) this.#index = indexOf(this.#starts);
  }

  /** The value of the longest prefix that holds the address at `offset`, which has to lie in `bytes` as a whole. */
  lookup(bytes: Uint8Array, offset: number): V | undefined {
    const slot = this.#slots[this.#words === 1 ? this.#find(wordAt(bytes, offset)) : this.#findWide(bytes, offset)]!;
    return slot === NOTHING ? undefined : this.#values[slot];
  }

  #find(key: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    if (this.#index !== undefined) {
      const bucket = (key >> 16) + 0x8000;
      low = this.#index[bucket]!;
      high = this.#index[bucket + 1]!;
    }
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #findWide(bytes: Uint8Array, offset: number): number {
    const starts = this.#starts;
    const first = wordAt(bytes, offset);
    const second = wordAt(bytes, offset + 4);
    const third = wordAt(bytes, offset + 8);
    const fourth = wordAt(bytes, offset + 12);
    let low = 0;
    let high = this.#slots.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const at = middle * 4;
      const a = starts[at]!;
      let isBefore = a < first;
      if (a === first) {
        const b = starts[at + 1]!;
        isBefore = b < second;
        if (b === second) {
          const c = starts[at + 2]!;
          isBefore = c < third || (c === third && starts[at + 3]! <= fourth);
        }
      }
      if (isBefore) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

class Builder {
  readonly starts: Int32Array;
  readonly slots: Int32Array;
  count = 0;
  readonly #words: number;

  constructor(words: number, most: number) {
    this.#words = words;
    this.starts = new Int32Array(most * words);
    this.slots = new Int32Array(most);
  }

  /** From the start at this place of `starts` on, `slot` counts. They come in order; of equal ones the last counts. */
  add(starts: Int32Array, from: number, slot: number): void {
    const words = this.#words;
    let isSame = this.count > 0;
    for (let word = 0; word < words; word++) {
      const value = starts[from + word]!;
      if (isSame && this.starts[(this.count - 1) * words + word] !== value) isSame = false;
      this.starts[this.count * words + word] = value;
    }
    this.slots[isSame ? this.count - 1 : this.count] = slot;
    if (!isSame) this.count += 1;
  }
}

/** Goes through the prefixes in order, with those around the present one on a stack: prefixes nest or lie apart. */
function sweep<V>({ words, starts, lengths }: PrefixColumns<V>, builder: Builder): void {
  const around = new Int32Array(DEEPEST);
  let depth = 0;
  const after = new Int32Array(words).fill(LOWEST);
  builder.add(after, 0, NOTHING);
  for (let slot = 0; slot <= lengths.length; slot++) {
    while (depth > 0 && (slot === lengths.length || !holds(starts, lengths, words, around[depth - 1]!, slot))) {
      depth -= 1;
      const isLast = !addressAfter(starts, lengths, words, around[depth]!, after);
      if (!isLast) builder.add(after, 0, depth > 0 ? around[depth - 1]! : NOTHING);
    }
    if (slot === lengths.length) return;
    builder.add(starts, slot * words, slot);
    around[depth] = slot;
    depth += 1;
  }
}

/** Whether `inner`, which comes later in order, lies inside. */
function holds(starts: Int32Array, lengths: Uint8Array, words: number, outer: number, inner: number): boolean {
  for (let word = 0, bits = lengths[outer]!; bits > 0; word++, bits -= 32) {
    const mask = bits >= 32 ? -1 : -1 << (32 - bits);
    if (((starts[outer * words + word]! ^ starts[inner * words + word]!) & mask) !== 0) return false;
  }
  return true;
}

/** Writes the first address behind a prefix into `after`; false: it ends with the last there is. */
function addressAfter(
  starts: Int32Array,
  lengths: Uint8Array,
  words: number,
  slot: number,
  after: Int32Array,
): boolean {
  for (let word = 0; word < words; word++) after[word] = starts[slot * words + word]!;
  const lastBit = lengths[slot]! - 1;
  let step = 2 ** (31 - (lastBit & 31));
  for (let word = lastBit >> 5; word >= 0; word--) {
    const sum = (after[word]! ^ LOWEST) + step;
    // As unsigned numbers they may carry over into the word before.
    const unsigned = (after[word]! ^ LOWEST) >>> 0;
    after[word] = sum ^ LOWEST;
    if (unsigned + step < 2 ** 32) return true;
    step = 1;
  }
  return false;
}

function indexOf(starts: Int32Array): Int32Array {
  const index = new Int32Array(0x1_0001);
  let range = 0;
  for (let high = 0; high <= 0xffff; high++) {
    const address = (high - 0x8000) << 16;
    while (range + 1 < starts.length && starts[range + 1]! <= address) range += 1;
    index[high] = range;
  }
  index[0x1_0000] = starts.length - 1;
  return index;
}
