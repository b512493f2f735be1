/** `10.0.0.0/8-24` as prefix and longest length; without the second, the prefix alone. */
export function range(text: string): { prefix: string; longest: number | null } {
  const [prefix = '', longest] = text.trim().split(/-(?=\d+$)/);
  return { prefix, longest: longest === undefined ? null : Number(longest) };
}
