/**
 * Loss from the counters that WireGuard gives every message of a session: what the receiver did not get between two of them
 * is missing. A gap is judged one interval after it was seen, so that messages which only came in another order, or late by
 * less than an interval, are not lost. A session that follows another begins at 0 and has gaps of its own.
 */

/** Of one session, at the receiver. */
export class CounterGaps {
  /** Greatest counter; the greatest at the end of the last interval, and of the one before: -1 before the first. */
  #greatest = -1;
  #mark = -1;
  #markBefore = -1;
  /** Messages of the interval under way and of the last one. */
  #current = 0;
  #last = 0;

  /** A message with this counter was accepted, which happens once for each counter. */
  accept(counter: number): void {
    if (counter > this.#mark) {
      this.#current += 1;
      if (counter > this.#greatest) this.#greatest = counter;
    } else if (counter > this.#markBefore) this.#last += 1;
  }

  /** Ends an interval: adds what is now known of the one before to `totals`. */
  settle(totals: GapTotals): void {
    totals.expected += this.#mark - this.#markBefore;
    totals.received += this.#last;
    this.#markBefore = this.#mark;
    this.#mark = this.#greatest;
    this.#last = this.#current;
    this.#current = 0;
  }
}

export interface GapTotals {
  expected: number;
  received: number;
}

/** Of one tunnel, over all its sessions: totals since it was made. */
export class TunnelGaps implements GapTotals {
  expected = 0;
  received = 0;
  readonly #sessions = new Set<CounterGaps>();

  /** A session begins. */
  open(): CounterGaps {
    const gaps = new CounterGaps();
    this.#sessions.add(gaps);
    return gaps;
  }

  /** A session ends: nothing of it can come any more. */
  close(gaps: CounterGaps): void {
    if (!this.#sessions.delete(gaps)) return;
    gaps.settle(this);
    gaps.settle(this);
  }

  /** Ends an interval of every session. */
  settle(): void {
    for (const gaps of this.#sessions) gaps.settle(this);
  }

  /** So many messages that were missing were never to arrive (probes that find out what does not fit). */
  excuse(messages: number): void {
    this.received += messages;
  }
}
