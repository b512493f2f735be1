/**
 * What was sent into one direction and what arrived: over the last second or two, for decisions, and over the last ten, for
 * people.
 */

const FASTEST_MS = 1_000;
/** Steering adds up what was told two seconds apart: no window for decisions is longer. */
const FAST_MS = 2_000;
const SLOW_MS = 10_000;
/** With fewer packets a second says too little about loss: one of fifty is 2 %. */
const ENOUGH_PACKETS = 100;
/** Reports of ten seconds, ten a second, and some to spare. A power of two. */
const SLOTS = 128;

export interface LossShare {
  readonly packets: number;
  /** 0…1. */
  readonly loss: number;
}

const NOTHING: LossShare = { packets: 0, loss: 0 };

export class LossWindow {
  readonly #atMs = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  readonly #expected = new Float64Array(SLOTS);
  readonly #lost = new Float64Array(SLOTS);
  #next = 0;

  /** So many were due since the last time, of which so many are missing; fewer than none are where some were excused. */
  add(expected: number, lost: number, nowMs: number): void {
    const slot = this.#next % SLOTS;
    this.#atMs[slot] = nowMs;
    this.#expected[slot] = expected;
    this.#lost[slot] = lost;
    this.#next += 1;
  }

  /** Over the last `lengthMs`. */
  over(lengthMs: number, nowMs: number): LossShare {
    let expected = 0;
    let lost = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (nowMs - this.#atMs[slot]! >= lengthMs) continue;
      expected += this.#expected[slot]!;
      lost += this.#lost[slot]!;
    }
    if (expected <= 0) return NOTHING;
    return { packets: expected, loss: Math.min(1, Math.max(0, lost / expected)) };
  }

  /** Over the last second if enough was sent in it, otherwise over two. */
  fast(nowMs: number): LossShare {
    const fastest = this.over(FASTEST_MS, nowMs);
    return fastest.packets >= ENOUGH_PACKETS ? fastest : this.over(FAST_MS, nowMs);
  }

  slow(nowMs: number): LossShare {
    return this.over(SLOW_MS, nowMs);
  }
}
