/**
 * CoDel (RFC 8289 §4): says of each packet that leaves a queue whether it should be dropped, or marked where its sender
 * understands that, so that the senders keep the queue short. It goes by how long packets waited, so it needs no tuning
 * to the rate; only that a slow line takes longer than the target for a single packet has to be told.
 */

/** RFC 8289 §4.2, §4.3: the delay that may stand, and the time within which a sender can answer. */
export const TARGET_MS = 5;
export const INTERVAL_MS = 100;
/** §5.4: counting goes on where it stopped when the queue is bad again so soon. */
const SOON = 16 * INTERVAL_MS;

export class Codel {
  /** When the delay will have been above the target for an interval; 0: it is not above. */
  #firstAboveMs = 0;
  #isDropping = false;
  #nextMs = 0;
  #count = 0;
  #lastCount = 0;

  /** `sojournMs`: how long the packet waited; `targetMs`: TARGET_MS or more; `isLast`: nothing much waits behind it. */
  shouldDrop(sojournMs: number, targetMs: number, isLast: boolean, now: number): boolean {
    const isBad = this.#isAbove(sojournMs, targetMs, isLast, now);
    if (this.#isDropping) {
      if (!isBad) {
        this.#isDropping = false;
        return false;
      }
      if (now < this.#nextMs) return false;
      this.#count += 1;
      this.#nextMs = controlLaw(this.#nextMs, this.#count);
      return true;
    }
    if (!isBad) return false;
    this.#isDropping = true;
    const since = this.#count - this.#lastCount;
    this.#count = since > 1 && now - this.#nextMs < SOON ? since : 1;
    this.#lastCount = this.#count;
    this.#nextMs = controlLaw(now, this.#count);
    return true;
  }

  #isAbove(sojournMs: number, targetMs: number, isLast: boolean, now: number): boolean {
    if (sojournMs < targetMs || isLast) {
      this.#firstAboveMs = 0;
      return false;
    }
    if (this.#firstAboveMs === 0) {
      this.#firstAboveMs = now + INTERVAL_MS;
      return false;
    }
    return now >= this.#firstAboveMs;
  }
}

function controlLaw(at: number, count: number): number {
  return at + INTERVAL_MS / Math.sqrt(count);
}
