/** Where two plain values first differ, in words for a person; undefined: nowhere. */
export function differenceOf(old: unknown, now: unknown, path = ''): string | undefined {
  if (Object.is(old, now)) return undefined;
  const isBoth = typeof old === 'object' && old !== null && typeof now === 'object' && now !== null;
  if (!isBoth) return `${path === '' ? 'it' : path} was ${JSON.stringify(old)} and is ${JSON.stringify(now)}`;
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  for (const key of keys) {
    const [before, after] = [(old as Record<string, unknown>)[key], (now as Record<string, unknown>)[key]];
    const difference = differenceOf(before, after, path === '' ? key : `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
