/**
 * The parity of one stream on its way out. Packets are added as they leave, so that when a block is full its parity is there and
 * costs one send; a block that does not fill in time is ended as it is. Parity and copies together are a quarter of the packets
 * at most, from the first packet on: what copies took at the start of a fast stream is paid back by the blocks after it.
 */
import { NO_SLOT, type Slots } from '../slots.ts';
import { coefficient } from './galois.ts';
import { SHARD_PREFIX_LENGTH } from './numberedFrame.ts';
import type { Shards } from './shards.ts';

/** Packets of a full block, and most parity for it. */
export const BLOCK = 20;
const MOST_PARITY = 5;
/** Parity for each packet. */
const MOST_SHARE = 0.25;
/** While copies are paid back. */
const LEAST_SHARE = 0.2;
/** What is left over from one block to the next: part of a parity, no savings, which would exceed the share later. */
const MOST_SAVED = 1;
/** Copies beyond it are of a stream that is slow and stays so. */
const MOST_DEBT = 20;
/** A block is ended when its first packet has waited so long: what is lost of it should be there within 30 ms. */
export const BLOCK_MS = 22;
/** Fewer packets than this in FILL_MS: parity would come too late or protect too little, so each is sent twice. */
const FILL_MS = 15;
const FILL_LEAST = 10;
/** Below this loss nothing is added. */
const LEAST_LOSS = 0.001;
/** Standard deviations of a block's losses that its parity covers beside the mean. */
const DEVIATIONS = 3.5;

/** Parity for a block of `count` packets at this loss (0…1); null: it is not known, which is worth one. */
export function parityFor(loss: number | null, count: number): number {
  if (loss === null) return 1;
  if (loss < LEAST_LOSS) return 0;
  const mean = count * loss;
  return Math.min(MOST_PARITY, Math.ceil(mean + DEVIATIONS * Math.sqrt(mean)));
}

export class Encoder {
  /** When the block has to be ended, ms. */
  deadline = Number.POSITIVE_INFINITY;
  /** Of the block at hand: its first number, its packets, its parities, how long its longest shard is and may be. */
  first = 0;
  count = 0;
  parities = 0;
  shardLength = 0;
  room = 0;
  readonly #shards: Shards;
  readonly #slots: Slots;
  readonly #parity = new Int32Array(MOST_PARITY).fill(NO_SLOT);
  /** Parities that may be sent; below zero: that copies have used up. */
  #credit = 0;
  /** Smoothed time between packets, ms. */
  #gapMs = FILL_MS;
  /** When the latest packets left, and where the oldest of them stands. */
  readonly #leftMs = new Float64Array(FILL_LEAST).fill(Number.NEGATIVE_INFINITY);
  #oldest = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(shards: Shards, slots: Slots) {
    this.#shards = shards;
    this.#slots = slots;
  }

  /**
   * A packet is about to leave: whether packets come too seldom for parity. A stream that begins is fast as soon as enough
   * of them came; one that is fast stays so through a short pause.
   */
  isSlow(now: number): boolean {
    const gap = Math.min(2 * FILL_MS, now - this.#lastMs);
    this.#lastMs = now;
    this.#gapMs += (gap - this.#gapMs) / 16;
    // What was not used before a pause is not for what comes after it.
    if (gap === 2 * FILL_MS) this.#credit = Math.min(0, this.#credit);
    this.#leftMs[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % FILL_LEAST;
    return this.#gapMs * FILL_LEAST > FILL_MS && now - this.#leftMs[this.#oldest]! > FILL_MS;
  }

  /** A packet left twice instead. */
  copied(): void {
    this.#credit = Math.max(-MOST_DEBT, this.#credit + MOST_SHARE - 1);
  }

  /** Begins a block with the packet of this number; `wanted` parities for it, of shards of up to `room` bytes. */
  begin(first: number, wanted: number, room: number, now: number): void {
    this.first = first;
    this.count = 0;
    this.parities = 0;
    this.shardLength = 0;
    this.room = room;
    this.deadline = now + BLOCK_MS;
    for (let at = 0; at < wanted; at++) {
      const slot = this.#slots.take(room);
      if (slot === NO_SLOT) break;
      this.#parity[this.parities++] = slot;
      this.#shards.clear(this.#slots.offsetOf(slot), room);
    }
  }

  /** Adds the next packet; whether the block is full. */
  add(segment: number, offset: number, length: number): boolean {
    const at = this.count++;
    this.#credit += MOST_SHARE;
    this.shardLength = Math.max(this.shardLength, length + SHARD_PREFIX_LENGTH);
    for (let index = 0; index < this.parities; index++) {
      const target = this.#slots.offsetOf(this.#parity[index]!);
      this.#shards.addPacket(target, coefficient(index, at), segment, offset, length);
    }
    return this.count === BLOCK;
  }

  /** Ends the block: gives each parity that it may have to `send`, by its index and where its shard lies. */
  end(send: (index: number, offset: number) => void): void {
    const allowed = Math.max(Math.floor(this.#credit), Math.floor(this.count * LEAST_SHARE));
    for (let index = 0; index < this.parities; index++) {
      const slot = this.#parity[index]!;
      if (index < allowed) {
        this.#credit -= 1;
        send(index, this.#slots.offsetOf(slot));
      }
      this.#slots.release(slot);
    }
    this.#credit = Math.min(MOST_SAVED, this.#credit);
    this.parities = 0;
    this.count = 0;
    this.deadline = Number.POSITIVE_INFINITY;
  }
}
