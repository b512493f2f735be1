/** How many packets a second went by, over stretches of 50 ms, and how far apart they are on average. */

export const STRETCH_MS = 50;

export class Rate {
  perSecond = 0;
  /** Mean distance, and how much it changes from stretch to stretch, ms. */
  gapMs = 0;
  gapDeviationMs = 0;
  #count = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** So many packets have gone by in all. */
  look(count: number, nowMs: number): void {
    const lasted = nowMs - this.#sinceMs;
    if (lasted < STRETCH_MS) return;
    const packets = count - this.#count;
    this.#count = count;
    this.#sinceMs = nowMs;
    // After a pause of ours nothing is known of when they went by.
    this.perSecond = lasted > 4 * STRETCH_MS ? 0 : (packets * 1_000) / lasted;
    if (this.perSecond === 0) return;
    const gap = 1_000 / this.perSecond;
    if (this.gapMs === 0) this.gapMs = gap;
    this.gapDeviationMs += (Math.abs(gap - this.gapMs) - this.gapDeviationMs) / 4;
    this.gapMs += (gap - this.gapMs) / 4;
  }
}
