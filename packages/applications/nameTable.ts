/**
 * The longest of many names that a given one is, or lies below. A look-up runs over the name once from its end, asks a
 * hash table at every dot, and allocates nothing.
 */
import type { ApplicationNumbers } from './matcher.ts';
import { LONGEST_NAME, nameByte } from './names.ts';

const nobody: ApplicationNumbers = Object.freeze([]);
const dot = 0x2e;
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

interface Entry {
  readonly hash: number;
  readonly name: Uint8Array;
  readonly answer: ApplicationNumbers;
}

export class NameTable {
  /** Open addressing; at least half of it is empty. */
  #slots: (Entry | undefined)[] = new Array(16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `name` is canonical, and not in the table yet. */
  add(name: string, answer: ApplicationNumbers): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    const bytes = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
    let hash = FNV_BASIS;
    for (let at = bytes.length - 1; at >= 0; at--) hash = mix(hash, bytes[at]!);
    this.#put({ hash, name: bytes, answer });
    this.#size++;
  }

  lookup(bytes: Uint8Array, offset: number, length: number): ApplicationNumbers {
    const end = offset + length;
    if (length > LONGEST_NAME || offset < 0 || end > bytes.length) return nobody;
    let best = nobody;
    let hash = FNV_BASIS;
    for (let at = end - 1; at >= offset; at--) {
      const byte = nameByte(bytes[at]!);
      if (byte === 0) return nobody;
      if (byte === dot) best = this.#find(hash, bytes, at + 1, end) ?? best;
      hash = mix(hash, byte);
    }
    return length === 0 ? nobody : (this.#find(hash, bytes, offset, end) ?? best);
  }

  #find(hash: number, bytes: Uint8Array, from: number, end: number): ApplicationNumbers | undefined {
    const mask = this.#slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#slots[at];
      if (entry === undefined) return undefined;
      if (entry.hash === hash && isSame(entry.name, bytes, from, end)) return entry.answer;
    }
  }

  #put(entry: Entry): void {
    const mask = this.#slots.length - 1;
    let at = entry.hash & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = entry;
  }

  #grow(): void {
    const entries = this.#slots;
    this.#slots = new Array(entries.length * 2);
    for (const entry of entries) if (entry !== undefined) this.#put(entry);
  }
}

/** FNV-1a. Names are the operator's, so nobody else can choose them to collide. */
function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME);
}

function isSame(name: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (name.length !== end - from) return false;
  for (let at = 0; at < name.length; at++) if (name[at] !== nameByte(bytes[from + at]!)) return false;
  return true;
}
