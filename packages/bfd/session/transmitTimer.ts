/** When the next periodic packet leaves (RFC 5880 §6.8.2, §6.8.7). */
import type { Dice } from './events.ts';

export class TransmitTimer {
  /** Infinity: none does. At once in the beginning. */
  dueMs = Number.NEGATIVE_INFINITY;
  readonly #dice: Dice;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  /** What `dueMs` was chosen for, µs. */
  #chosenFor = -1;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  sent(nowMs: number): void {
    this.#lastSentMs = nowMs;
    this.#chosenFor = -1;
  }

  stop(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    this.#chosenFor = -1;
  }

  /** Keeps what was chosen as long as the interval is the same; a shorter one is honoured at once (§6.8.3). */
  plan(intervalUs: number, detectMultiplier: number, nowMs: number): void {
    if (this.#chosenFor === intervalUs) return;
    this.#chosenFor = intervalUs;
    const intervalMs = intervalUs / 1_000;
    // 75 to 100 %; to 90 % where every single packet counts (§6.8.7).
    const latest = this.#lastSentMs + intervalMs * (detectMultiplier === 1 ? 0.9 : 1);
    if (!(latest > nowMs)) this.dueMs = nowMs;
    else this.dueMs = this.#dice.moment(Math.max(nowMs, this.#lastSentMs + intervalMs * 0.75), latest);
  }
}
