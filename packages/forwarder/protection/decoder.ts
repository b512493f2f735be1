/** Parity that came in for one stream: kept until it is of use, which is when as many parities came as packets are missing. */
import type { Link } from '../links.ts';
import { NO_SLOT, type Slots } from '../slots.ts';
import { coefficient, invert, MOST_COUNT, MOST_PARITIES } from './galois.ts';
import { type ParityHeader, SHARD_PREFIX_LENGTH } from './numberedFrame.ts';
import type { Shards } from './shards.ts';
import type { Stream } from './stream.ts';

/** Parities that are kept of one stream. */
const MOST_KEPT = 32;
const LEAST_PACKET = 20;

export class Decoder {
  readonly #shards: Shards;
  readonly #slots: Slots;
  readonly #stream: Stream;
  /** Kept parities, the oldest first. */
  readonly #first = new Uint32Array(MOST_KEPT);
  readonly #count = new Uint8Array(MOST_KEPT);
  readonly #index = new Uint8Array(MOST_KEPT);
  readonly #length = new Uint16Array(MOST_KEPT);
  readonly #slot = new Int32Array(MOST_KEPT);
  #kept = 0;
  /** Of the block at hand: numbers that are missing, parities at work (places among the kept), and the matrix to be inverted. */
  readonly #missing = new Uint32Array(MOST_PARITIES);
  readonly #rows = new Int32Array(MOST_PARITIES);
  readonly #matrix = new Uint8Array(MOST_PARITIES * MOST_PARITIES);
  readonly #unit = new Uint8Array(MOST_PARITIES * MOST_PARITIES);

  constructor(shards: Shards, slots: Slots, stream: Stream) {
    this.#shards = shards;
    this.#slots = slots;
    this.#stream = stream;
  }

  /** Whether parity waits for packets that may yet come. */
  get isWaiting(): boolean {
    return this.#kept > 0;
  }

  /** Takes the parity whose shard of `length` bytes lies at `offset`; false where it cannot be one. */
  accept({ first, count, index }: ParityHeader, link: Link, offset: number, length: number, now: number): boolean {
    if (count === 0 || count > MOST_COUNT || index >= MOST_PARITIES) return false;
    if (this.#lost(first, count) === 0 || this.#isKept(first, count, index)) return true;
    const slot = this.#slots.take(length);
    if (slot === NO_SLOT) return true;
    const { bytes } = this.#shards.memory;
    bytes.copyWithin(this.#slots.offsetOf(slot), offset, offset + length);
    if (this.#kept === MOST_KEPT) this.#drop(0);
    const at = this.#kept++;
    this.#first[at] = first;
    this.#count[at] = count;
    this.#index[at] = index;
    this.#length[at] = length;
    this.#slot[at] = slot;
    this.#repair(first, count, link, now);
    return true;
  }

  /** The packet of this number came, late: perhaps it was one too many that was missing. */
  came(number: number, link: Link, now: number): void {
    for (let at = this.#kept - 1; at >= 0; at--) {
      const first = this.#first[at]!;
      if ((number - first) >>> 0 >= this.#count[at]!) continue;
      this.#repair(first, this.#count[at]!, link, now);
      return;
    }
  }

  /** Gives all that is kept back. */
  end(): void {
    while (this.#kept > 0) this.#drop(this.#kept - 1);
  }

  /** How many numbers of a block are missing; writes down as many as can be repaired at all. */
  #lost(first: number, count: number): number {
    let lost = 0;
    for (let at = 0; at < count; at++) {
      const number = (first + at) >>> 0;
      if (!this.#stream.isMissing(number)) continue;
      if (lost < MOST_PARITIES) this.#missing[lost] = number;
      lost += 1;
    }
    return lost;
  }

  #isKept(first: number, count: number, index: number): boolean {
    for (let at = 0; at < this.#kept; at++) {
      if (this.#first[at] === first && this.#count[at] === count && this.#index[at] === index) return true;
    }
    return false;
  }

  #repair(first: number, count: number, link: Link, now: number): void {
    const lost = this.#lost(first, count);
    let rows = 0;
    for (let at = 0; at < this.#kept && rows < lost && rows < MOST_PARITIES; at++) {
      if (this.#first[at] === first && this.#count[at] === count) this.#rows[rows++] = at;
    }
    if (rows < lost) return;
    if (lost > 0 && this.#reduce(first, count, lost) && this.#invert(first, lost)) this.#rebuild(lost, link, now);
    this.#dropBlock(first, count);
  }

  /** Takes what came out of the parities, so that they are sums of what is missing alone; false: one does not fit. */
  #reduce(first: number, count: number, lost: number): boolean {
    const stream = this.#stream;
    for (let at = 0; at < count; at++) {
      const number = (first + at) >>> 0;
      if (stream.isMissing(number)) continue;
      const slot = stream.slotOf(number);
      const length = stream.lengthOf(number);
      if (slot === NO_SLOT) return false;
      for (let row = 0; row < lost; row++) {
        const parity = this.#rows[row]!;
        if (length + SHARD_PREFIX_LENGTH > this.#length[parity]!) return false;
        const factor = coefficient(this.#index[parity]!, at);
        const target = this.#slots.offsetOf(this.#slot[parity]!);
        this.#shards.addPacket(target, factor, stream.segmentOf(number), this.#slots.offsetOf(slot), length);
      }
    }
    return true;
  }

  #invert(first: number, lost: number): boolean {
    for (let row = 0; row < lost; row++) {
      for (let column = 0; column < lost; column++) {
        const at = (this.#missing[column]! - first) >>> 0;
        this.#matrix[row * lost + column] = coefficient(this.#index[this.#rows[row]!]!, at);
      }
    }
    return invert(this.#matrix, this.#unit, lost);
  }

  #rebuild(lost: number, link: Link, now: number): void {
    let length = Number.POSITIVE_INFINITY;
    for (let row = 0; row < lost; row++) length = Math.min(length, this.#length[this.#rows[row]!]!);
    const { view } = this.#shards.memory;
    for (let at = 0; at < lost; at++) {
      const slot = this.#slots.take(length);
      if (slot === NO_SLOT) return;
      const target = this.#slots.offsetOf(slot);
      this.#shards.clear(target, length);
      for (let row = 0; row < lost; row++) {
        const source = this.#slots.offsetOf(this.#slot[this.#rows[row]!]!);
        this.#shards.add(target, this.#matrix[at * lost + row]!, source, length);
      }
      const packetLength = view.getUint16(target + 2);
      if (packetLength >= LEAST_PACKET && packetLength + SHARD_PREFIX_LENGTH <= length) {
        const packet = target + SHARD_PREFIX_LENGTH;
        this.#stream.repair(link, view.getUint16(target), this.#missing[at]!, packet, packetLength, now);
      }
      // What was delivered lies there until everything is flushed.
      this.#slots.release(slot);
    }
  }

  #dropBlock(first: number, count: number): void {
    for (let at = this.#kept - 1; at >= 0; at--) {
      if (this.#first[at] === first && this.#count[at] === count) this.#drop(at);
    }
  }

  #drop(at: number): void {
    this.#slots.free(this.#slot[at]!);
    this.#kept -= 1;
    for (const list of [this.#first, this.#count, this.#index, this.#length, this.#slot]) {
      list.copyWithin(at, at + 1, this.#kept + 1);
    }
  }
}
