/**
 * The sending end of a tunnel: whoever has been sending steadily and stops says so, so that the other end can take silence
 * without a word for a failure. Said twice, because one may be lost; and not too often.
 */
import { Rate } from './rate.ts';

/** A sender below it is not listened to so closely: half of what the listener asks for. */
const TALKS_PER_SECOND = 100;
const PAUSE_MS = 5;
const REPEAT_MS = 5;
const TIMES = 2;
/** Said at most so often: traffic in many short bursts is asked about instead, which costs little more. */
const PER_SECOND = 40;
const AT_ONCE = 8;

export class Speaker {
  /** When `tick` may have something to say. */
  deadline = Number.POSITIVE_INFINITY;
  readonly #rate = new Rate();
  #isTalking = false;
  #said = 0;
  #saidMs = Number.NEGATIVE_INFINITY;
  #allowance = AT_ONCE;
  #filledMs = 0;

  /** So many packets were sent in all, the last one at `sentMs`. True: say now that this is a pause. */
  tick(sent: number, sentMs: number, nowMs: number): boolean {
    const rate = this.#rate;
    rate.look(sent, nowMs);
    if (sentMs > this.#saidMs) this.#said = 0;
    if (this.#said === 0 && rate.perSecond >= TALKS_PER_SECOND) this.#isTalking = true;
    this.deadline = Number.POSITIVE_INFINITY;
    if (!this.#isTalking) return false;
    const dueMs = this.#said === 0 ? sentMs + Math.max(PAUSE_MS, 2 * rate.gapMs) : this.#saidMs + REPEAT_MS;
    this.deadline = dueMs;
    if (nowMs < dueMs) return false;
    return this.#say(nowMs);
  }

  #say(nowMs: number): boolean {
    this.#said += 1;
    this.#saidMs = nowMs;
    const isLast = this.#said >= TIMES;
    this.#isTalking = !isLast;
    this.deadline = isLast ? Number.POSITIVE_INFINITY : nowMs + REPEAT_MS;
    this.#allowance = Math.min(AT_ONCE, this.#allowance + ((nowMs - this.#filledMs) * PER_SECOND) / 1_000);
    this.#filledMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}
