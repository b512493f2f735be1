/** One queue of packets, first in first out: those of the flows of one class that share a place. */
import { NO_SLOT } from '../slots.ts';
import { Codel } from './codel.ts';
import type { Contender } from './roundRobin.ts';
import type { Waiting } from './waiting.ts';

export class FlowQueue implements Contender<FlowQueue> {
  readonly codel = new Codel();
  deficit = 0;
  next: FlowQueue | undefined = undefined;
  /** Bytes on the wire. */
  bytes = 0;
  packets = 0;
  readonly #waiting: Waiting;
  #last = NO_SLOT;
  #first = NO_SLOT;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  /** The packet whose turn is next, or NO_SLOT. */
  get first(): number {
    return this.#first;
  }

  push(slot: number): void {
    const { next, wireLength } = this.#waiting;
    next[slot] = NO_SLOT;
    if (this.#last === NO_SLOT) this.#first = slot;
    else next[this.#last] = slot;
    this.#last = slot;
    this.bytes += wireLength[slot]!;
    this.packets += 1;
  }

  /** Takes the first away, which there is. */
  shift(): number {
    const slot = this.#first;
    const { next, wireLength } = this.#waiting;
    this.#first = next[slot]!;
    if (this.#first === NO_SLOT) this.#last = NO_SLOT;
    this.bytes -= wireLength[slot]!;
    this.packets -= 1;
    return slot;
  }
}
