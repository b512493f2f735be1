/**
 * A poll sequence (RFC 5880 §6.5): our packets ask for an answer until one comes. And the rule of §6.8.3 that a second
 * one must not begin before it is clear which of them a Final answers: a round trip after the last Poll of the first, or
 * once a packet without Final came in between.
 */
export class PollSequence {
  isActive = false;
  #firstSentMs = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #isUnsent = true;
  /** When a Final can only belong to a new sequence. */
  #clearAtMs = Number.NEGATIVE_INFINITY;

  begin(): void {
    this.isActive = true;
    this.#isUnsent = true;
  }

  /** A packet left; it carried the P bit if the sequence is active. */
  sent(nowMs: number): void {
    if (!this.isActive) return;
    if (this.#isUnsent) this.#firstSentMs = nowMs;
    this.#isUnsent = false;
    this.#lastSentMs = nowMs;
  }

  /** A packet came. True when it ends the sequence. */
  received(isFinal: boolean, nowMs: number): boolean {
    if (!isFinal) {
      if (!this.isActive) this.#clearAtMs = Number.NEGATIVE_INFINITY;
      return false;
    }
    if (!this.isActive || this.#isUnsent) return false;
    this.isActive = false;
    // The round trip is not longer than from the first Poll to now.
    this.#clearAtMs = this.#lastSentMs + (nowMs - this.#firstSentMs);
    return true;
  }

  abandon(): void {
    this.isActive = false;
    this.#clearAtMs = Number.NEGATIVE_INFINITY;
  }

  /** When the next one may begin; Infinity while one is under way. */
  get freeAtMs(): number {
    return this.isActive ? Number.POSITIVE_INFINITY : this.#clearAtMs;
  }

  /** When the first Poll of the sequence left; Infinity: none is waiting for its answer. */
  get waitingSinceMs(): number {
    return this.isActive && !this.#isUnsent ? this.#firstSentMs : Number.POSITIVE_INFINITY;
  }
}
