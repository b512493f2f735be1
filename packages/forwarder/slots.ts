/**
 * Places in the packet memory for packets that have to wait: fixed in number and size, so that what waits is bounded and
 * nothing is ever moved. Each has room before and behind its packet as an arena gives it, and may be sealed where it is.
 *
 * A slot whose packet was sent is needed until everything is flushed: `release` gives it back then.
 */
import { HEADROOM, TAILROOM } from './memory.ts';

export const NO_SLOT = -1;

/** Slots of two lengths: most for what an ordinary path carries, some for the largest inner MTU. */
export interface SlotArea {
  readonly offset: number;
  readonly small: { readonly count: number; readonly length: number };
  readonly large: { readonly count: number; readonly length: number };
}

export class Slots {
  readonly capacity: number;
  readonly #area: SlotArea;
  /** Stacks of free slots, small ones and large ones, and the slots that are free after the next `settle`. */
  readonly #small: Int32Array;
  readonly #large: Int32Array;
  readonly #leaving: Int32Array;
  #smallFree: number;
  #largeFree: number;
  #leavingCount = 0;

  constructor(area: SlotArea) {
    const { small, large } = area;
    this.#area = area;
    this.capacity = small.count + large.count;
    this.#small = Int32Array.from({ length: small.count }, (_, at) => small.count - 1 - at);
    this.#large = Int32Array.from({ length: large.count }, (_, at) => this.capacity - 1 - at);
    this.#leaving = new Int32Array(this.capacity);
    this.#smallFree = small.count;
    this.#largeFree = large.count;
  }

  /** Slots that hold something. */
  get used(): number {
    return this.capacity - this.#smallFree - this.#largeFree;
  }

  /** Longest packet that a slot can hold. */
  get most(): number {
    return this.#area.large.length - HEADROOM - TAILROOM;
  }

  /** A slot for a packet of `length` bytes; NO_SLOT when none is free. */
  take(length: number): number {
    if (length <= this.#area.small.length - HEADROOM - TAILROOM) {
      return this.#smallFree === 0 ? NO_SLOT : this.#small[--this.#smallFree]!;
    }
    return this.#largeFree === 0 || length > this.most ? NO_SLOT : this.#large[--this.#largeFree]!;
  }

  /** Where the packet of a slot lies. */
  offsetOf(slot: number): number {
    const { offset, small, large } = this.#area;
    const start =
      slot < small.count ? slot * small.length : small.count * small.length + (slot - small.count) * large.length;
    return offset + start + HEADROOM;
  }

  /** Its packet is gone. */
  free(slot: number): void {
    if (slot < this.#area.small.count) this.#small[this.#smallFree++] = slot;
    else this.#large[this.#largeFree++] = slot;
  }

  /** Its packet is on its way: free after `settle`. */
  release(slot: number): void {
    this.#leaving[this.#leavingCount++] = slot;
  }

  /** Everything was flushed. */
  settle(): void {
    for (let at = 0; at < this.#leavingCount; at++) this.free(this.#leaving[at]!);
    this.#leavingCount = 0;
  }
}

/** Bytes that an area of slots takes. */
export function slotAreaLength({ small, large }: Omit<SlotArea, 'offset'>): number {
  return small.count * small.length + large.count * large.length;
}
