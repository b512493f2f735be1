/**
 * Strings of bytes, each kept once and named by a number (interned). They lie in pages of one megabyte, in steps of
 * 16 bytes; what is freed is used again for the same number of steps. Who keeps a number counts as a reference. A string
 * without one lives until `collect`, so that a number stays good while one thing is being done.
 */
import { capacityFor, grown, LEAST } from './columns.ts';

const PAGE = 1 << 20;
const STEP_BITS = 4;
const PAGE_BITS = 20 - STEP_BITS;
const MOST_STEPS = 4_096;
const nothing = new Uint8Array(0);

/** Murmur3's mixing with a seed of the owner's, so that nobody outside can aim at one place of the table. */
export function hashBytes(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  let hash = seed;
  let at = offset;
  const end = offset + length;
  for (; at + 4 <= end; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = Math.imul(mix(hash ^ scramble(word)), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (; at < end; at++) rest = (rest << 8) | bytes[at]!;
  return finish(hash ^ scramble(rest) ^ length);
}

function scramble(word: number): number {
  const once = Math.imul(word, 0xcc9e2d51);
  return Math.imul((once << 15) | (once >>> 17), 0x1b873593);
}

function mix(hash: number): number {
  return (hash << 13) | (hash >>> 19);
}

export function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export class ByteSets {
  readonly #seed: number;
  #index = new Uint32Array(LEAST * 2);
  #hashes = new Uint32Array(LEAST);
  #places = new Uint32Array(LEAST);
  #lengths = new Uint32Array(LEAST);
  #references = new Uint32Array(LEAST);
  #generations = new Uint32Array(LEAST);
  #pages: Uint8Array[] = [];
  #nextStep = 0;
  readonly #freeSteps = new Uint32Array(MOST_STEPS + 1);
  #freeIds: number[] = [];
  #used = 0;
  #count = 0;
  /** Numbers that had no reference at some time since the last `collect`. */
  #floating: number[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Strings that are kept. */
  get count(): number {
    return this.#count;
  }

  /** Numbers are less than this. */
  get capacity(): number {
    return this.#hashes.length;
  }

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.#pages.length * PAGE + this.#index.length * 4 + this.#hashes.length * 20;
  }

  lengthOf(id: number): number {
    return this.#lengths[id]!;
  }

  /** The page that holds it, and where in it: for reading without making a view. */
  pageOf(id: number): Uint8Array {
    return this.#pages[this.#places[id]! >>> PAGE_BITS]!;
  }

  offsetOf(id: number): number {
    return (this.#places[id]! & ((1 << PAGE_BITS) - 1)) << STEP_BITS;
  }

  /** A view that holds as long as the string does. */
  bytesOf(id: number): Uint8Array {
    if (this.#places[id] === 0) return nothing;
    const offset = this.offsetOf(id);
    return this.pageOf(id).subarray(offset, offset + this.#lengths[id]!);
  }

  /** Changes whenever the number comes to mean another string. */
  generationOf(id: number): number {
    return this.#generations[id]!;
  }

  referencesOf(id: number): number {
    return this.#references[id]!;
  }

  /** The string's number; 0: it is not kept. */
  find(bytes: Uint8Array, offset: number, length: number): number {
    return this.#findHashed(bytes, offset, length, hashBytes(bytes, offset, length, this.#seed));
  }

  /** The string's number, made if need be; `isNew` tells. */
  intern(bytes: Uint8Array, offset: number, length: number): number {
    const hash = hashBytes(bytes, offset, length, this.#seed);
    const found = this.#findHashed(bytes, offset, length, hash);
    this.isNew = found === 0;
    return found === 0 ? this.#add(bytes, offset, length, hash) : found;
  }

  /** Whether the last `intern` made it. */
  isNew = false;

  acquire(id: number): void {
    this.#references[id]!++;
  }

  release(id: number): void {
    if (--this.#references[id]! === 0) this.#floating.push(id);
  }

  /** Frees what nobody refers to; `freed` hears of each before it is gone. */
  collect(freed?: (id: number) => void): void {
    if (this.#floating.length === 0) return;
    const floating = this.#floating;
    this.#floating = [];
    for (const id of floating) {
      // Twice on the list, and gone already: its place is 0.
      if (this.#references[id] !== 0 || this.#places[id] === 0) continue;
      freed?.(id);
      this.#remove(id);
    }
    if (this.#count === 0 && this.#pages.length > 1) this.#reset();
  }

  #findHashed(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = this.#index[at]!;
      if (id === 0) return 0;
      if (this.#hashes[id] === hash && this.#lengths[id] === length && this.#isEqual(id, bytes, offset, length)) {
        return id;
      }
    }
  }

  #isEqual(id: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const page = this.pageOf(id);
    const start = this.offsetOf(id);
    for (let at = 0; at < length; at++) if (page[start + at] !== bytes[offset + at]) return false;
    return true;
  }

  #add(bytes: Uint8Array, offset: number, length: number, hash: number): number {
    const id = this.#freeIds.pop() ?? ++this.#used;
    if (id >= this.#hashes.length) this.#growColumns();
    if ((this.#count + 1) * 4 > this.#index.length * 3) this.#growIndex();
    const place = this.#allocate(stepsOf(length));
    this.#places[id] = place;
    this.#lengths[id] = length;
    this.#hashes[id] = hash;
    this.#references[id] = 0;
    const page = this.pageOf(id);
    const start = this.offsetOf(id);
    for (let at = 0; at < length; at++) page[start + at] = bytes[offset + at]!;
    this.#insert(id, hash);
    this.#count += 1;
    this.#floating.push(id);
    return id;
  }

  #insert(id: number, hash: number): void {
    const mask = this.#index.length - 1;
    let at = hash & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = id;
  }

  #remove(id: number): void {
    removeFromIndex(this.#index, this.#hashes, id);
    this.#free(this.#places[id]!, stepsOf(this.#lengths[id]!));
    this.#places[id] = 0;
    this.#generations[id]!++;
    this.#freeIds.push(id);
    this.#count -= 1;
  }

  /** Place 0 says that a number means nothing, so the first step of the first page is left out. */
  #allocate(steps: number): number {
    const freed = this.#freeSteps[steps]!;
    if (freed !== 0) {
      const page = this.#pages[freed >>> PAGE_BITS]!;
      const at = (freed & ((1 << PAGE_BITS) - 1)) << STEP_BITS;
      this.#freeSteps[steps] = (page[at]! << 24) | (page[at + 1]! << 16) | (page[at + 2]! << 8) | page[at + 3]!;
      return freed;
    }
    const left = this.#pages.length * (1 << PAGE_BITS) - this.#nextStep;
    if (left < steps) {
      if (left > 0) this.#free(this.#nextStep, left);
      this.#nextStep = this.#pages.length === 0 ? 1 : this.#pages.length * (1 << PAGE_BITS);
      this.#pages.push(new Uint8Array(PAGE));
    }
    const place = this.#nextStep;
    this.#nextStep += steps;
    return place;
  }

  #free(place: number, steps: number): void {
    const page = this.#pages[place >>> PAGE_BITS]!;
    const at = (place & ((1 << PAGE_BITS) - 1)) << STEP_BITS;
    const next = this.#freeSteps[steps]!;
    page[at] = next >>> 24;
    page[at + 1] = next >>> 16;
    page[at + 2] = next >>> 8;
    page[at + 3] = next;
    this.#freeSteps[steps] = place;
  }

  #growColumns(): void {
    const capacity = capacityFor(this.#used + 1, this.#hashes.length);
    this.#hashes = grown(this.#hashes, capacity);
    this.#places = grown(this.#places, capacity);
    this.#lengths = grown(this.#lengths, capacity);
    this.#references = grown(this.#references, capacity);
    this.#generations = grown(this.#generations, capacity);
  }

  #growIndex(): void {
    const old = this.#index;
    this.#index = new Uint32Array(old.length * 2);
    for (const id of old) if (id !== 0) this.#insert(id, this.#hashes[id]!);
  }

  /** Nothing is kept: the memory goes back. Generations stay, because others still hold numbers against them. */
  #reset(): void {
    this.#index = new Uint32Array(LEAST * 2);
    this.#pages = [];
    this.#nextStep = 0;
    this.#freeSteps.fill(0);
  }
}

function stepsOf(length: number): number {
  return Math.max(1, (length + (1 << STEP_BITS) - 1) >>> STEP_BITS);
}

/** Takes an entry out of an open-addressed index with linear probing, and closes the gap: no tombstones are left. */
export function removeFromIndex(index: Uint32Array, hashes: Uint32Array, id: number): void {
  const mask = index.length - 1;
  let gap = hashes[id]! & mask;
  while (index[gap] !== id) gap = (gap + 1) & mask;
  for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
    const other = index[at]!;
    if (other === 0) break;
    const home = hashes[other]! & mask;
    // It may move into the gap if the gap is not before its home, seen around the ring.
    if (((at - home) & mask) >= ((at - gap) & mask)) {
      index[gap] = other;
      gap = at;
    }
  }
  index[gap] = 0;
}
