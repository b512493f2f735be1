/** What is measured of a path, in words. Unknown is a dash, never a zero. */

/** Mean opinion score with the word that G.107 annex B gives its range. */
export function mosWords(mos: number | null | undefined): { readonly value: string; readonly word: string } {
  if (mos === null || mos === undefined) return { value: '–', word: 'not measured' };
  const value = mos.toFixed(2);
  if (mos >= 4.03) return { value, word: 'good' };
  if (mos >= 3.6) return { value, word: 'fair' };
  if (mos >= 3.1) return { value, word: 'poor' };
  return { value, word: 'bad' };
}

/** A negotiated interval: `100 ms`, `1.5 s`. */
export function formatInterval(ms: number): string {
  if (ms < 1_000) return `${Number(ms.toFixed(1))} ms`;
  return `${Number((ms / 1_000).toFixed(2))} s`;
}
