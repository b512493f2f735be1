/**
 * Where packets may go: one longest-prefix match over (segment, prefix) that holds this site's own prefixes, those of
 * other edges and those of stock peers, so that the longest prefix wins whoever owns it. Built whole from a
 * configuration and then only read.
 */
import { type Prefix, PrefixTrie } from '@patronus/net';

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

const LOCAL: LocalTarget = { kind: 'local' };

/**
 * Of equal prefixes the later insertion counts: ours before another site's (they may share one), and a stock peer's
 * before both, because its address is one of our own prefixes too.
 */
export function buildRoutes(
  routes: readonly SegmentRoute[],
  local: readonly { readonly segment: number; readonly prefix: Prefix }[],
): PrefixTrie<Target> {
  const trie = new PrefixTrie<Target>();
  const isPeer = ({ target }: SegmentRoute) => target.kind === 'peer';
  for (const { segment, prefix, target } of routes) trie.insert(segment, prefix, target);
  for (const { segment, prefix } of local) trie.insert(segment, prefix, LOCAL);
  for (const { segment, prefix, target } of routes.filter(isPeer)) trie.insert(segment, prefix, target);
  return trie.compile();
}

/** A set of prefixes to hold sources against. */
export function buildAllowed(
  prefixes: readonly { readonly segment: number; readonly prefix: Prefix }[],
): PrefixTrie<true> {
  const trie = new PrefixTrie<true>();
  for (const { segment, prefix } of prefixes) trie.insert(segment, prefix, true);
  return trie.compile();
}
