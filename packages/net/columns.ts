/**
 * Prefixes of one family and one segment in order, in columns of whole numbers: to lay them out is one pass over memory that
 * lies together, and to change a few of many is copying what lies between.
 */
import type { Prefix } from './prefix.ts';

/** What a prefix is now; undefined: it is gone. */
export interface PrefixChange<V> {
  readonly prefix: Prefix;
  readonly value: V | undefined;
}

export class PrefixColumns<V> {
  /** Words of 32 bits an address has. */
  readonly words: 1 | 4;
  /** Addresses, `words` each, with the top bit of each turned so that they sort as signed numbers. */
  readonly starts: Int32Array;
  readonly lengths: Uint8Array;
  readonly values: readonly V[];

  constructor(words: 1 | 4, starts = new Int32Array(0), lengths = new Uint8Array(0), values: readonly V[] = []) {
    this.words = words;
    this.starts = starts;
    this.lengths = lengths;
    this.values = values;
  }

  /** These with changes made to them, which name no prefix twice. */
  with(changes: readonly PrefixChange<V>[]): PrefixColumns<V> {
    const { words } = this;
    const next = new Writer<V>(words, this.values.length + changes.length);
    const key = new Int32Array(words);
    let from = 0;
    for (const { prefix, value } of [...changes].sort((a, b) => comparePrefixes(a.prefix, b.prefix))) {
      for (let word = 0; word < words; word++) key[word] = wordAt(prefix.bytes, word * 4);
      const at = this.#placeOf(key, prefix.length, from);
      next.copy(this, from, at);
      from = at < this.values.length && this.#compare(at, key, prefix.length) === 0 ? at + 1 : at;
      if (value !== undefined) next.add(key, prefix.length, value);
    }
    next.copy(this, from, this.values.length);
    return next.end();
  }

  /** The first place from `least` on that does not come before this prefix. */
  #placeOf(key: Int32Array, length: number, least: number): number {
    let low = least;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, key, length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(at: number, key: Int32Array, length: number): number {
    for (let word = 0; word < this.words; word++) {
      const start = this.starts[at * this.words + word]!;
      if (start !== key[word]) return start < key[word]! ? -1 : 1;
    }
    return this.lengths[at]! - length;
  }
}

class Writer<V> {
  readonly #words: 1 | 4;
  readonly #starts: Int32Array;
  readonly #lengths: Uint8Array;
  readonly #values: V[][] = [];
  #count = 0;

  constructor(words: 1 | 4, most: number) {
    this.#words = words;
    this.#starts = new Int32Array(most * words);
    this.#lengths = new Uint8Array(most);
  }

  copy({ starts, lengths, values }: PrefixColumns<V>, from: number, to: number): void {
    if (from === to) return;
    this.#starts.set(starts.subarray(from * this.#words, to * this.#words), this.#count * this.#words);
    this.#lengths.set(lengths.subarray(from, to), this.#count);
    this.#values.push(values.slice(from, to));
    this.#count += to - from;
  }

  add(key: Int32Array, length: number, value: V): void {
    this.#starts.set(key, this.#count * this.#words);
    this.#lengths[this.#count] = length;
    this.#values.push([value]);
    this.#count += 1;
  }

  end(): PrefixColumns<V> {
    const starts = this.#starts.slice(0, this.#count * this.#words);
    return new PrefixColumns(this.#words, starts, this.#lengths.slice(0, this.#count), this.#values.flat() as V[]);
  }
}

/** 32 bits in network order, the top one turned. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  const word = (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  return word ^ 0x8000_0000;
}

/** By address, then the shorter first: what is around before what is in it. */
function comparePrefixes(a: Prefix, b: Prefix): number {
  for (let at = 0; at < a.bytes.length; at++) if (a.bytes[at] !== b.bytes[at]) return a.bytes[at]! - b.bytes[at]!;
  return a.length - b.length;
}
