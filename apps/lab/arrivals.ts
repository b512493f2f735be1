/** Frames on their way, soonest first; those due at the same time keep their order. A binary heap. */
export interface Arrival {
  readonly atMs: number;
  readonly slot: number;
  readonly length: number;
}

export function createArrivals() {
  const heap: (Arrival & { readonly order: number })[] = [];
  let order = 0;
  const isBefore = (a: number, b: number) => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return x !== undefined;
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order);
  };
  const swap = (a: number, b: number) => {
    const [x, y] = [heap[a], heap[b]];
    if (x !== undefined && y !== undefined) [heap[a], heap[b]] = [y, x];
  };
  return {
    add(arrival: Arrival): void {
      heap.push({ ...arrival, order: order++ });
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!isBefore(i, parent)) break;
        swap(i, parent);
        i = parent;
      }
    },
    /** When the next one is due; Infinity when there is none. */
    nextMs: () => heap[0]?.atMs ?? Number.POSITIVE_INFINITY,
    /** The next one if it is due at `nowMs`. */
    takeDue(nowMs: number): Arrival | undefined {
      const first = heap[0];
      if (first === undefined || first.atMs > nowMs) return undefined;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) {
        heap[0] = last;
        for (let i = 0; ; ) {
          const left = 2 * i + 1;
          const least = isBefore(left + 1, left) ? left + 1 : left;
          if (!isBefore(least, i)) break;
          swap(i, least);
          i = least;
        }
      }
      return first;
    },
  };
}
