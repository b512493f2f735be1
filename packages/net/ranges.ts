/**
 * Prefixes laid out flat: where, in the order of addresses, the longest prefix that holds them changes. A look-up is a
 * search for the last change at or before the address, in an array of whole numbers that lie beside each other; nothing
 * is followed and nothing allocated. Built whole, then only read.
 */
import type { Prefix } from './prefix.ts';

/** From so many changes on, the first 16 bits say where to search: 256 KiB, and 8 steps less. */
const INDEXED_FROM = 1_024;
const NOTHING = -1;

export interface PrefixValue<V> {
  readonly prefix: Prefix;
  readonly value: V;
}

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

  /** No prefix twice. */
  constructor(entries: readonly PrefixValue<V>[], words: 1 | 4) {
    const sorted = [...entries].sort((a, b) => comparePrefixes(a.prefix, b.prefix));
    const builder = new Builder(words, sorted.length * 2 + 1);
    sweep(sorted, builder);
    this.#words = words;
    this.#starts = builder.starts.slice(0, builder.count * words);
    this.#slots = builder.slots.slice(0, builder.count);
    this.#values = sorted.map(({ value }) => value);
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

/** 32 bits in network order, the top one turned. */
function wordAt(bytes: Uint8Array, offset: number): number {
  const word = (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  return word ^ 0x8000_0000;
}

function comparePrefixes(a: Prefix, b: Prefix): number {
  for (let at = 0; at < a.bytes.length; at++) if (a.bytes[at] !== b.bytes[at]) return a.bytes[at]! - b.bytes[at]!;
  return a.length - b.length;
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

  /** From `start` on, `slot` counts. Starts come in order; of equal ones the last counts. */
  add(start: Uint8Array, slot: number): void {
    const words = this.#words;
    let isSame = this.count > 0;
    for (let word = 0; word < words; word++) {
      const value = wordAt(start, word * 4);
      if (isSame && this.starts[(this.count - 1) * words + word] !== value) isSame = false;
      this.starts[this.count * words + word] = value;
    }
    this.slots[isSame ? this.count - 1 : this.count] = slot;
    if (!isSame) this.count += 1;
  }
}

/** Goes through the prefixes in order, with those around the present one on a stack: prefixes nest or lie apart. */
function sweep<V>(sorted: readonly PrefixValue<V>[], builder: Builder): void {
  const around: { readonly slot: number; readonly prefix: Prefix }[] = [];
  const leave = () => {
    const after = addressAfter(around.pop()!.prefix);
    if (after !== undefined) builder.add(after, around.at(-1)?.slot ?? NOTHING);
  };
  builder.add(new Uint8Array(16), NOTHING);
  for (const [slot, { prefix }] of sorted.entries()) {
    while (around.length > 0 && !holds(around.at(-1)!.prefix, prefix)) leave();
    builder.add(prefix.bytes, slot);
    around.push({ slot, prefix });
  }
  while (around.length > 0) leave();
}

/** Whether `inner`, which comes later in order, lies inside. */
function holds(outer: Prefix, inner: Prefix): boolean {
  const whole = outer.length >>> 3;
  for (let at = 0; at < whole; at++) if (outer.bytes[at] !== inner.bytes[at]) return false;
  const rest = outer.length & 7;
  return rest === 0 || ((outer.bytes[whole]! ^ inner.bytes[whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}

/** The first address behind a prefix; undefined: it ends with the last there is. */
function addressAfter({ bytes, length }: Prefix): Uint8Array | undefined {
  const after = Uint8Array.from(bytes);
  for (let bit = length - 1; bit >= 0; bit--) {
    const mask = 0x80 >>> (bit & 7);
    const at = bit >>> 3;
    after[at]! ^= mask;
    if ((after[at]! & mask) !== 0) return after;
  }
  return undefined;
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
