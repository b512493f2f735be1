/** Links to an explanation, from where there are networks rather than hosts. */
import type { ExplainSearch } from '../search.ts';

interface Site {
  readonly reachProbe?: string | null;
  readonly prefixes: readonly { readonly prefix: string }[];
}

/** A host of the site to ask about: the one that answers probes, or else the first of its first network. */
export function hostOf({ reachProbe, prefixes }: Site): string | undefined {
  if (reachProbe) return reachProbe;
  const prefix = prefixes[0]?.prefix;
  if (prefix === undefined) return undefined;
  const [address = '', length] = prefix.split('/');
  // The network itself is nobody's address, but of a single host it is.
  if (length === '32' || length === '128') return address;
  return address.includes(':')
    ? `${address.replace(/::$/, '')}::1`
    : address.replace(/\d+$/, (last) => String(Number(last) + 1));
}

export function explainFrom(site: Site): ExplainSearch {
  const from = hostOf(site);
  return from === undefined ? {} : { from };
}

export function explainBetween(from: Site, to: Site): ExplainSearch {
  const far = hostOf(to);
  return { ...explainFrom(from), ...(far !== undefined && { to: far }) };
}
