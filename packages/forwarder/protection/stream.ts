/**
 * What comes in of one numbered stream: each packet once, in order where that costs no more than a bounded wait. Only what
 * comes behind a gap waits; what is late all the same is passed on late, which serves its user better than nothing.
 */
import type { Link } from '../links.ts';
import type { PacketMemory } from '../memory.ts';
import { NO_SLOT, type Slots } from '../slots.ts';
import type { ProtectionCounts } from './counts.ts';

/** Numbers before and behind the next one that are kept apart; a power of two, and twice as many are remembered. */
export const WINDOW = 512;
const RING = 2 * WINDOW;
const MASK = RING - 1;
/** Packets that were passed on and are kept for repairs. */
const RETAINED = 128;

const State = { missing: 0, held: 1, passed: 2 } as const;

export interface StreamParts {
  readonly memory: PacketMemory;
  readonly slots: Slots;
  readonly counts: ProtectionCounts;
  /** Takes a packet; what lies at `offset` may be changed there, and stays until everything is flushed. */
  readonly deliver: (link: Link, segment: number, offset: number, length: number, now: number) => void;
  /** Room for a copy until everything is flushed. */
  readonly take: (length: number) => number;
}

export class Stream {
  /** When `expire` has to come, ms. */
  deadline = Number.POSITIVE_INFINITY;
  epoch: number;
  /** Packets may be repaired, so what was passed on is kept for a while. */
  retains = false;
  readonly #parts: StreamParts;
  #next: number;
  #held = 0;
  /** By number modulo RING. */
  readonly #state = new Uint8Array(RING);
  readonly #slot = new Int32Array(RING).fill(NO_SLOT);
  readonly #segment = new Uint16Array(RING);
  readonly #length = new Uint16Array(RING);
  readonly #untilMs = new Float64Array(RING);
  readonly #link = new Array<Link | undefined>(RING).fill(undefined);

  /** `next`: the number that is expected first. */
  constructor(parts: StreamParts, epoch: number, next: number) {
    this.#parts = parts;
    this.epoch = epoch;
    this.#next = next;
  }

  /** Whether this number has not come yet and still may. */
  isMissing(number: number): boolean {
    const ahead = (number - this.#next) | 0;
    return ahead >= -WINDOW && ahead < WINDOW && this.#state[number & MASK] === State.missing;
  }

  /** Where a packet that has come is kept, or NO_SLOT. */
  slotOf(number: number): number {
    const ahead = (number - this.#next) | 0;
    return ahead >= -RETAINED && ahead < WINDOW ? this.#slot[number & MASK]! : NO_SLOT;
  }

  segmentOf(number: number): number {
    return this.#segment[number & MASK]!;
  }

  lengthOf(number: number): number {
    return this.#length[number & MASK]!;
  }

  /**
   * Takes a packet that lies at `offset`. `waitMs`: how long one behind a gap may wait for what is missing; 0: nothing more
   * of it is under way.
   */
  accept(
    link: Link,
    segment: number,
    number: number,
    offset: number,
    length: number,
    waitMs: number,
    now: number,
  ): void {
    const { counts } = this.#parts;
    const ahead = (number - this.#next) | 0;
    if (ahead < -WINDOW) {
      counts.tooLate += 1;
      return;
    }
    if (ahead < WINDOW && this.#state[number & MASK] !== State.missing) {
      counts.duplicates += 1;
      return;
    }
    counts.received += 1;
    if (ahead >= WINDOW) this.#leap(number, now);
    const mayPass = ahead <= 0 || ahead >= WINDOW || waitMs === 0;
    if (!mayPass || this.retains) this.#keep(link, segment, number, offset, length);
    if (!mayPass && this.#hold(number, now + waitMs)) return;
    if (((number - this.#next) | 0) > 0) this.#giveUpTo(number, now);
    this.#pass(number);
    this.#parts.deliver(link, segment, offset, length, now);
    this.#release(now);
  }

  /** Takes a packet that was repaired, and lies at `offset`; it counts as one that came over `link`. */
  repair(link: Link, segment: number, number: number, offset: number, length: number, now: number): void {
    if (!this.isMissing(number)) return;
    this.#parts.counts.repaired += 1;
    this.#keep(link, segment, number, offset, length);
    if (((number - this.#next) | 0) > 0 && this.#hold(number, now)) return;
    this.#pass(number);
    this.#parts.deliver(link, segment, offset, length, now);
    this.#release(now);
  }

  /** Passes on what has waited long enough. */
  expire(now: number): void {
    while (this.#held > 0) {
      const first = this.#firstHeld();
      const until = this.#untilMs[first & MASK]!;
      if (until > now) {
        this.deadline = until;
        return;
      }
      this.#giveUpTo(first, now);
      this.#release(now);
    }
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** Passes on all that waits, and keeps nothing more: its sender began anew with this number. */
  begin(epoch: number, next: number, now: number): void {
    this.#leap(this.#next + RING + 1, now);
    this.epoch = epoch;
    this.#next = next;
  }

  /** Copies a packet to where it is kept; without a free slot it is not. */
  #keep(link: Link, segment: number, number: number, offset: number, length: number): void {
    const { memory, slots } = this.#parts;
    const at = number & MASK;
    const slot = slots.take(length);
    this.#slot[at] = slot;
    if (slot === NO_SLOT) return;
    memory.bytes.copyWithin(slots.offsetOf(slot), offset, offset + length);
    this.#segment[at] = segment;
    this.#length[at] = length;
    this.#link[at] = link;
  }

  /** Lets a packet that is kept wait; false: there was no room for it, so the gap is given up. */
  #hold(number: number, until: number): boolean {
    const at = number & MASK;
    if (this.#slot[at] === NO_SLOT) return false;
    this.#state[at] = State.held;
    this.#untilMs[at] = until;
    this.#held += 1;
    if (until < this.deadline) this.deadline = until;
    return true;
  }

  /** This number counts as passed on; the next is expected where it was this one's turn. */
  #pass(number: number): void {
    this.#state[number & MASK] = State.passed;
    if (number === this.#next) this.#advance();
    else this.#parts.counts.late += 1;
  }

  /** Passes on what waits and whose turn it is. */
  #release(now: number): void {
    while (this.#held > 0 && this.#state[this.#next & MASK] === State.held) this.#passHeld(now);
    if (this.#held === 0) this.deadline = Number.POSITIVE_INFINITY;
  }

  #passHeld(now: number): void {
    const at = this.#next & MASK;
    const { memory, slots, deliver, take } = this.#parts;
    const slot = this.#slot[at]!;
    const [length, segment, link] = [this.#length[at]!, this.#segment[at]!, this.#link[at]!];
    let offset = slots.offsetOf(slot);
    if (this.retains) {
      // What is delivered may be changed where it lies, and a repair needs it as it was sent.
      const copy = take(length);
      memory.bytes.copyWithin(copy, offset, offset + length);
      offset = copy;
    } else {
      this.#slot[at] = NO_SLOT;
      slots.release(slot);
    }
    this.#state[at] = State.passed;
    this.#held -= 1;
    this.#advance();
    deliver(link, segment, offset, length, now);
  }

  /** What is missing before `number` is given up; what waits before it is passed on. */
  #giveUpTo(number: number, now: number): void {
    while (this.#next !== number) {
      if (this.#state[this.#next & MASK] === State.held) this.#passHeld(now);
      else {
        this.#parts.counts.lost += 1;
        this.#advance();
      }
    }
  }

  /** `number` is too far ahead for the window: what waited is over; what may still come late is remembered where that is known. */
  #leap(number: number, now: number): void {
    const target = number >>> 0;
    for (let steps = 0; steps < RING && this.#next !== target; steps++) {
      if (this.#state[this.#next & MASK] === State.held) this.#passHeld(now);
      else this.#advance();
    }
    if (this.#next !== target) for (let at = 0; at < RING; at++) this.#forget(at);
    this.#next = target;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  #firstHeld(): number {
    let number = this.#next;
    while (this.#state[number & MASK] !== State.held) number = (number + 1) >>> 0;
    return number;
  }

  /** The next number is expected: one more comes into the window, and what is too old to matter goes out of it. */
  #advance(): void {
    this.#next = (this.#next + 1) >>> 0;
    this.#forget((this.#next + WINDOW - 1) & MASK);
    const old = (this.#next - RETAINED) & MASK;
    const slot = this.#slot[old]!;
    if (slot !== NO_SLOT && this.#state[old] === State.passed) {
      this.#parts.slots.free(slot);
      this.#slot[old] = NO_SLOT;
    }
  }

  #forget(at: number): void {
    const slot = this.#slot[at]!;
    if (slot !== NO_SLOT) this.#parts.slots.free(slot);
    this.#slot[at] = NO_SLOT;
    this.#state[at] = State.missing;
    this.#link[at] = undefined;
  }
}
