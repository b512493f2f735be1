/** Typed arrays as columns of a table that grows: what is known of slot n lies at index n of each. */

export type Column = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A longer copy; what is new is 0. */
export function grown<Kind extends Column>(column: Kind, length: number): Kind {
  const longer = new (column.constructor as new (length: number) => Kind)(length);
  longer.set(column);
  return longer;
}

/** How long a column becomes that has to hold `needed`: in powers of two, so that growing costs little in all. */
export function capacityFor(needed: number, present: number): number {
  let capacity = Math.max(present, LEAST);
  while (capacity < needed) capacity *= 2;
  return capacity;
}

export const LEAST = 16;

/** Columns up to this length are kept when they fall empty: what comes and goes one at a time must not allocate each time. */
export const SMALL = 1_024;

/** First in, first out: numbers of slots. Gives its memory back when it runs empty. */
export class SlotQueue {
  #slots = new Uint32Array(LEAST);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(slot: number): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = slot;
    this.#length += 1;
  }

  /** The oldest; there has to be one. */
  shift(): number {
    const slot = this.#slots[this.#head]!;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#slots.length > 65_536) this.#slots = new Uint32Array(LEAST);
    if (this.#length === 0) this.#head = 0;
    return slot;
  }

  clear(): void {
    this.#slots = new Uint32Array(LEAST);
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const longer = new Uint32Array(this.#slots.length * 2);
    const tail = this.#slots.subarray(this.#head);
    longer.set(tail);
    longer.set(this.#slots.subarray(0, this.#head), tail.length);
    this.#slots = longer;
    this.#head = 0;
  }
}
