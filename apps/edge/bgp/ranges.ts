/** Ranges of prefixes: what lies inside of one, up to a length. Pure. */
import type { PrefixRange } from '@patronus/fabric';
import { type Prefix, parsePrefix, prefixCovers } from '@patronus/net';

/** Prefixes that are in both; undefined: none is. */
export function commonRange(one: PrefixRange, other: PrefixRange): PrefixRange | undefined {
  const [a, b] = [parsePrefix(one.prefix), parsePrefix(other.prefix)];
  if (!a.ok || !b.ok) return undefined;
  const inner = prefixCovers(a.value, b.value) ? b.value : prefixCovers(b.value, a.value) ? a.value : undefined;
  if (inner === undefined) return undefined;
  const longest = Math.min(one.longest, other.longest);
  if (longest < inner.length) return undefined;
  return { prefix: inner === a.value ? one.prefix : other.prefix, longest };
}

/** What both lists hold. */
export function commonRanges(some: readonly PrefixRange[], others: readonly PrefixRange[]): PrefixRange[] {
  return some.flatMap((one) => others.flatMap((other) => commonRange(one, other) ?? []));
}

/** As policies of @patronus/bgp write it. */
export function rangeText({ prefix, longest }: PrefixRange): string {
  return `${prefix} le ${longest}`;
}

export function rangesHold(ranges: readonly PrefixRange[], prefix: Prefix): boolean {
  return ranges.some((range) => {
    const parsed = parsePrefix(range.prefix);
    return parsed.ok && prefixCovers(parsed.value, prefix) && prefix.length <= range.longest;
  });
}
