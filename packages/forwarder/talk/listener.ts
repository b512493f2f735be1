/**
 * The receiving end of a tunnel: hears when a path that was talking falls silent, and finds out whether the path failed or
 * the other end only paused.
 *
 * Silence without a word is followed by a question, on the silent tunnel and on others to the same edge. Who is asked
 * answers on both, at the same moment. An answer on the other tunnel and none on the silent one is the proof that it is the
 * path; no answer anywhere is a process that stands still, or all paths at once, and for BFD to judge.
 */
import { Rate } from './rate.ts';

/** Below it BFD is as fast. */
const WATCHED_PER_SECOND = 200;
const LEAST_SILENCE_MS = 15;
/**
 * An answer on the silent tunnel may be so much later than it should be; on one that has been late before, twice as much as
 * it was, within reason. What it learned is forgotten by a twentieth with every question that is answered.
 */
const MARGIN_MS = 10;
const MOST_MARGIN_MS = 30;
const LESSON_KEPT = 0.95;
/** Questions are repeated, because they may be lost too: three times soon, then seldom, then given up. */
const REPEAT_MS = 10;
const SOON = 3;
const SELDOM_MS = 50;
const GIVE_UP_MS = 1_000;
/** While a tunnel is suspected it is asked so often, at first to know how long it was silent, and the sender is reminded. */
const EARLY_PROBE_MS = 20;
const PROBE_MS = 100;
const REMIND_MS = 500;
/**
 * Answers have to come for so long before it is trusted again: doubled by every false alarm. A silence that lasted was none:
 * leaving the path was right, as if BFD had said so.
 */
const HOLD_MS = 1_000;
const MOST_HOLD_MS = 60_000;
const LASTING_MS = 120;
/** A waking that comes so much late was a pause of ours: what arrived meanwhile may not be read yet. */
const LATE_MS = 5;

export type ListenerState = 'quiet' | 'watching' | 'asking' | 'suspecting';

/** What is to be done now; `again` with what was decided before. */
export type ListenerAction =
  | 'nothing'
  /** On the silent tunnel and on others. */
  | 'ask'
  | 'suspect'
  /** Tell the sender again. */
  | 'remind'
  /** On the silent tunnel alone. */
  | 'probe'
  | 'trust';

export class Listener {
  state: ListenerState = 'quiet';
  /** When `tick` has something to do. */
  deadline = Number.POSITIVE_INFINITY;
  /** Of the question that is open. */
  number = 0;
  suspicions = 0;
  falseAlarms = 0;
  /** Of the last one that ended. */
  wasRight = true;
  readonly #rate = new Rate();
  #askedMs = 0;
  #firstAskedMs = 0;
  #times = 0;
  /** When the verdict falls, once the other tunnel answered. */
  #verdictMs = Number.POSITIVE_INFINITY;
  /** When an answer was due here, going by the one that came over the other tunnel. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** How much later than due this tunnel is known to answer. */
  #latenessMs = 0;
  #holdMs = HOLD_MS;
  #probedMs = 0;
  #remindedMs = 0;
  /** When anything was last heard before it was suspected. */
  #silentSinceMs = 0;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #answeredSinceMs = Number.POSITIVE_INFINITY;

  /** The other end said that it pauses. */
  paused(): void {
    if (this.state === 'suspecting') return;
    this.#rest();
  }

  /** BFD says that the tunnel is down: whoever suspected it was right. */
  down(): void {
    if (this.state === 'suspecting') this.#holdMs = HOLD_MS;
    this.#rest();
  }

  /**
   * An answer to question `number` came, over the tunnel itself or over another one. Round trips, of this tunnel and of
   * that one, say how much later an answer over this one may be.
   */
  answered(number: number, isHere: boolean, roundTripMs: number, otherRoundTripMs: number, nowMs: number): void {
    if (number !== this.number) return;
    if (isHere) {
      if (nowMs - this.#answeredMs > 3 * PROBE_MS) this.#answeredSinceMs = nowMs;
      this.#answeredMs = nowMs;
    } else if (this.state === 'asking' && this.#verdictMs === Number.POSITIVE_INFINITY) {
      this.#dueMs = nowMs + Math.max(0, roundTripMs - otherRoundTripMs) / 2;
      this.#verdictMs = this.#dueMs + this.#marginMs;
      this.deadline = Math.min(this.deadline, this.#verdictMs);
    }
  }

  /** So many packets came in all; anything at all was last heard at `heardMs`. `number` for a question that begins now. */
  tick(received: number, heardMs: number, number: number, nowMs: number): ListenerAction {
    this.#rate.look(received, nowMs);
    if (this.state === 'suspecting') return this.#suspecting(nowMs);
    if (this.state === 'asking') return this.#asking(heardMs, nowMs);
    if (this.state === 'quiet') {
      if (this.#rate.perSecond < WATCHED_PER_SECOND) return 'nothing';
      this.state = 'watching';
    }
    return this.#watching(heardMs, number, nowMs);
  }

  get #marginMs(): number {
    return Math.min(MOST_MARGIN_MS, Math.max(MARGIN_MS, 2 * this.#latenessMs));
  }

  #watching(heardMs: number, number: number, nowMs: number): ListenerAction {
    const { gapMs, gapDeviationMs, perSecond } = this.#rate;
    const dueMs = heardMs + Math.max(LEAST_SILENCE_MS, 4 * gapMs + gapDeviationMs);
    if (nowMs < dueMs) {
      // Slower than what is watched, and not silent: others look after it.
      if (perSecond < WATCHED_PER_SECOND / 2) this.#rest();
      else this.deadline = dueMs;
      return 'nothing';
    }
    if (nowMs - this.deadline > LATE_MS) {
      this.deadline = nowMs + LATE_MS;
      return 'nothing';
    }
    this.state = 'asking';
    this.number = number;
    this.#firstAskedMs = this.#askedMs = nowMs;
    this.#times = 1;
    this.#verdictMs = this.#dueMs = Number.POSITIVE_INFINITY;
    this.deadline = nowMs + REPEAT_MS;
    return 'ask';
  }

  #asking(heardMs: number, nowMs: number): ListenerAction {
    if (heardMs > this.#firstAskedMs || nowMs - this.#firstAskedMs > GIVE_UP_MS) {
      this.#latenessMs = Math.max(heardMs - this.#dueMs, this.#latenessMs * LESSON_KEPT);
      this.#rest();
      return 'nothing';
    }
    if (nowMs >= this.#verdictMs) return this.#suspect(heardMs, nowMs);
    const repeatMs = this.#askedMs + (this.#times < SOON ? REPEAT_MS : SELDOM_MS);
    this.deadline = Math.min(this.#verdictMs, repeatMs);
    if (nowMs < repeatMs) return 'nothing';
    this.#askedMs = nowMs;
    this.#times += 1;
    this.deadline = Math.min(this.#verdictMs, nowMs + REPEAT_MS);
    return 'ask';
  }

  #suspect(heardMs: number, nowMs: number): ListenerAction {
    this.state = 'suspecting';
    this.suspicions += 1;
    this.#silentSinceMs = heardMs;
    this.#probedMs = this.#remindedMs = nowMs;
    this.#answeredMs = Number.NEGATIVE_INFINITY;
    this.#answeredSinceMs = Number.POSITIVE_INFINITY;
    this.deadline = nowMs + EARLY_PROBE_MS;
    return 'suspect';
  }

  #suspecting(nowMs: number): ListenerAction {
    if (nowMs - this.#answeredMs < 3 * PROBE_MS && nowMs - this.#answeredSinceMs >= this.#holdMs) {
      this.wasRight = this.#answeredSinceMs - this.#silentSinceMs >= LASTING_MS;
      if (this.wasRight) this.#holdMs = HOLD_MS;
      else this.#learn();
      this.#rest();
      return 'trust';
    }
    const isEarly = nowMs - this.#silentSinceMs < LASTING_MS;
    const probeMs = this.#probedMs + (isEarly ? EARLY_PROBE_MS : PROBE_MS);
    this.deadline = Math.min(probeMs, this.#remindedMs + REMIND_MS);
    if (nowMs >= this.#remindedMs + REMIND_MS) {
      this.#remindedMs = nowMs;
      return 'remind';
    }
    if (nowMs < probeMs) return 'nothing';
    this.#probedMs = nowMs;
    return 'probe';
  }

  #learn(): void {
    this.falseAlarms += 1;
    // It was later than was waited for, nobody knows by how much.
    this.#latenessMs = Math.max(this.#latenessMs, this.#marginMs);
    this.#holdMs = Math.min(MOST_HOLD_MS, this.#holdMs * 2);
  }

  /** Listens closely again once there is something to hear. */
  #rest(): void {
    this.state = 'quiet';
    this.deadline = Number.POSITIVE_INFINITY;
    this.#rate.perSecond = 0;
  }
}
