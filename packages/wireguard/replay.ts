import { REJECT_AFTER_MESSAGES } from './session/constants.ts';

const WORDS = 256;
const WORD_BITS = 32;
const CAPACITY = WORDS * WORD_BITS;

/** How far behind the greatest counter a packet may be: one word of the ring is always being reused. */
export const REPLAY_WINDOW = CAPACITY - WORD_BITS;

/**
 * Which counters of a session were seen (RFC 6479): a ring of bits that never shifts, so that moving forward clears
 * whole words. Each counter is accepted once, in any order within the window, and nothing older than it is.
 *
 * `check` is for before the packet is opened and changes nothing; `accept` only for after its tag was good: a forged
 * counter must not move the window.
 */
export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS);
  #greatest = -1;

  /** Greatest counter accepted so far; -1 before the first. */
  get greatest(): number {
    return this.#greatest;
  }

  /** Whether a packet with this counter may still be accepted. */
  check(counter: number): boolean {
    if (counter > this.#greatest) return counter < REJECT_AFTER_MESSAGES;
    if (counter < 0 || this.#greatest - counter >= REPLAY_WINDOW) return false;
    return (this.#words[wordOf(counter)]! & bitOf(counter)) === 0;
  }

  /** Marks the counter as seen; false if it already was, or is too old or too large. */
  accept(counter: number): boolean {
    if (!this.check(counter)) return false;
    if (counter > this.#greatest) this.#advance(counter);
    this.#words[wordOf(counter)]! |= bitOf(counter);
    return true;
  }

  #advance(counter: number): void {
    const blocks = Math.floor(counter / WORD_BITS) - Math.floor(this.#greatest / WORD_BITS);
    const before = wordOf(this.#greatest);
    if (blocks >= WORDS) this.#words.fill(0);
    else for (let block = 1; block <= blocks; block++) this.#words[(before + block) % WORDS] = 0;
    this.#greatest = counter;
  }
}

/** The ring's size divides 2^32: the low 32 bits of a counter are enough, and integers divide faster than fractions. */
function wordOf(counter: number): number {
  return (((counter >>> 0) / WORD_BITS) >>> 0) % WORDS;
}

function bitOf(counter: number): number {
  return 1 << ((counter >>> 0) % WORD_BITS);
}
