/**
 * The largest inner packet that one tunnel carries, found by probes that are padded to a size and answered with a small
 * frame: datagram packetization layer path MTU discovery (RFC 8899). No ICMP is needed, and none is believed.
 *
 * It begins at 1,280 (BASE_PLPMTU), tries the configured size, and halves the rest of the way (§5.3.2). While large
 * packets are sent the size is confirmed again and again, so that a path that shrinks is noticed within seconds; probes
 * that go unanswered while the tunnel's small ones are answered are what tells a black hole from an outage (§4.3).
 *
 * Pure: the time comes in, sizes to probe come out.
 */
import { LEAST_MTU } from './links.ts';

/** A link may carry less than IPv6 asks for; below this the tunnel is of no use (RFC 1122 §3.3.3: 576 outside). */
export const SMALLEST_MTU = 512;
/** Unanswered probes of one size that say it does not fit (MAX_PROBES, §5.1.2). */
const MOST_PROBES = 3;
/** Bounds of the wait for an answer (PROBE_TIMER), three round trips otherwise. */
const SHORTEST_WAIT_MS = 150;
const LONGEST_WAIT_MS = 1_000;
/** The search ends when what is known to fit and what is known not to are this close. */
const CLOSE_ENOUGH = 8;
/** Confirmations (CONFIRMATION_TIMER): while large packets are sent, and otherwise. */
const BUSY_CONFIRMATION_MS = 1_200;
const IDLE_CONFIRMATION_MS = 60_000;
/** After so long the path may carry more than it did (PMTU_RAISE_TIMER, §5.1.1). */
const RAISE_AFTER_MS = 600_000;

/** `ceiling`: the configured size is tried. `base`: does 1,280 fit? `halving`: between what fits and what does not. */
type Phase = 'ceiling' | 'base' | 'halving' | 'found';

export class PathMtu {
  /** Largest inner packet known to fit, bytes. */
  mtu = LEAST_MTU;
  #ceiling: number;
  #phase: Phase = 'ceiling';
  /** Smallest size known not to fit. */
  #tooLarge: number;
  /** The probe under way: its size (0: none), the number of its last copy, how many copies, when the last was sent. */
  #size = 0;
  #sequence = 0;
  #copies = 0;
  #sentAtMs = 0;
  #waitMs = 0;
  /** When the size was last confirmed, and whether it was used since. */
  #confirmedAtMs: number;
  #raiseAtMs = Number.POSITIVE_INFINITY;
  #isUsed = false;
  #isStopped = true;

  /** `ceiling`: the configured MTU. Nothing is probed before `start`. */
  constructor(ceiling: number, nowMs: number) {
    this.#ceiling = Math.max(SMALLEST_MTU, ceiling);
    this.#tooLarge = this.#ceiling + 1;
    this.mtu = Math.min(LEAST_MTU, this.#ceiling);
    this.#confirmedAtMs = nowMs;
  }

  /** The tunnel is up and the other end answers probes: look for the size from the beginning. */
  start(nowMs: number): void {
    this.#isStopped = false;
    this.#search(nowMs);
  }

  /** The tunnel is down: nothing can be learned. What is known stays. */
  stop(): void {
    this.#isStopped = true;
    this.#size = 0;
  }

  /** Another size was configured. */
  limit(ceiling: number, nowMs: number): void {
    if (ceiling === this.#ceiling) return;
    this.#ceiling = Math.max(SMALLEST_MTU, ceiling);
    this.mtu = Math.min(this.mtu, this.#ceiling);
    this.#search(nowMs);
  }

  /** A packet larger than 1,280 went out. */
  use(): void {
    this.#isUsed = true;
  }

  /** When `probe` is next worth asking. */
  get deadlineMs(): number {
    if (this.#isStopped) return Number.POSITIVE_INFINITY;
    if (this.#size !== 0) return this.#sentAtMs + this.#waitMs;
    if (this.#phase !== 'found') return Number.NEGATIVE_INFINITY;
    return Math.min(this.#raiseAtMs, this.#confirmedAtMs + this.#confirmationMs);
  }

  /** Number of the probe that `probe` asked for last. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * The size of a probe to be sent now, numbered `sequence`; 0: none is due. `roundTripMs`: smoothed, of small probes;
   * `answeredAtMs`: when one of those was last answered, cut down to whole microseconds.
   */
  probe(nowMs: number, roundTripMs: number, answeredAtMs: number): number {
    if (this.#isStopped || nowMs < this.deadlineMs) return 0;
    if (this.#size !== 0) {
      // Small ones are not answered either: that is no matter of size. This copy does not count.
      if (answeredAtMs < Math.floor(this.#sentAtMs * 1_000) / 1_000) this.#copies -= 1;
      if (this.#copies >= MOST_PROBES) this.#refused(nowMs);
    }
    if (this.#size === 0) {
      if (this.#phase === 'found' && nowMs >= this.#raiseAtMs) this.#search(nowMs);
      this.#size = this.#nextSize();
      this.#copies = 0;
      if (this.#size === 0) return 0;
    }
    this.#copies += 1;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#sentAtMs = nowMs;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, 3 * roundTripMs));
    return this.#size;
  }

  /** The other end has seen a probe of this size. True when `mtu` is another one because of it. */
  reply(sequence: number, size: number, nowMs: number): boolean {
    const behind = (this.#sequence - sequence) >>> 0;
    if (this.#size === 0 || size !== this.#size || behind >= this.#copies) return false;
    const before = this.mtu;
    this.#size = 0;
    this.#confirmedAtMs = nowMs;
    this.#isUsed = false;
    this.mtu = this.#phase === 'base' ? Math.min(LEAST_MTU, this.#ceiling) : size;
    if (this.#phase !== 'found') this.#narrow(nowMs);
    return this.mtu !== before;
  }

  /** The probe just asked for is larger than what the own device sends. True when `mtu` is another one because of it. */
  refuse(nowMs: number): boolean {
    const before = this.mtu;
    if (this.#size !== 0) this.#refused(nowMs);
    return this.mtu !== before;
  }

  get #confirmationMs(): number {
    return this.#isUsed && this.mtu > LEAST_MTU ? BUSY_CONFIRMATION_MS : IDLE_CONFIRMATION_MS;
  }

  #search(nowMs: number): void {
    this.#phase = 'ceiling';
    this.#tooLarge = this.#ceiling + 1;
    this.#size = 0;
    this.#confirmedAtMs = nowMs;
    this.#raiseAtMs = Number.POSITIVE_INFINITY;
  }

  #nextSize(): number {
    if (this.#phase === 'ceiling') return this.#ceiling;
    if (this.#phase === 'base') return Math.min(LEAST_MTU, this.#ceiling);
    if (this.#phase === 'halving') return (this.mtu + this.#tooLarge) >> 1;
    return this.mtu;
  }

  /** After all copies of a probe went unanswered. */
  #refused(nowMs: number): void {
    const size = this.#size;
    this.#size = 0;
    this.#tooLarge = Math.min(this.#tooLarge, size);
    if (this.#phase === 'base') {
      // Not even that: search below it.
      this.mtu = SMALLEST_MTU;
      this.#phase = 'halving';
    } else if (this.#phase === 'halving') this.#narrow(nowMs);
    else {
      // The configured size does not fit, or what did fit does no longer.
      this.mtu = Math.min(LEAST_MTU, this.mtu);
      this.#phase = 'base';
    }
  }

  #narrow(nowMs: number): void {
    const isFound = this.mtu >= this.#ceiling || this.#tooLarge - this.mtu <= CLOSE_ENOUGH;
    this.#phase = isFound ? 'found' : 'halving';
    if (!isFound) return;
    this.#confirmedAtMs = nowMs;
    this.#raiseAtMs = this.mtu < this.#ceiling ? nowMs + RAISE_AFTER_MS : Number.POSITIVE_INFINITY;
  }
}
