/** Prefix ranges as people type them, and what passes a neighbour as the API takes it. */

export interface Range {
  readonly prefix: string;
  readonly longest: number | null;
}

export type Direction = 'everything' | 'prefixes' | 'nothing';

/** `10.0.0.0/8-24` is the prefix with what lies inside of it up to /24; without the second number, the prefix alone. */
export function readRange(text: string): Range {
  const [prefix = '', longest] = text.trim().split(/-(?=\d+$)/);
  return { prefix, longest: longest === undefined ? null : Number(longest) };
}

/** Between commas or spaces. */
export function readRanges(text: string): Range[] {
  return text
    .split(/[\s,]+/)
    .filter((one) => one !== '')
    .map(readRange);
}

interface More {
  readonly communities?: readonly string[];
  readonly localPreference?: number | null;
}

/** null: nothing passes. */
export function policyInput(direction: Direction, prefixes: string, more: More) {
  if (direction === 'nothing') return null;
  const { communities = [], localPreference = null } = more;
  const common = { communities: [...communities], localPreference };
  return direction === 'everything'
    ? { everything: true, prefixes: null, ...common }
    : { everything: false, prefixes: readRanges(prefixes), ...common };
}
