/** Which applications a port stands for: the 65,536 ports cut where an answer changes, found by halving. */
import type { ApplicationNumbers } from './matcher.ts';

interface OwnedRange {
  readonly first: number;
  readonly last: number;
  readonly application: number;
}

const nobody: ApplicationNumbers = Object.freeze([]);

export class PortTable {
  /** The first port of each stretch, in order; the first of them is 0. */
  readonly #starts: readonly number[];
  readonly #answers: readonly ApplicationNumbers[];

  constructor(ranges: readonly OwnedRange[]) {
    const cuts = new Set([0, ...ranges.flatMap(({ first, last }) => [first, last + 1])]);
    const narrowFirst = [...ranges].sort(
      (a, b) => a.last - a.first - (b.last - b.first) || a.application - b.application,
    );
    this.#starts = [...cuts].sort((a, b) => a - b);
    this.#answers = this.#starts.map((start) => {
      const owners = narrowFirst.filter(({ first, last }) => first <= start && start <= last);
      return owners.length === 0 ? nobody : Object.freeze([...new Set(owners.map((each) => each.application))]);
    });
  }

  lookup(port: number): ApplicationNumbers {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= port) low = middle;
      else high = middle;
    }
    return this.#answers[low] ?? nobody;
  }
}
