/**
 * When the sessions of one forwarder send: by chance within what jitter leaves (RFC 5880 §6.8.7), and together where that is
 * possible. A moment that one session drew is taken by every other one whose window it falls into, so that many sessions
 * cost one waking.
 */
import type { Dice } from '@patronus/bfd';

/** Moments remembered; beyond the intervals in use there are few that differ. */
const MOST_MOMENTS = 32;

export class Wakeups implements Dice {
  readonly random32: () => number;
  /** In order. */
  readonly #moments = new Float64Array(MOST_MOMENTS);
  #count = 0;

  constructor(random32: () => number) {
    this.random32 = random32;
  }

  moment(earliestMs: number, latestMs: number): number {
    // The latest that fits: fewer packets in all.
    for (let at = this.#count - 1; at >= 0; at--) {
      const known = this.#moments[at]!;
      if (known < earliestMs) break;
      if (known <= latestMs) return known;
    }
    const drawn = earliestMs + (latestMs - earliestMs) * (this.random32() / 2 ** 32);
    this.#remember(drawn);
    return drawn;
  }

  /** The earliest is forgotten first: it is over, or about to be. */
  #remember(moment: number): void {
    const moments = this.#moments;
    if (this.#count === MOST_MOMENTS) {
      moments.copyWithin(0, 1);
      this.#count -= 1;
    }
    let at = this.#count++;
    for (; at > 0 && moments[at - 1]! > moment; at--) moments[at] = moments[at - 1]!;
    moments[at] = moment;
  }
}
