/**
 * Whether a tunnel works, told by probes that come back: one every 250 ms, up after the first reply (so both directions
 * work), down after 1 s without any. Pure: time comes in, what to send comes out. BFD takes this place with steering.
 *
 * Round-trip time is smoothed as TCP does (RFC 6298 §2: 1/8 of each new sample); the minimum is the window's.
 */

export const PROBE_INTERVAL_MS = 250;
export const SILENCE_LIMIT_MS = 1_000;
/** Without a reply for longer than a reply can be apart from the next, probes are this far apart. */
const DOUBT_AFTER_MS = 300;
const DOUBT_INTERVAL_MS = 50;
export const LOSS_WINDOW_MS = 10_000;
/** A tunnel that stays down this long gets a new handshake over all candidate endpoints. */
export const RETRY_AFTER_DOWN_MS = 5_000;

/** Probes remembered: those of the loss window, also when much of it was in doubt. A power of two: numbers wrap. */
const REMEMBERED = 256;

export type LivenessState = 'connecting' | 'up' | 'down';

export class Liveness {
  state: LivenessState = 'connecting';
  /** When `state` began, monotonic ms. */
  sinceMs: number;
  smoothedRoundTripUs: number | null = null;
  /** When the next probe is due. */
  nextProbeAtMs: number;
  #sequence = 0;
  #lastReplyAtMs = Number.NEGATIVE_INFINITY;
  #retryAtMs: number;
  readonly #sentAtUs = new Float64Array(REMEMBERED).fill(-1);
  readonly #answered = new Uint8Array(REMEMBERED);
  readonly #roundTripUs = new Float64Array(REMEMBERED);

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
    this.nextProbeAtMs = nowMs;
    this.#retryAtMs = nowMs + RETRY_AFTER_DOWN_MS;
  }

  /** When a probe was last answered, monotonic ms. */
  get lastReplyAtMs(): number {
    return this.#lastReplyAtMs;
  }

  /** When `expire` or a probe is next due. */
  get deadlineMs(): number {
    return this.state === 'up'
      ? Math.min(this.nextProbeAtMs, this.#lastReplyAtMs + SILENCE_LIMIT_MS)
      : Math.min(this.nextProbeAtMs, this.#retryAtMs);
  }

  /** Takes the due probe's turn. Its number, to be sent with `nowUs`; call only when `nextProbeAtMs` has come. */
  probe(nowUs: number): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const slot = this.#sequence % REMEMBERED;
    this.#sentAtUs[slot] = nowUs;
    this.#answered[slot] = 0;
    return this.#sequence;
  }

  /**
   * Sets when the next probe is due. After a pause, probes do not come in a bunch. Those of all tunnels come at the same
   * moments: one waking for all of them costs little more than one for each.
   */
  schedule(nowMs: number): void {
    const isInDoubt = this.state === 'up' && nowMs - this.#lastReplyAtMs > DOUBT_AFTER_MS;
    this.nextProbeAtMs = isInDoubt
      ? Math.max(this.nextProbeAtMs + DOUBT_INTERVAL_MS, nowMs + DOUBT_INTERVAL_MS / 2)
      : Math.ceil((nowMs + PROBE_INTERVAL_MS / 2) / PROBE_INTERVAL_MS) * PROBE_INTERVAL_MS;
  }

  /**
   * A reply came. True when the tunnel is up because of it. Replies to probes we did not send, or too old to be
   * remembered, or that came before, say nothing.
   */
  reply(sequence: number, sentAtUs: number, nowUs: number): boolean {
    const slot = sequence % REMEMBERED;
    if (this.#sentAtUs[slot] !== sentAtUs || this.#answered[slot] === 1) return false;
    if ((this.#sequence - sequence) >>> 0 >= REMEMBERED) return false;
    this.#answered[slot] = 1;
    const nowMs = nowUs / 1000;
    // A reply that was under way longer than the silence limit must not bring back a tunnel that is down.
    if (nowUs - sentAtUs > SILENCE_LIMIT_MS * 1000) return false;
    this.#lastReplyAtMs = Math.max(this.#lastReplyAtMs, nowMs);
    this.#roundTripUs[slot] = nowUs - sentAtUs;
    this.#smooth(nowUs - sentAtUs);
    if (this.state === 'up') return false;
    this.#enter('up', nowMs);
    return true;
  }

  /** Whether silence has now lasted too long; true when the tunnel is down because of it. */
  expire(nowMs: number): boolean {
    if (this.state !== 'up' || nowMs - this.#lastReplyAtMs < SILENCE_LIMIT_MS) return false;
    this.#enter('down', nowMs);
    return true;
  }

  /** The tunnel cannot work any more, whatever the last reply said (its session or its socket is gone). */
  fail(nowMs: number): boolean {
    if (this.state === 'down') return false;
    this.#enter('down', nowMs);
    return true;
  }

  /** Whether it is time to begin again with a handshake over all candidates; asks again 5 s later. */
  retryIsDue(nowMs: number): boolean {
    if (this.state === 'up' || nowMs < this.#retryAtMs) return false;
    this.#retryAtMs = nowMs + RETRY_AFTER_DOWN_MS;
    return true;
  }

  /** Part of the probes of the last 10 s that got no reply, 0…1; those that may still get one don't count. */
  loss(nowUs: number): number | null {
    let sent = 0;
    let lost = 0;
    for (let slot = 0; slot < REMEMBERED; slot++) {
      const at = this.#sentAtUs[slot]!;
      const age = nowUs - at;
      if (at < 0 || age > LOSS_WINDOW_MS * 1000) continue;
      if (this.#answered[slot] === 0 && age < SILENCE_LIMIT_MS * 1000) continue;
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

  #enter(state: LivenessState, nowMs: number): void {
    this.state = state;
    this.sinceMs = nowMs;
    this.#retryAtMs = nowMs + RETRY_AFTER_DOWN_MS;
  }

  #smooth(roundTripUs: number): void {
    const smoothed = this.smoothedRoundTripUs;
    this.smoothedRoundTripUs = smoothed === null ? roundTripUs : smoothed + (roundTripUs - smoothed) / 8;
  }
}
