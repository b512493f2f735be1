/**
 * Round-trip time: smoothed as TCP does (RFC 6298 §2: an eighth of each new sample), the middle of the latest samples, and
 * the least of the last ten seconds.
 */

const STRETCH_MS = 1_000;
const STRETCHES = 10;
/** Samples of which the middle is taken: two of them may be flukes. */
const LATEST = 5;
/** A sample that lies so much above the middle of those before is news. */
const NEWS_US = 10_000;
const NEWS_RATIO = 1.5;

export class RoundTrip {
  smoothedUs: number | null = null;
  /** Middle of the latest five, µs: a path that became longer shows with the third sample, and two late ones never do. */
  middleUs: number | null = null;
  readonly #latest = new Float64Array(LATEST);
  readonly #sorted = new Float64Array(LATEST);
  #samples = 0;
  readonly #least = new Float64Array(STRETCHES).fill(Number.POSITIVE_INFINITY);
  readonly #stretchOf = new Float64Array(STRETCHES).fill(-1);

  /** Answers whether it is far above what was usual. */
  sample(roundTripUs: number, nowMs: number): boolean {
    const { smoothedUs, middleUs } = this;
    this.smoothedUs = smoothedUs === null ? roundTripUs : smoothedUs + (roundTripUs - smoothedUs) / 8;
    this.#noteLatest(roundTripUs);
    const stretch = Math.floor(nowMs / STRETCH_MS);
    const slot = stretch % STRETCHES;
    if (this.#stretchOf[slot] !== stretch) this.#least[slot] = Number.POSITIVE_INFINITY;
    this.#stretchOf[slot] = stretch;
    this.#least[slot] = Math.min(this.#least[slot]!, roundTripUs);
    return middleUs !== null && roundTripUs > middleUs * NEWS_RATIO + NEWS_US;
  }

  /** null: nothing was measured for ten seconds. */
  leastUs(nowMs: number): number | null {
    const oldest = Math.floor(nowMs / STRETCH_MS) - STRETCHES;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < STRETCHES; slot++) {
      if (this.#stretchOf[slot]! > oldest) least = Math.min(least, this.#least[slot]!);
    }
    return least === Number.POSITIVE_INFINITY ? null : least;
  }

  #noteLatest(roundTripUs: number): void {
    this.#latest[this.#samples % LATEST] = roundTripUs;
    this.#samples += 1;
    const known = Math.min(this.#samples, LATEST);
    this.#sorted.fill(Number.POSITIVE_INFINITY);
    for (let at = 0; at < known; at++) this.#sorted[at] = this.#latest[at]!;
    this.#sorted.sort();
    this.middleUs = this.#sorted[Math.floor((known - 1) / 2)]!;
  }
}
