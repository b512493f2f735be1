/** Deficit round robin (Shreedhar and Varghese 1995): turns counted in bytes, so that large packets win nothing. */

/** What one turn brings: a full packet. */
export const QUANTUM = 1_514;

export interface Contender<T> {
  /** Bytes it may still send in this turn; it may overdraw, and pays in the next. */
  deficit: number;
  next: T | undefined;
}

export class RoundRobin<T extends Contender<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Puts one behind the others. */
  push(one: T): void {
    one.next = undefined;
    if (this.#last === undefined) this.#first = one;
    else this.#last.next = one;
    this.#last = one;
  }

  /** Whose turn it is, which stays so until its deficit is used up. */
  select(): T | undefined {
    for (let one = this.#first; one !== undefined; one = this.#first) {
      if (one.deficit > 0) return one;
      one.deficit += QUANTUM;
      this.shift();
      this.push(one);
    }
    return undefined;
  }

  /** Takes the first away. */
  shift(): void {
    const one = this.#first;
    if (one === undefined) return;
    this.#first = one.next;
    if (this.#first === undefined) this.#last = undefined;
    one.next = undefined;
  }
}
