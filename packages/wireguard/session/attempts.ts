import { REKEY_ATTEMPT_TIME, REKEY_TIMEOUT, REKEY_TIMEOUT_JITTER } from './constants.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/** When handshake messages may go out, and how long we go on trying (paper §6.4). */
export class Attempts {
  /** Milliseconds from 0 to REKEY_TIMEOUT_JITTER, thrown anew with each initiation. */
  jitter = 0;
  #startedAt = NEVER;
  #lastSentAt = NEVER;

  /** No more than one initiation every REKEY_TIMEOUT, and none so soon after a response of ours. */
  mayStart(now: number): boolean {
    return now - this.#lastSentAt >= REKEY_TIMEOUT;
  }

  start(now: number): void {
    this.#startedAt = now;
  }

  isOver(now: number): boolean {
    return now - this.#startedAt >= REKEY_ATTEMPT_TIME;
  }

  /** A handshake message went out; `random`: two random bytes for the jitter. */
  onSent(now: number, random: Uint8Array): void {
    this.#lastSentAt = now;
    this.jitter = (((random[0]! << 8) | random[1]!) * REKEY_TIMEOUT_JITTER) / 0xffff;
  }

  /** The next one may start at once. */
  forget(): void {
    this.#lastSentAt = NEVER;
  }
}
