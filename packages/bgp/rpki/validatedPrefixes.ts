/**
 * What RPKI caches say about who may originate which prefixes, and origin validation against it (RFC 6811). One table for
 * all caches: a payload counts while one of them has it. A cache's answer takes effect as a whole, with `commit`.
 */
import type { OriginValidation } from '../policy/source.ts';
import { NONE, PrefixTree } from '../trie/prefixTree.ts';

/** Caches at once: a bit each. */
export const MOST_CACHES = 31;
/** Payloads that there is room for: several times those of the whole Internet. */
export const MOST_PAYLOADS = 4_000_000;

export interface ValidatedPrefix {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly length: number;
  readonly maxLength: number;
  readonly as: number;
}

/** A prefix for which something changed: routes in it may be judged otherwise now. */
export type PrefixVisitor = (address: Uint8Array, length: number) => void;

export class ValidatedPrefixes {
  readonly #families = { 4: new FamilyTable(4), 6: new FamilyTable(6) };
  readonly #most: number;

  constructor(most = MOST_PAYLOADS) {
    this.#most = most;
  }

  /** Payloads that count. */
  get size(): number {
    return this.#families[4].size + this.#families[6].size;
  }

  /** A cache that says more than there is room for is not to be listened to. */
  get isFull(): boolean {
    return this.#families[4].known + this.#families[6].known >= this.#most;
  }

  /** Opens a change of a cache's data; `fromNothing`: it tells all of them again. */
  begin(cache: number, fromNothing: boolean): void {
    for (const table of Object.values(this.#families)) table.begin(1 << cache, fromNothing);
  }

  /** false: this cache has announced it already. */
  announce(cache: number, { address, length, maxLength, as }: ValidatedPrefix): boolean {
    return this.#families[address.length === 4 ? 4 : 6].change(1 << cache, address, length, maxLength, as, true);
  }

  /** false: this cache has not announced it. */
  withdraw(cache: number, { address, length, maxLength, as }: ValidatedPrefix): boolean {
    return this.#families[address.length === 4 ? 4 : 6].change(1 << cache, address, length, maxLength, as, false);
  }

  /** Puts the change into effect, and visits each prefix whose payloads are others now. */
  commit(cache: number, visit: PrefixVisitor): void {
    for (const table of Object.values(this.#families)) table.commit(1 << cache, visit);
  }

  /** Nothing that the cache said counts any more. */
  forget(cache: number, visit: PrefixVisitor): void {
    this.begin(cache, true);
    this.commit(cache, visit);
  }

  /**
   * RFC 6811 §2 for one route. `originAs`: the last AS of its path, our own for an empty path; undefined for one that ends
   * with a set, which nothing can be valid for.
   */
  validate(address: Uint8Array, length: number, originAs: number | undefined): OriginValidation {
    return this.#families[address.length === 4 ? 4 : 6].validate(address, length, originAs);
  }
}

const FIRST = 64;

/** Payloads of one family as columns; those of one prefix are linked. */
class FamilyTable {
  size = 0;
  readonly #bytes: 4 | 16;
  readonly #tree: PrefixTree;
  #heads = new Int32Array(FIRST);
  #addresses: Uint8Array;
  #lengths = new Uint8Array(FIRST);
  #prefixes = 0;
  #as = new Uint32Array(FIRST);
  #maxLengths = new Uint8Array(FIRST);
  #next = new Int32Array(FIRST);
  #prefixOf = new Int32Array(FIRST);
  /** Caches that have it, and those that will have it once they commit. */
  #caches = new Int32Array(FIRST);
  #coming = new Int32Array(FIRST);
  #payloads = 0;

  constructor(family: 4 | 6) {
    this.#bytes = family === 4 ? 4 : 16;
    this.#tree = new PrefixTree(family);
    this.#addresses = new Uint8Array(FIRST * this.#bytes);
  }

  /** Payloads that were ever heard of. */
  get known(): number {
    return this.#payloads;
  }

  begin(bit: number, fromNothing: boolean): void {
    for (let at = 0; at < this.#payloads; at++) {
      const has = fromNothing ? 0 : this.#caches[at]! & bit;
      this.#coming[at] = (this.#coming[at]! & ~bit) | has;
    }
  }

  change(
    bit: number,
    address: Uint8Array,
    length: number,
    maxLength: number,
    as: number,
    isAnnouncement: boolean,
  ): boolean {
    let payload = this.#find(address, length, maxLength, as);
    const has = payload !== NONE && (this.#coming[payload]! & bit) !== 0;
    if (has === isAnnouncement) return false;
    if (payload === NONE) payload = this.#add(address, length, maxLength, as);
    this.#coming[payload] = isAnnouncement ? this.#coming[payload]! | bit : this.#coming[payload]! & ~bit;
    return true;
  }

  commit(bit: number, visit: PrefixVisitor): void {
    let lastVisited = NONE;
    for (let at = 0; at < this.#payloads; at++) {
      const before = this.#caches[at]!;
      const after = (before & ~bit) | (this.#coming[at]! & bit);
      if (before === after) continue;
      this.#caches[at] = after;
      if ((before === 0) === (after === 0)) continue;
      this.size += after === 0 ? -1 : 1;
      const prefix = this.#prefixOf[at]!;
      if (prefix === lastVisited) continue;
      lastVisited = prefix;
      visit(this.#addresses.slice(prefix * this.#bytes, (prefix + 1) * this.#bytes), this.#lengths[prefix]!);
    }
  }

  validate(address: Uint8Array, length: number, originAs: number | undefined): OriginValidation {
    let found: OriginValidation = 'not-found';
    this.#tree.covering(address, length, (prefix) => {
      for (let at = this.#heads[prefix]!; at !== NONE; at = this.#next[at]!) {
        if (this.#caches[at] === 0) continue;
        found = 'invalid';
        // AS 0 says that nobody originates it (RFC 6483 §4, 7607).
        const as = this.#as[at]!;
        if (as === originAs && as !== 0 && length <= this.#maxLengths[at]!) {
          found = 'valid';
          return false;
        }
      }
      return true;
    });
    return found;
  }

  #find(address: Uint8Array, length: number, maxLength: number, as: number): number {
    const prefix = this.#tree.get(address, length);
    if (prefix === NONE) return NONE;
    for (let at = this.#heads[prefix]!; at !== NONE; at = this.#next[at]!) {
      if (this.#as[at] === as && this.#maxLengths[at] === maxLength) return at;
    }
    return NONE;
  }

  #add(address: Uint8Array, length: number, maxLength: number, as: number): number {
    let prefix = this.#tree.get(address, length);
    if (prefix === NONE) {
      if (this.#prefixes === this.#heads.length) this.#growPrefixes();
      prefix = this.#prefixes++;
      this.#tree.set(address, length, prefix);
      this.#addresses.set(address, prefix * this.#bytes);
      this.#lengths[prefix] = length;
      this.#heads[prefix] = NONE;
    }
    if (this.#payloads === this.#as.length) this.#growPayloads();
    const payload = this.#payloads++;
    this.#as[payload] = as;
    this.#maxLengths[payload] = maxLength;
    this.#prefixOf[payload] = prefix;
    this.#next[payload] = this.#heads[prefix]!;
    this.#heads[prefix] = payload;
    return payload;
  }

  #growPrefixes(): void {
    this.#heads = grown(this.#heads);
    this.#addresses = grown(this.#addresses);
    this.#lengths = grown(this.#lengths);
  }

  #growPayloads(): void {
    this.#as = grown(this.#as);
    this.#maxLengths = grown(this.#maxLengths);
    this.#next = grown(this.#next);
    this.#prefixOf = grown(this.#prefixOf);
    this.#caches = grown(this.#caches);
    this.#coming = grown(this.#coming);
  }
}

function grown<Column extends Uint8Array | Uint32Array | Int32Array>(column: Column): Column {
  const larger = new (column.constructor as new (length: number) => Column)(2 * column.length);
  larger.set(column);
  return larger;
}
