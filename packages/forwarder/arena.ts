/**
 * A stretch of the packet memory that is filled from its front, and empty again at once when everything in it has left.
 * Nothing is ever freed one by one, so taking is an addition.
 */
import { HEADROOM, TAILROOM } from './memory.ts';

const ALIGNMENT = 16;

export class Arena {
  readonly #start: number;
  readonly #end: number;
  /** Sees to it that nothing in the arena is needed any more. */
  readonly #drain: () => void;
  #next: number;

  constructor({ offset, length }: { readonly offset: number; readonly length: number }, drain: () => void) {
    this.#start = offset;
    this.#end = offset + length;
    this.#next = offset;
    this.#drain = drain;
  }

  /** Bytes that `take` can still give without draining. */
  get room(): number {
    return this.#end - this.#next - HEADROOM - TAILROOM;
  }

  /** Most that `take` can ever give. */
  get most(): number {
    return this.#end - this.#start - HEADROOM - TAILROOM;
  }

  /** Whether anything lies in it. */
  get isEmpty(): boolean {
    return this.#next === this.#start;
  }

  /**
   * Takes room for `length` bytes, with HEADROOM before and TAILROOM behind them; answers their offset. When there is too
   * little left, what lies in the arena is sent on its way first, so keep no offset of earlier takes across this call
   * that `drain` does not know of. Throws when it could never fit, which is a mistake of ours.
   */
  take(length: number): number {
    if (length > this.room) {
      this.#drain();
      this.#next = this.#start;
      if (length > this.room) throw new RangeError(`${length} bytes were asked of an arena of ${this.most}`);
    }
    const offset = this.#next + HEADROOM;
    this.#next = (offset + length + TAILROOM + ALIGNMENT - 1) & -ALIGNMENT;
    return offset;
  }

  /** Gives back what lies behind `length` bytes of the last take. */
  shrink(offset: number, length: number): void {
    this.#next = (offset + length + TAILROOM + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Gives back the last take as a whole. */
  giveBack(offset: number): void {
    this.#next = offset - HEADROOM;
  }

  /** Everything has left. */
  reset(): void {
    this.#next = this.#start;
  }
}
