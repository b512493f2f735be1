/**
 * Whether a tunnel that was asked seldom, because it carried nothing, works now that it is needed. Its BFD session may not
 * become impatient before the other end knows that it should send faster (RFC 5880 §6.8.3), which it never will if it cannot
 * hear us. So until anything is heard of it, it is probed as often as a tunnel in use: each probe is answered at once. As many
 * intervals without a sign of life as would end a session in use end this one.
 *
 * Pure: the time comes in, what to do comes out.
 */
export class Doubt {
  /** When `judge` is next worth asking; Infinity: there is no doubt. */
  nextMs = Number.POSITIVE_INFINITY;
  #sinceMs = 0;
  #heard = 0;

  get isActive(): boolean {
    return this.nextMs !== Number.POSITIVE_INFINITY;
  }

  /** `heard`: packets of any kind that came from the other end so far. */
  begin(heard: number, nowMs: number): void {
    if (this.isActive) return;
    this.#sinceMs = nowMs;
    this.#heard = heard;
    this.nextMs = nowMs;
  }

  end(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }

  /** Whether nothing was heard since it began. */
  isUnheard(heard: number): boolean {
    return heard === this.#heard;
  }

  /** `patienceMs`: silence that ends a session in use, and not less than an answer takes. */
  judge(heard: number, intervalMs: number, patienceMs: number, nowMs: number): 'settled' | 'failed' | 'probe' | 'wait' {
    if (!this.isUnheard(heard)) return 'settled';
    if (nowMs - this.#sinceMs >= patienceMs) return 'failed';
    if (nowMs < this.nextMs) return 'wait';
    this.nextMs = Math.min(nowMs + intervalMs, this.#sinceMs + patienceMs);
    return 'probe';
  }
}
