/** A token bucket in bytes: filled at a rate up to a burst, and in debt after what could not be kept waiting. */

/** Sums of fractions may come out a little short: who comes at the time that was told finds what was told. */
const ROUNDING_MS = 1e-5;

export class TokenBucket {
  readonly bytesPerMs: number;
  readonly burst: number;
  #tokens: number;
  #atMs: number;

  /** Full to begin with. */
  constructor(bytesPerMs: number, burst: number, now: number) {
    this.bytesPerMs = bytesPerMs;
    this.burst = burst;
    this.#tokens = burst;
    this.#atMs = now;
  }

  /** Bytes that may leave now; negative while in debt. */
  available(now: number): number {
    if (now > this.#atMs) {
      this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#atMs) * this.bytesPerMs);
      this.#atMs = now;
    }
    return this.#tokens;
  }

  /** So many bytes have left. */
  charge(bytes: number): void {
    this.#tokens -= bytes;
  }

  /** When so many bytes may leave (the burst, where they are more), ms. */
  whenAvailable(bytes: number): number {
    const missing = Math.min(bytes, this.burst) - this.#tokens;
    return missing <= 0 ? this.#atMs : this.#atMs + missing / this.bytesPerMs + ROUNDING_MS;
  }
}
