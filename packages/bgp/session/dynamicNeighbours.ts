/**
 * Neighbours nobody has listed: whoever connects from a range of addresses is taken, with what is configured for the
 * range, up to so many at once. The most specific range decides.
 */
import type { Prefix } from '@patronus/net';
import { PrefixTree } from '../trie/prefixTree.ts';

export interface NeighbourRange<Template> {
  readonly prefix: Prefix;
  /** Neighbours at once. */
  readonly most: number;
  readonly template: Template;
}

export type Admission<Template> =
  | { readonly kind: 'admitted'; readonly template: Template }
  /** Of no range: nobody speaks with it. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'full'; readonly most: number };

export class DynamicNeighbours<Template> {
  readonly #ranges: readonly NeighbourRange<Template>[];
  readonly #trees = { 4: new PrefixTree(4), 6: new PrefixTree(6) };
  /** Addresses that are in, by range. */
  readonly #admitted: readonly Set<string>[];

  constructor(ranges: readonly NeighbourRange<Template>[]) {
    this.#ranges = ranges;
    this.#admitted = ranges.map(() => new Set());
    ranges.forEach(({ prefix }, at) => {
      this.#trees[prefix.family].set(prefix.bytes, prefix.length, at);
    });
  }

  /** A connection from this address; one that is in already stays in. 4 or 16 bytes. */
  admit(address: Uint8Array): Admission<Template> {
    const at = this.#rangeOf(address);
    const range = at === undefined ? undefined : this.#ranges[at];
    if (at === undefined || range === undefined) return { kind: 'unknown' };
    const admitted = this.#admitted[at]!;
    const key = address.join('.');
    if (!admitted.has(key) && admitted.size >= range.most) return { kind: 'full', most: range.most };
    admitted.add(key);
    return { kind: 'admitted', template: range.template };
  }

  /** Its session has ended: there is room for another one. */
  release(address: Uint8Array): void {
    const at = this.#rangeOf(address);
    if (at !== undefined) this.#admitted[at]!.delete(address.join('.'));
  }

  #rangeOf(address: Uint8Array): number | undefined {
    let found: number | undefined;
    const family = address.length === 4 ? 4 : 6;
    this.#trees[family].covering(address, address.length * 8, (value) => {
      found = value;
      return true;
    });
    return found;
  }
}
