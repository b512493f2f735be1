/** Prefix ranges as people type them. */

export interface Range {
  readonly prefix: string;
  readonly longest: number | null;
}

/** `10.0.0.0/8-24` is the prefix with what lies inside of it up to /24; without the second number, the prefix alone. */
export function readRange(text: string): Range {
  const [prefix = '', longest] = text.trim().split(/-(?=\d+$)/);
  return { prefix, longest: longest === undefined ? null : Number(longest) };
}

/** What to sort prefixes by, so that they stand as a routing table has them: IPv4 first, by number, the shorter first. */
export function prefixOrder(text: string): string {
  const [address = '', length = ''] = text.split('/');
  const wide = (part: string) => part.padStart(4, '0');
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(/[.:]/) : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const parts = [...groups(head), ...Array<string>(Math.max(0, missing)).fill('0'), ...groups(tail)];
  return [address.includes(':') ? 6 : 4, ...parts.map(wide), length.padStart(7, '0')].join(' ');
}
