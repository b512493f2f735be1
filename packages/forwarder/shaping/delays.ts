/** How long packets waited: a histogram over the last ten to twenty seconds, in steps of an eighth of an octave. */

const STEPS_PER_OCTAVE = 8;
const BUCKETS = 22 * STEPS_PER_OCTAVE;
const WINDOW_MS = 10_000;

export class Delays {
  /** This window and the one before it. */
  #counts = new Uint32Array(BUCKETS);
  #before = new Uint32Array(BUCKETS);
  #mostUs = 0;
  #mostBeforeUs = 0;
  #startedMs = 0;

  /** A packet waited so long, µs. */
  add(us: number, now: number): void {
    this.#turn(now);
    this.#counts[bucketOf(us)]! += 1;
    if (us > this.#mostUs) this.#mostUs = us;
  }

  /** The delay that `share` (0…1) of the packets did not exceed, µs; null: there was none. */
  quantileUs(share: number, now: number): number | null {
    this.#turn(now);
    let total = 0;
    for (let at = 0; at < BUCKETS; at++) total += this.#counts[at]! + this.#before[at]!;
    if (total === 0) return null;
    let left = total * share;
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#counts[at]! + this.#before[at]!;
      if (left <= 0) return Math.min(upperUs(at), this.mostUs);
    }
    return this.mostUs;
  }

  get mostUs(): number {
    return Math.round(Math.max(this.#mostUs, this.#mostBeforeUs));
  }

  #turn(now: number): void {
    const passed = now - this.#startedMs;
    if (passed < WINDOW_MS) return;
    const emptied = this.#before;
    emptied.fill(0);
    if (passed >= 2 * WINDOW_MS) this.#counts.fill(0);
    this.#before = this.#counts;
    this.#counts = emptied;
    this.#mostBeforeUs = passed >= 2 * WINDOW_MS ? 0 : this.#mostUs;
    this.#mostUs = 0;
    this.#startedMs = now;
  }
}

function bucketOf(us: number): number {
  if (us < 1) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log2(us) * STEPS_PER_OCTAVE));
}

function upperUs(bucket: number): number {
  return bucket === 0 ? 0 : Math.round(2 ** (bucket / STEPS_PER_OCTAVE));
}
