/** A set of applications by their numbers, as bits: filled again for every flow, and met with those that a policy names. */
import type { ApplicationNumbers } from './matcher.ts';

/** As many as a configuration may list. */
export const MOST_APPLICATIONS = 256;

export class ApplicationSet {
  readonly #words = new Uint32Array(MOST_APPLICATIONS / 32);

  clear(): void {
    this.#words.fill(0);
  }

  /** Numbers that are no application's are passed over. */
  add(numbers: ApplicationNumbers): void {
    for (let at = 0; at < numbers.length; at++) {
      const number = numbers[at]!;
      if (number >= 0 && number < MOST_APPLICATIONS) this.#words[number >>> 5]! |= 1 << (number & 31);
    }
  }

  has(number: number): boolean {
    return number >= 0 && number < MOST_APPLICATIONS && (this.#words[number >>> 5]! & (1 << (number & 31))) !== 0;
  }

  /** Whether the two share an application. */
  meets(other: ApplicationSet): boolean {
    for (let at = 0; at < this.#words.length; at++) if ((this.#words[at]! & other.#words[at]!) !== 0) return true;
    return false;
  }

  get isEmpty(): boolean {
    return this.#words.every((word) => word === 0);
  }
}
