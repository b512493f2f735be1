/** Walks over all routes of a family, a few at a time: what a peer's end, a sweep or another policy asks for. */
import type { FamilyRib } from './familyRib.ts';

interface Walk {
  readonly rib: FamilyRib | undefined;
  readonly visit: (route: number) => void;
  next: number;
  /** Routes that come later need no visit: they were learned under the new rules. */
  readonly last: number;
}

export class Work {
  readonly #walks: Walk[] = [];

  get hasMore(): boolean {
    return this.#walks.length > 0;
  }

  /** Every route that there is now is visited once; free slots are left out. */
  add(rib: FamilyRib, visit: (route: number) => void): void {
    this.#walks.push({ rib, visit, next: 1, last: rib.highestRoute });
  }

  /** Called after the walks that were added before. */
  afterwards(then: () => void): void {
    this.#walks.push({ rib: undefined, visit: then, next: 1, last: 1 });
  }

  run(mostRoutes: number): boolean {
    let left = mostRoutes;
    while (this.#walks.length > 0 && left > 0) {
      const walk = this.#walks[0]!;
      const { rib, visit } = walk;
      const end = Math.min(walk.last, walk.next + left - 1);
      left -= end - walk.next + 1;
      for (; walk.next <= end; walk.next++) {
        if (rib === undefined) visit(0);
        else if (walk.next <= rib.highestRoute && rib.peerOf(walk.next) !== 0) visit(walk.next);
      }
      if (walk.next > walk.last) this.#walks.shift();
    }
    return this.hasMore;
  }
}
