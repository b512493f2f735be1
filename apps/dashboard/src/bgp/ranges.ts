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
