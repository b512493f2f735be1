/**
 * What small probes that come back say about a tunnel: how long the way there and back takes, and how many were lost.
 * Whether the tunnel works is for BFD to say (bfd/), and where both ends report what they received (measurement/) there
 * are no regular probes: then one is sent beside each padded one, and to an idle tunnel that may be dead, because a probe
 * is answered at once. Pure: time comes in, what to send comes out.
 *
 * Round-trip time is smoothed as TCP does (RFC 6298 §2: 1/8 of each new sample); the minimum is the window's.
 */

/** Between probes of a tunnel in use, and of one that carries nothing. */
export const PROBE_INTERVAL_MS = 1_000;
export const IDLE_PROBE_INTERVAL_MS = 5_000;
/** A probe unanswered for longer is lost. */
export const LOST_AFTER_MS = 1_000;
export const LOSS_WINDOW_MS = 10_000;

/** Probes remembered: more than the window's. A power of two: numbers wrap. */
const REMEMBERED = 64;

export class Probes {
  smoothedRoundTripUs: number | null = null;
  /** When a probe was last sent, and last answered, monotonic ms. */
  lastSentMs = Number.NEGATIVE_INFINITY;
  lastReplyMs = Number.NEGATIVE_INFINITY;
  /** Probes that were answered. */
  replies = 0;
  #sequence = 0;
  readonly #sentAtUs = new Float64Array(REMEMBERED).fill(-1);
  readonly #answered = new Uint8Array(REMEMBERED);
  readonly #roundTripUs = new Float64Array(REMEMBERED);

  isDue(isIdle: boolean, nowMs: number): boolean {
    return nowMs - this.lastSentMs >= (isIdle ? IDLE_PROBE_INTERVAL_MS : PROBE_INTERVAL_MS);
  }

  /** Number of a probe to be sent with `nowUs`. */
  probe(nowUs: number): number {
    this.lastSentMs = nowUs / 1_000;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const slot = this.#sequence % REMEMBERED;
    this.#sentAtUs[slot] = nowUs;
    this.#answered[slot] = 0;
    return this.#sequence;
  }

  /** A reply came. Those to probes we did not send, or too old to be remembered, or that came before, say nothing. */
  reply(sequence: number, sentAtUs: number, nowUs: number): void {
    const slot = sequence % REMEMBERED;
    if (this.#sentAtUs[slot] !== sentAtUs || this.#answered[slot] === 1) return;
    if ((this.#sequence - sequence) >>> 0 >= REMEMBERED) return;
    this.#answered[slot] = 1;
    this.replies += 1;
    this.#roundTripUs[slot] = nowUs - sentAtUs;
    this.lastReplyMs = Math.max(this.lastReplyMs, nowUs / 1_000);
    const smoothed = this.smoothedRoundTripUs;
    const sample = nowUs - sentAtUs;
    this.smoothedRoundTripUs = smoothed === null ? sample : smoothed + (sample - smoothed) / 8;
  }

  /** Part of the probes of the last 10 s that got no reply, 0…1; those that may still get one don't count. */
  loss(nowUs: number): number | null {
    let sent = 0;
    let lost = 0;
    for (let slot = 0; slot < REMEMBERED; slot++) {
      const at = this.#sentAtUs[slot]!;
      const age = nowUs - at;
      if (at < 0 || age > LOSS_WINDOW_MS * 1000) continue;
      if (this.#answered[slot] === 0 && age < LOST_AFTER_MS * 1000) continue;
      sent++;
      if (this.#answered[slot] === 0) lost++;
    }
    return sent === 0 ? null : lost / sent;
  }

  /** Shortest round trip of the last 10 s; null when nothing was answered. */
  minRoundTripUs(nowUs: number): number | null {
    let shortest = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < REMEMBERED; slot++) {
      if (this.#answered[slot] === 0 || nowUs - this.#sentAtUs[slot]! > LOSS_WINDOW_MS * 1000) continue;
      shortest = Math.min(shortest, this.#roundTripUs[slot]!);
    }
    return shortest === Number.POSITIVE_INFINITY ? null : shortest;
  }
}
