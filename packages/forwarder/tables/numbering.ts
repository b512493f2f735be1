/**
 * Numbers for names, so that the packet path compares and indexes instead of hashing text. A name keeps its number as long
 * as the process lives: what flows and groups remember stays true over configurations.
 */
export class Numbering {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** The number of this name; a new one if it has none yet. */
  of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#numbers.set(name, number);
    this.#names.push(name);
    return number;
  }

  nameOf(number: number): string | undefined {
    return this.#names[number];
  }

  get size(): number {
    return this.#names.length;
  }
}
