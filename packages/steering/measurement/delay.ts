/**
 * One-way delay between two clocks that know nothing of each other. Arrival less departure is the delay plus what the
 * clocks differ by, which grows or shrinks steadily (crystals stray by up to 100 ppm). What is told is the change: how far
 * above the line that lies under the least of the last minute. The line leans as the clocks drift: of all lines that lie
 * under every point, the one that is closest to them all (Moon, Skelly, Towsley: "Estimation and Removal of Clock Skew
 * from Network Delay Measurements", 1999), which is an edge of their lower convex hull.
 *
 * Jitter is RFC 3550 §6.4.1, over the same samples.
 */

/** Least transit of each stretch of a second is a point of the hull; a minute of them. */
const STRETCH_US = 1_000_000;
const STRETCHES = 64;
/** Lines steeper than any two clocks drift apart are a delay that grows. */
const MOST_DRIFT = 300e-6;
/** A line is believed once it rests on so many seconds. */
const LEAST_STRETCHES = 8;
/** Weight of a sample in the mean: half a second of busy reports. */
const SMOOTHING = 1 / 4;

export class OneWayDelay {
  jitterUs = 0;
  /** Mean of late above the line, µs; null before the first sample. */
  changeUs: number | null = null;
  /** How fast the far clock falls behind, as a part of time. */
  drift = 0;
  readonly #at = new Float64Array(STRETCHES);
  readonly #least = new Float64Array(STRETCHES).fill(Number.POSITIVE_INFINITY);
  readonly #hull = new Int32Array(STRETCHES);
  #stretch = 0;
  #stretchEndUs = Number.NEGATIVE_INFINITY;
  #origin = 0;
  #lastTransit = 0;
  #hasSample = false;
  #floorAtUs = 0;
  #floor = 0;

  /** A timestamped frame came: sent at `sentUs` of the far clock, here at `nowUs` of our own. Answers the change, µs. */
  sample(sentUs: number, nowUs: number): number {
    if (!this.#hasSample) this.#begin(sentUs, nowUs);
    // Relative to the first: the difference of two clocks may be decades, and what matters are microseconds.
    const transit = nowUs - sentUs - this.#origin;
    this.jitterUs += (Math.abs(transit - this.#lastTransit) - this.jitterUs) / 16;
    this.#lastTransit = transit;
    if (nowUs >= this.#stretchEndUs) this.#nextStretch(nowUs);
    const slot = this.#stretch % STRETCHES;
    if (transit < this.#least[slot]!) {
      this.#least[slot] = transit;
      this.#at[slot] = nowUs;
    }
    const line = this.#floor + (nowUs - this.#floorAtUs) * this.drift;
    // Below the line: the path became shorter, or the line leans too much.
    if (transit < line) {
      this.#floor = transit;
      this.#floorAtUs = nowUs;
    }
    const change = Math.max(0, transit - line);
    this.changeUs = this.changeUs === null ? change : this.changeUs + (change - this.changeUs) * SMOOTHING;
    return change;
  }

  #begin(sentUs: number, nowUs: number): void {
    this.#hasSample = true;
    this.#origin = nowUs - sentUs;
    this.#lastTransit = 0;
    this.#floorAtUs = nowUs;
    this.#floor = 0;
    this.#stretchEndUs = nowUs + STRETCH_US;
  }

  /** Begins a stretch of a second, and lays the line anew under those that are over. */
  #nextStretch(nowUs: number): void {
    this.#layLine();
    this.#stretch += 1;
    this.#least[this.#stretch % STRETCHES] = Number.POSITIVE_INFINITY;
    this.#stretchEndUs = nowUs + STRETCH_US;
  }

  #layLine(): void {
    const corners = this.#lowerHull();
    if (corners === 0) return;
    const first = Math.max(0, this.#stretch - STRETCHES + 1);
    const count = this.#stretch - first + 1;
    if (count >= LEAST_STRETCHES && corners > 1) {
      let mean = 0;
      for (let at = first; at <= this.#stretch; at++) mean += this.#at[at % STRETCHES]! / count;
      let edge = 0;
      while (edge + 2 < corners && this.#at[this.#hull[edge + 1]!]! < mean) edge += 1;
      const slope = this.#slope(this.#hull[edge]!, this.#hull[edge + 1]!);
      this.drift = Math.min(MOST_DRIFT, Math.max(-MOST_DRIFT, slope));
    }
    // With the drift known, the lowest of them all: it lies under every point.
    let lowest = this.#hull[0]!;
    for (let corner = 1; corner < corners; corner++) {
      const slot = this.#hull[corner]!;
      const under = this.#least[lowest]! + (this.#at[slot]! - this.#at[lowest]!) * this.drift;
      if (this.#least[slot]! < under) lowest = slot;
    }
    this.#floor = this.#least[lowest]!;
    this.#floorAtUs = this.#at[lowest]!;
  }

  /** Slots of the corners, in order of time, into `#hull`; how many. */
  #lowerHull(): number {
    let corners = 0;
    for (let at = Math.max(0, this.#stretch - STRETCHES + 1); at <= this.#stretch; at++) {
      const slot = at % STRETCHES;
      if (this.#least[slot] === Number.POSITIVE_INFINITY) continue;
      while (
        corners > 1 &&
        this.#slope(this.#hull[corners - 1]!, slot) <= this.#slope(this.#hull[corners - 2]!, this.#hull[corners - 1]!)
      ) {
        corners -= 1;
      }
      this.#hull[corners++] = slot;
    }
    return corners;
  }

  #slope(from: number, to: number): number {
    return (this.#least[to]! - this.#least[from]!) / (this.#at[to]! - this.#at[from]!);
  }
}
