/**
 * Staying awake for a moment after packets went by: to wake a process that sleeps takes longer than all that is done with
 * a packet, and what answers it may be there within a fraction of a millisecond. Where answers take longer, as over most
 * lines, waiting was in vain: after each such time as many packets and twice as many are let go by without it, up to a
 * thousand. And whatever comes, a hundredth of the time is all that is waited.
 *
 * Pure: the time comes in, milliseconds of a clock that never goes back.
 */

/** An edge on the same wire, or a host of the LAN, has answered by then. */
const LINGER_MS = 0.5;
/** Of all time; what is not used is kept for a run of packets. */
const SHARE = 0.01;
const MOST_KEPT_MS = 10;
const MOST_LET_BY = 1_023;

/** Out into the fabric, where another edge answers, or in from it, where the LAN does. */
export const Towards = { fabric: 0, lan: 1 } as const;
export type Towards = (typeof Towards)[keyof typeof Towards];

export class Lingering {
  /** Stay awake until then. */
  untilMs = Number.NEGATIVE_INFINITY;
  #allowanceMs = MOST_KEPT_MS;
  #countedMs = 0;
  #towards: Towards = Towards.fabric;
  /** By where packets went: how many to let by after a wait in vain, and how many of them are still to come. */
  readonly #letBy = new Uint16Array(2);
  readonly #toCome = new Uint16Array(2);

  /** Packets went by. */
  carried(towards: Towards, nowMs: number): void {
    this.#allowanceMs = Math.min(MOST_KEPT_MS, this.#allowanceMs + (nowMs - this.#countedMs) * SHARE);
    this.#countedMs = nowMs;
    this.#towards = towards;
    if (this.#toCome[towards] === 0) this.untilMs = nowMs + Math.min(LINGER_MS, this.#allowanceMs);
    else this.#toCome[towards]! -= 1;
  }

  /** So long was waited, and something came, or nothing; undefined: something else had to be done first. */
  waited(ms: number, hasCome: boolean | undefined): void {
    const towards = this.#towards;
    this.#allowanceMs = Math.max(0, this.#allowanceMs - ms);
    if (hasCome === undefined) return;
    this.#letBy[towards] = hasCome ? 0 : Math.min(MOST_LET_BY, 2 * this.#letBy[towards]! + 1);
    this.#toCome[towards] = this.#letBy[towards]!;
    this.untilMs = Number.NEGATIVE_INFINITY;
  }
}
