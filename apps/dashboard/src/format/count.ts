/** `12 tunnels`; `1,000 of 1,012 tunnels, narrow the filter to find the others`; only the word while nothing is known. */
export function countWords(word: string, shown: number, total: number | undefined): string {
  if (total === undefined) return word.charAt(0).toUpperCase() + word.slice(1);
  const all = `${total.toLocaleString('en')} ${total === 1 ? word.replace(/s$/, '') : word}`;
  return shown < total ? `${shown.toLocaleString('en')} of ${all}, narrow the filter to find the others` : all;
}
