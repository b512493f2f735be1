/** Spans of time as a column has room for. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${(seconds / 3_600).toFixed(1)} h` : `${Math.floor(seconds / 86_400)} d`;
}
