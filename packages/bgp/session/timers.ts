/** The timers of RFC 4271 §8 and §10 as moments in ms; Infinity: not running. */
import type { EventName } from './transitions.ts';

export type TimerName = 'connectRetry' | 'hold' | 'keepalive' | 'delayOpen' | 'sendHold';

const NEVER = Number.POSITIVE_INFINITY;

/** In the order in which those that are due at once go off: an end before what it makes pointless. */
const expiries: readonly (readonly [TimerName, EventName])[] = [
  ['hold', 'HoldTimer_Expires'],
  ['sendHold', 'SendHoldTimer_Expires'],
  ['delayOpen', 'DelayOpenTimer_Expires'],
  ['connectRetry', 'ConnectRetryTimer_Expires'],
  ['keepalive', 'KeepaliveTimer_Expires'],
];

export class Timers {
  readonly #due: Record<TimerName, number> = {
    connectRetry: NEVER,
    hold: NEVER,
    keepalive: NEVER,
    delayOpen: NEVER,
    sendHold: NEVER,
  };

  get deadline(): number {
    const { connectRetry, hold, keepalive, delayOpen, sendHold } = this.#due;
    return Math.min(connectRetry, hold, keepalive, delayOpen, sendHold);
  }

  isRunning(timer: TimerName): boolean {
    return this.#due[timer] !== NEVER;
  }

  start(timer: TimerName, atMs: number): void {
    this.#due[timer] = atMs;
  }

  stop(timer: TimerName): void {
    this.#due[timer] = NEVER;
  }

  stopAll(): void {
    for (const [timer] of expiries) this.#due[timer] = NEVER;
  }

  /** The event of one timer that is due, which stops it; undefined: none is. */
  expired(nowMs: number): EventName | undefined {
    for (const [timer, event] of expiries) {
      if (this.#due[timer] > nowMs) continue;
      this.#due[timer] = NEVER;
      return event;
    }
    return undefined;
  }
}

/** RFC 4271 §10: three quarters of a span up to the whole of it, by chance, so that speakers do not fall into step. */
export function jittered(spanMs: number, random: () => number): number {
  return spanMs * (0.75 + 0.25 * random());
}
