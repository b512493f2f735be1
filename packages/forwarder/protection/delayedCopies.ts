/** Copies that follow their packet over the same tunnel after a moment, so that one burst of loss does not take both. */
import { NO_SLOT, type Slots } from '../slots.ts';
import type { Sender } from './sender.ts';

/** Long enough to be past most bursts, short enough for the other end's wait. */
const SPACING_MS = 5;
const MOST = 256;

export class DelayedCopies {
  readonly #slots: Slots;
  readonly #bytes: Uint8Array;
  readonly #slot = new Int32Array(MOST);
  readonly #length = new Uint16Array(MOST);
  readonly #dueMs = new Float64Array(MOST);
  readonly #sender = new Array<Sender | undefined>(MOST).fill(undefined);
  #first = 0;
  #count = 0;

  constructor(slots: Slots, bytes: Uint8Array) {
    this.#slots = slots;
    this.#bytes = bytes;
  }

  /** When the first is due, ms. */
  get deadline(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#dueMs[this.#first]!;
  }

  /** Keeps a copy of the frame at `offset`; false where there is no room. */
  add(sender: Sender, offset: number, length: number, now: number): boolean {
    const slot = this.#count === MOST ? NO_SLOT : this.#slots.take(length);
    if (slot === NO_SLOT) return false;
    const at = (this.#first + this.#count++) % MOST;
    const start = this.#slots.offsetOf(slot);
    this.#bytes.copyWithin(start, offset, offset + length);
    this.#slot[at] = slot;
    this.#length[at] = length;
    this.#dueMs[at] = now + SPACING_MS;
    this.#sender[at] = sender;
    return true;
  }

  /** Gives each that is due to `send`. */
  send(now: number, send: (sender: Sender, offset: number, length: number) => void): void {
    while (this.deadline <= now) {
      const at = this.#first;
      send(this.#sender[at]!, this.#slots.offsetOf(this.#slot[at]!), this.#length[at]!);
      this.#slots.release(this.#slot[at]!);
      this.#sender[at] = undefined;
      this.#first = (at + 1) % MOST;
      this.#count -= 1;
    }
  }
}
