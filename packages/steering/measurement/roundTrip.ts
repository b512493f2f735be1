/** Round-trip time: smoothed as TCP does (RFC 6298 §2: an eighth of each new sample), and the least of the last ten seconds. */

const STRETCH_MS = 1_000;
const STRETCHES = 10;

export class RoundTrip {
  smoothedUs: number | null = null;
  readonly #least = new Float64Array(STRETCHES).fill(Number.POSITIVE_INFINITY);
  readonly #stretchOf = new Float64Array(STRETCHES).fill(-1);

  sample(roundTripUs: number, nowMs: number): void {
    const { smoothedUs } = this;
    this.smoothedUs = smoothedUs === null ? roundTripUs : smoothedUs + (roundTripUs - smoothedUs) / 8;
    const stretch = Math.floor(nowMs / STRETCH_MS);
    const slot = stretch % STRETCHES;
    if (this.#stretchOf[slot] !== stretch) this.#least[slot] = Number.POSITIVE_INFINITY;
    this.#stretchOf[slot] = stretch;
    this.#least[slot] = Math.min(this.#least[slot]!, roundTripUs);
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
}
