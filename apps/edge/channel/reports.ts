/** Reports that wait for the controller (hardening, fault 4): bounded; the oldest go first, and are counted. */
export class ReportBuffer<Report> {
  readonly #capacity: number;
  readonly #waiting: Report[] = [];
  #dropped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Reports lost so far because the buffer was full. */
  get dropped(): number {
    return this.#dropped;
  }

  add(report: Report): void {
    this.#waiting.push(report);
    if (this.#waiting.length <= this.#capacity) return;
    this.#waiting.shift();
    this.#dropped += 1;
  }

  /** The oldest of them, at most `count`, which are no longer in the buffer. */
  take(count: number): Report[] {
    return this.#waiting.splice(0, count);
  }
}
