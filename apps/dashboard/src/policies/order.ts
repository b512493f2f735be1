/** Moving rows of an ordered list. Indexes count from 0, positions from 1. */

/** The list with the item at `from` taken out and put where `to` is. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const item = items[from];
  if (item === undefined) return [...items];
  return items.toSpliced(from, 1).toSpliced(Math.max(0, Math.min(to, items.length - 1)), 0, item);
}

/** Where a dragged item lands: the row under the pointer, in its upper half before it, in its lower half behind it. */
export function dropIndex(from: number, over: number, isLowerHalf: boolean): number {
  const gap = over + (isLowerHalf ? 1 : 0);
  // Taking the item out first shifts everything behind it by one.
  return gap > from ? gap - 1 : gap;
}
