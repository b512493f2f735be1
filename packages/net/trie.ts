/**
 * Longest-prefix match, kept apart by segment and family. Prefixes are added and taken out one by one and laid out flat
 * (ranges.ts) when the next address is looked up, or by `compile`: a table changes now and then, and is read millions of
 * times. What is in order already is not put in order again, so that a few changes of a large table cost one pass over it.
 */

import type { Family } from './address.ts';
import { addressLength } from './address.ts';
import { PrefixColumns } from './columns.ts';
import type { Prefix } from './prefix.ts';
import { RangeTable } from './ranges.ts';

export interface TrieEntry<V> {
  readonly segment: number;
  readonly prefix: Prefix;
  readonly value: V;
}

/** Prefixes of one segment and family. */
interface Branch<V> {
  readonly entries: Map<string, { readonly prefix: Prefix; readonly value: V }>;
  /** The entries in order, as they were when they were last laid out. */
  columns: PrefixColumns<V>;
  /** What was added, replaced or taken out since, by its key. */
  readonly changed: Map<string, Prefix>;
  /** Undefined: something changed since. */
  table: RangeTable<V> | undefined;
}

/** `V` must not include undefined, which means "nothing here". */
export class PrefixTrie<V> {
  readonly #branches = new Map<number, Branch<V>>();
  /** The branch of the last look-up: the next is nearly always of the same. */
  #latest: Branch<V> | undefined;
  #latestKey = NaN;
  #size = 0;

  /** How many prefixes are held. */
  get size(): number {
    return this.#size;
  }

  /** Adds a prefix or replaces its value; answers the value it replaced. The prefix's bytes are kept, not copied. */
  insert(segment: number, prefix: Prefix, value: V): V | undefined {
    const branch = this.#branch(segment, prefix.family);
    const key = keyOf(prefix);
    const previous = branch.entries.get(key)?.value;
    branch.entries.set(key, { prefix, value });
    branch.changed.set(key, prefix);
    branch.table = undefined;
    if (previous === undefined) this.#size++;
    return previous;
  }

  /** Takes a prefix out; answers the value it had, or undefined when it was not there. */
  remove(segment: number, prefix: Prefix): V | undefined {
    const branch = this.#branches.get(branchKey(segment, prefix.family));
    const key = keyOf(prefix);
    const previous = branch?.entries.get(key)?.value;
    if (branch === undefined || previous === undefined) return undefined;
    branch.entries.delete(key);
    branch.changed.set(key, prefix);
    branch.table = undefined;
    this.#size--;
    return previous;
  }

  /** The value of exactly this prefix. */
  get(segment: number, prefix: Prefix): V | undefined {
    return this.#branches.get(branchKey(segment, prefix.family))?.entries.get(keyOf(prefix))?.value;
  }

  /** Lays out what changed, so that the next look-up need not. Of 100,000 prefixes one that changed costs a hundredth of a second. */
  compile(): this {
    for (const branch of this.#branches.values()) branch.table ??= tableOf(branch);
    return this;
  }

  /**
   * The value of the longest prefix that holds the address at `offset` in `bytes` (4 or 16 bytes by family).
   * Made for a packet's own buffer: nothing is copied, and once the table is laid out nothing is allocated.
   */
  lookup(segment: number, family: Family, bytes: Uint8Array, offset = 0): V | undefined {
    if (offset < 0 || offset + addressLength(family) > bytes.length) return undefined;
    const key = branchKey(segment, family);
    if (key !== this.#latestKey) {
      this.#latest = this.#branches.get(key);
      this.#latestKey = this.#latest === undefined ? NaN : key;
    }
    const branch = this.#latest;
    if (branch === undefined) return undefined;
    branch.table ??= tableOf(branch);
    return branch.table.lookup(bytes, offset);
  }

  /** Every prefix, by segment and family as they first came, in the order they came inside each. */
  *entries(): Generator<TrieEntry<V>> {
    for (const [key, branch] of this.#branches) {
      for (const entry of branch.entries.values()) yield { segment: Math.floor(key / 2), ...entry };
    }
  }

  clear(): void {
    this.#branches.clear();
    this.#latest = undefined;
    this.#latestKey = NaN;
    this.#size = 0;
  }

  #branch(segment: number, family: Family): Branch<V> {
    const key = branchKey(segment, family);
    let branch = this.#branches.get(key);
    if (branch === undefined) {
      branch = {
        entries: new Map(),
        columns: new PrefixColumns(family === 4 ? 1 : 4),
        changed: new Map(),
        table: undefined,
      };
      this.#branches.set(key, branch);
    }
    return branch;
  }
}

function tableOf<V>(branch: Branch<V>): RangeTable<V> {
  const changes = [...branch.changed].map(([key, prefix]) => ({ prefix, value: branch.entries.get(key)?.value }));
  branch.columns = branch.columns.with(changes);
  branch.changed.clear();
  return new RangeTable(branch.columns);
}

function branchKey(segment: number, family: Family): number {
  return segment * 2 + (family === 4 ? 0 : 1);
}

/** One character a byte: what is compared often has to be short. */
function keyOf({ bytes, length }: Prefix): string {
  return String.fromCharCode(length, ...bytes);
}
