/**
 * Longest-prefix match, kept apart by segment and family: a path-compressed binary trie.
 * A lookup visits at most one node a prefix length that is really in use, and allocates nothing.
 */

import type { Family } from './address.ts';
import { addressLength } from './address.ts';
import type { Prefix } from './prefix.ts';

interface Node<V> {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** undefined: a fork without a prefix of its own. */
  value: V | undefined;
  zero: Node<V> | undefined;
  one: Node<V> | undefined;
}

export interface TrieEntry<V> {
  readonly segment: number;
  readonly prefix: Prefix;
  readonly value: V;
}

/** `V` must not include undefined, which means "nothing here". */
export class PrefixTrie<V> {
  readonly #roots = new Map<number, Node<V>>();
  #size = 0;

  /** How many prefixes are held. */
  get size(): number {
    return this.#size;
  }

  /** Adds a prefix or replaces its value; answers the value it replaced. The prefix's bytes are kept, not copied. */
  insert(segment: number, prefix: Prefix, value: V): V | undefined {
    const key = rootKey(segment, prefix.family);
    const { bytes, length } = prefix;
    let parent: Node<V> | undefined;
    let node = this.#roots.get(key);
    while (node !== undefined) {
      const common = commonBits(node.bytes, bytes, Math.min(node.length, length));
      if (common < node.length) {
        this.#place(key, parent, this.#split(node, bytes, length, common, value));
        this.#size++;
        return undefined;
      }
      if (node.length === length) {
        const previous = node.value;
        node.value = value;
        if (previous === undefined) this.#size++;
        return previous;
      }
      parent = node;
      node = bitAt(bytes, 0, node.length) === 0 ? node.zero : node.one;
    }
    this.#place(key, parent, leaf(bytes, length, value));
    this.#size++;
    return undefined;
  }

  /** Takes a prefix out; answers the value it had, or undefined when it was not there. */
  remove(segment: number, prefix: Prefix): V | undefined {
    const key = rootKey(segment, prefix.family);
    const way: Node<V>[] = [];
    let node = this.#roots.get(key);
    while (node !== undefined && node.length <= prefix.length) {
      if (commonBits(node.bytes, prefix.bytes, node.length) < node.length) return undefined;
      way.push(node);
      if (node.length === prefix.length) break;
      node = bitAt(prefix.bytes, 0, node.length) === 0 ? node.zero : node.one;
    }
    const found = way.at(-1);
    if (found === undefined || found.length !== prefix.length || found.value === undefined) return undefined;
    const previous = found.value;
    found.value = undefined;
    this.#size--;
    this.#prune(key, way);
    return previous;
  }

  /** The value of exactly this prefix. */
  get(segment: number, prefix: Prefix): V | undefined {
    let node = this.#roots.get(rootKey(segment, prefix.family));
    while (node !== undefined && node.length <= prefix.length) {
      if (commonBits(node.bytes, prefix.bytes, node.length) < node.length) return undefined;
      if (node.length === prefix.length) return node.value;
      node = bitAt(prefix.bytes, 0, node.length) === 0 ? node.zero : node.one;
    }
    return undefined;
  }

  /**
   * The value of the longest prefix that holds the address at `offset` in `bytes` (4 or 16 bytes by family).
   * Made for a packet's own buffer: nothing is copied or allocated.
   */
  lookup(segment: number, family: Family, bytes: Uint8Array, offset = 0): V | undefined {
    const bits = addressLength(family) * 8;
    if (offset < 0 || offset + bits / 8 > bytes.length) return undefined;
    let best: V | undefined;
    let node = this.#roots.get(rootKey(segment, family));
    while (node !== undefined && holds(node, bytes, offset)) {
      if (node.value !== undefined) best = node.value;
      if (node.length === bits) break;
      node = bitAt(bytes, offset, node.length) === 0 ? node.zero : node.one;
    }
    return best;
  }

  /** Every prefix, by segment and family as they first came, in address order inside each, shorter ones first. */
  *entries(): Generator<TrieEntry<V>> {
    for (const [key, root] of this.#roots) {
      const segment = Math.floor(key / 2);
      const family: Family = key % 2 === 0 ? 4 : 6;
      const pending: Node<V>[] = [root];
      for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
        if (node.value !== undefined) {
          yield { segment, prefix: { family, bytes: node.bytes, length: node.length }, value: node.value };
        }
        if (node.one !== undefined) pending.push(node.one);
        if (node.zero !== undefined) pending.push(node.zero);
      }
    }
  }

  clear(): void {
    this.#roots.clear();
    this.#size = 0;
  }

  /** What stands in `node`'s place once a prefix that leaves it after `common` bits is added. */
  #split(node: Node<V>, bytes: Uint8Array, length: number, common: number, value: V): Node<V> {
    const added = leaf(bytes, length, value);
    const top = common === length ? added : leaf<V>(bytes, common, undefined);
    attach(top, node);
    if (top !== added) attach(top, added);
    return top;
  }

  #place(key: number, parent: Node<V> | undefined, node: Node<V>): void {
    if (parent === undefined) this.#roots.set(key, node);
    else attach(parent, node);
  }

  /** Folds the emptied last node of the way, and then its parent, where they no longer fork. */
  #prune(key: number, way: readonly Node<V>[]): void {
    for (let depth = way.length - 1; depth >= 0; depth--) {
      const node = way[depth]!;
      if (node.value !== undefined || (node.zero !== undefined && node.one !== undefined)) return;
      const heir = node.zero ?? node.one;
      const parent = way[depth - 1];
      if (parent === undefined) {
        if (heir === undefined) this.#roots.delete(key);
        else this.#roots.set(key, heir);
      } else if (parent.zero === node) parent.zero = heir;
      else parent.one = heir;
    }
  }
}

function rootKey(segment: number, family: Family): number {
  return segment * 2 + (family === 4 ? 0 : 1);
}

function leaf<V>(bytes: Uint8Array, length: number, value: V | undefined): Node<V> {
  return {
    bytes: length === bytes.length * 8 ? bytes : cleared(bytes, length),
    length,
    value,
    zero: undefined,
    one: undefined,
  };
}

/** A copy with the bits after `length` zero, so that a fork's bytes are a prefix in their own right. */
function cleared(bytes: Uint8Array, length: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const whole = length >>> 3;
  if (whole < copy.length) copy[whole] = copy[whole]! & (0xff00 >>> (length & 7)) & 0xff;
  copy.fill(0, whole + 1);
  return copy;
}

function attach<V>(parent: Node<V>, child: Node<V>): void {
  if (bitAt(child.bytes, 0, parent.length) === 0) parent.zero = child;
  else parent.one = child;
}

function bitAt(bytes: Uint8Array, offset: number, bit: number): number {
  return (bytes[offset + (bit >>> 3)]! >>> (7 - (bit & 7))) & 1;
}

/** How many leading bits agree, at most `most`. */
function commonBits(a: Uint8Array, b: Uint8Array, most: number): number {
  for (let at = 0; at * 8 < most; at++) {
    const difference = a[at]! ^ b[at]!;
    if (difference !== 0) return Math.min(most, at * 8 + Math.clz32(difference) - 24);
  }
  return most;
}

function holds<V>(node: Node<V>, bytes: Uint8Array, offset: number): boolean {
  const whole = node.length >>> 3;
  for (let at = 0; at < whole; at++) if (node.bytes[at] !== bytes[offset + at]) return false;
  const rest = node.length & 7;
  return rest === 0 || ((node.bytes[whole]! ^ bytes[offset + whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}
