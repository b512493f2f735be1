/**
 * Where packets may go: one longest-prefix match over (segment, prefix) that holds this site's own prefixes, those of
 * other edges and those of stock peers, so that the longest prefix wins whoever owns it. What a configuration says is
 * replaced as a whole; what edges learn from each other comes and goes a few at a time.
 */
import { type Family, type Prefix, PrefixTrie } from '@patronus/net';

export interface LocalTarget {
  readonly kind: 'local';
}
/** Numbers of the next-hop edges, by preference. */
export interface EdgesTarget {
  readonly kind: 'edges';
  readonly edges: Int32Array;
}
/** Numbers of the links of one stock peer: it may call over either address family. */
export interface PeerTarget {
  readonly kind: 'peer';
  readonly links: Int32Array;
}
export type Target = LocalTarget | EdgesTarget | PeerTarget;

export interface SegmentRoute {
  readonly segment: number;
  readonly prefix: Prefix;
  readonly target: Target;
}

export interface LearnedTarget extends SegmentRoute {
  readonly target: EdgesTarget;
}

interface SegmentPrefix {
  readonly segment: number;
  readonly prefix: Prefix;
}

const LOCAL: LocalTarget = { kind: 'local' };

export class RouteTable {
  #configured = new PrefixTrie<Target>();
  readonly #learned = new PrefixTrie<EdgesTarget>();
  /** Both, laid out. */
  #all = new PrefixTrie<Target>();

  /**
   * Of equal prefixes the later counts: learned ones, other sites' that are configured, ours (they may share one), and a
   * stock peer's, because its address is one of our own prefixes too.
   */
  configure(routes: readonly SegmentRoute[], local: readonly SegmentPrefix[]): void {
    const isPeer = ({ target }: SegmentRoute) => target.kind === 'peer';
    const configured = new PrefixTrie<Target>();
    for (const { segment, prefix, target } of routes) configured.insert(segment, prefix, target);
    for (const { segment, prefix } of local) configured.insert(segment, prefix, LOCAL);
    for (const { segment, prefix, target } of routes.filter(isPeer)) configured.insert(segment, prefix, target);
    const all = new PrefixTrie<Target>();
    for (const { segment, prefix, value } of this.#learned.entries()) all.insert(segment, prefix, value);
    for (const { segment, prefix, value } of configured.entries()) all.insert(segment, prefix, value);
    this.#configured = configured;
    this.#all = all.compile();
  }

  /** What was learned is now this, where it is named. */
  learn(set: readonly LearnedTarget[], gone: readonly SegmentPrefix[]): void {
    for (const { segment, prefix } of gone) {
      this.#learned.remove(segment, prefix);
      if (this.#configured.get(segment, prefix) === undefined) this.#all.remove(segment, prefix);
    }
    for (const { segment, prefix, target } of set) {
      this.#learned.insert(segment, prefix, target);
      if (this.#configured.get(segment, prefix) === undefined) this.#all.insert(segment, prefix, target);
    }
    this.#all.compile();
  }

  /** Of the longest prefix that holds the address at `offset`; allocates nothing. */
  lookup(segment: number, family: Family, bytes: Uint8Array, offset: number): Target | undefined {
    return this.#all.lookup(segment, family, bytes, offset);
  }
}

/** A set of prefixes to hold sources against. */
export function buildAllowed(
  prefixes: readonly { readonly segment: number; readonly prefix: Prefix }[],
): PrefixTrie<true> {
  const trie = new PrefixTrie<true>();
  for (const { segment, prefix } of prefixes) trie.insert(segment, prefix, true);
  return trie.compile();
}
