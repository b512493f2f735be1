/**
 * What a direction carries, seen while it was full: a queue that stands (one-way delay well above its least in two reports
 * running) delivers as fast as it can. While nothing stands, nothing is known.
 */

/** A queue of so many ms stands. */
const STANDING_US = 5_000;
/** Known for so long after it was last seen. */
const REMEMBERED_MS = 60_000;
const SMOOTHING = 1 / 4;
/** Shorter stretches say little about a rate. */
const LEAST_STRETCH_US = 20_000;

export class Capacity {
  #bitsPerSecond: number | null = null;
  #seenMs = Number.NEGATIVE_INFINITY;
  #stood = false;

  /** So many bytes arrived in so long, while delay was so much above its least. */
  add(bytes: number, stretchUs: number, delayChangeUs: number, nowMs: number): void {
    const stands = delayChangeUs >= STANDING_US && bytes > 0;
    if (stands && this.#stood && stretchUs >= LEAST_STRETCH_US) {
      const rate = (bytes * 8e6) / stretchUs;
      const before = nowMs - this.#seenMs > REMEMBERED_MS ? null : this.#bitsPerSecond;
      this.#bitsPerSecond = before === null ? rate : before + (rate - before) * SMOOTHING;
      this.#seenMs = nowMs;
    }
    this.#stood = stands;
  }

  bitsPerSecond(nowMs: number): number | null {
    return nowMs - this.#seenMs > REMEMBERED_MS ? null : this.#bitsPerSecond;
  }
}
