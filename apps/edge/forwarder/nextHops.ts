/** Which of several edges is used that lead to the same prefix. Pure. */
import type { Configuration } from '@patronus/protocol';

/**
 * In order of the configuration, but those out of service after the others, and last those whose LAN does not answer: they
 * are used only where nothing else leads there, for leaving a path for nothing helps nobody.
 */
export function orderNextHops(
  nextHops: readonly string[],
  edges: Configuration['edges'],
  unreachable: readonly string[],
): string[] {
  const drained = new Set(edges.filter(({ isDrained }) => isDrained).map(({ id }) => id));
  const worth = (edgeId: string) => Number(unreachable.includes(edgeId)) * 2 + Number(drained.has(edgeId));
  return nextHops.toSorted((one, other) => worth(one) - worth(other));
}
