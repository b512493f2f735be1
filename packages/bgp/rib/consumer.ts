/**
 * Somebody who has to hear of changes: a neighbour that routes are told to, a forwarder. It keeps which prefixes have
 * changed, each once, however often; what became of them is looked up when they are taken. So what was undone in the
 * meantime is nothing. Prefixes that cannot be reached any more come first.
 */
import { capacityFor, grown, LEAST, SlotQueue } from './columns.ts';
import type { FamilyRib } from './familyRib.ts';

/** What a consumer notes of a prefix, as bits. */
const Note = {
  waiting: 1,
  /** In the queue of those that are gone. */
  urgent: 2,
  /** To be told even if it is what was told before. */
  again: 4,
  /** The consumer has something of it in use. */
  kept: 8,
} as const;

export class Consumer {
  readonly rib: FamilyRib;
  /** Not only of the best route: of each that comes, changes or goes. */
  readonly wantsEveryRoute: boolean;
  readonly #waiting = new SlotQueue();
  readonly #urgent = new SlotQueue();
  #notes = new Uint8Array(LEAST);
  #againCount = 0;

  constructor(rib: FamilyRib, wantsEveryRoute: boolean) {
    this.rib = rib;
    this.wantsEveryRoute = wantsEveryRoute;
    rib.addConsumer(this);
  }

  /** Prefixes that wait, some of them perhaps in both queues. */
  get length(): number {
    return this.#waiting.length + this.#urgent.length;
  }

  get urgentLength(): number {
    return this.#urgent.length;
  }

  /** Prefixes that are still to be told again. */
  get againCount(): number {
    return this.#againCount;
  }

  get bytes(): number {
    return this.#notes.length;
  }

  notify(prefix: number, isGone: boolean): void {
    if (prefix >= this.#notes.length) this.#grow(prefix);
    const notes = this.#notes[prefix]!;
    const wanted = isGone ? Note.urgent : Note.waiting;
    if ((notes & wanted) !== 0) return;
    if (notes === 0) this.rib.hold(prefix);
    this.#notes[prefix] = notes | wanted;
    if (isGone) this.#urgent.push(prefix);
    else this.#waiting.push(prefix);
  }

  /** Everything that can be reached is told again. */
  tellAgain(): void {
    for (let prefix = 1; prefix <= this.rib.prefixes.highest; prefix++) {
      if (this.rib.bestOf(prefix) === 0) continue;
      this.notify(prefix, false);
      if ((this.#notes[prefix]! & Note.again) !== 0) continue;
      this.#notes[prefix]! |= Note.again;
      this.#againCount += 1;
    }
  }

  /** The next prefix, of those that are gone first; 0: none waits. Between `take` and `done` its slot stays. */
  take(): number {
    if (this.#urgent.length > 0) return this.#take(this.#urgent, Note.urgent);
    return this.#waiting.length > 0 ? this.#take(this.#waiting, Note.waiting) : 0;
  }

  /** Whether what is told now is to be told even if nothing has changed. */
  isAgain(prefix: number): boolean {
    return (this.#notes[prefix]! & Note.again) !== 0;
  }

  isWaiting(prefix: number): boolean {
    return (this.#notes[prefix]! & (Note.waiting | Note.urgent)) !== 0;
  }

  /** What was taken has been dealt with; `isKept`: the consumer has something of it in use from now on. */
  done(prefix: number, isKept: boolean): void {
    const notes = this.#notes[prefix]!;
    if ((notes & Note.again) !== 0) this.#againCount -= 1;
    const left = (notes & (Note.waiting | Note.urgent)) | (isKept ? Note.kept : 0);
    this.#notes[prefix] = left;
    if (left === 0) this.rib.unhold(prefix);
  }

  /** It hears of nothing more, and nothing waits. */
  close(): void {
    this.rib.removeConsumer(this);
    this.#waiting.clear();
    this.#urgent.clear();
    const notes = this.#notes;
    this.#notes = new Uint8Array(LEAST);
    this.#againCount = 0;
    for (let prefix = 1; prefix < notes.length; prefix++) if (notes[prefix] !== 0) this.rib.unhold(prefix);
  }

  /** While it is taken the slot is held by `kept`, until `done`. */
  #take(queue: SlotQueue, note: number): number {
    const prefix = queue.shift();
    this.#notes[prefix] = (this.#notes[prefix]! & ~note) | Note.kept;
    return prefix;
  }

  #grow(prefix: number): void {
    this.#notes = grown(this.#notes, capacityFor(prefix + 1, this.#notes.length));
  }
}
