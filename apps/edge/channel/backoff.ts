/** How long to wait before another round over all ways: at once after a loss, then twice as long each time, jittered. */

const firstMs = 250;
const mostMs = 10_000;

/** `round` 0 is the one after a connection that worked. `random` 0…1 spreads a thousand edges over half the wait. */
export function backoffMs(round: number, random: number): number {
  if (round === 0) return 0;
  const full = Math.min(mostMs, firstMs * 2 ** (round - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
