/** Puts packets where they wait: copied, because what they lie in is used again at once, and cut if they are large. */
import { PacketVerdict, PacketView } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import type { Link } from '../links.ts';
import type { PacketMemory } from '../memory.ts';
import type { OffloadHeader } from '../path/offloadHeader.ts';
import type { Segmenter } from '../path/segmentation.ts';
import { NO_SLOT } from '../slots.ts';
import type { ShapedPolicy, Shaper } from './shaper.ts';
import type { Waiting } from './waiting.ts';
import { wireLength } from './wire.ts';

/** What is known of a packet that has to wait, beside its bytes. */
export interface HeldPacket {
  shaper: Shaper;
  policy: ShapedPolicy;
  link: Link;
  segment: number;
  fromEdge: number;
  /** The same for all packets of a flow. */
  flow: number;
}

export class Holding {
  readonly #memory: PacketMemory;
  readonly #waiting: Waiting;
  readonly #segmenter: Segmenter;
  readonly #piece = new PacketView();

  constructor(memory: PacketMemory, waiting: Waiting, segmenter: Segmenter) {
    this.#memory = memory;
    this.#waiting = waiting;
    this.#segmenter = segmenter;
  }

  /** One packet as it is. PASSED or `Drop.overload`. */
  whole(held: HeldPacket, packet: PacketView, now: number): number {
    const slot = this.#take(held.shaper, packet.totalLength);
    if (slot === NO_SLOT) return Drop.overload;
    const { bytes } = this.#memory;
    bytes.copyWithin(this.#waiting.slots.offsetOf(slot), packet.offset, packet.offset + packet.totalLength);
    this.#push(held, slot, packet.totalLength, now);
    return PASSED;
  }

  /** What the segmenter has planned. A verdict. */
  segments(held: HeldPacket, now: number): number {
    const { count, length, lastLength } = this.#segmenter;
    for (let at = 0; at < count; at++) {
      const own = at === count - 1 ? lastLength : length;
      const slot = this.#take(held.shaper, own);
      // A hole in a flow is enough: the rest would be dropped next.
      if (slot === NO_SLOT) return Drop.overload;
      this.#segmenter.write(at, this.#waiting.slots.offsetOf(slot));
      this.#push(held, slot, own, now);
    }
    return PASSED;
  }

  /** A frame for one link alone, which lies at `offset`. PASSED or `Drop.overload`. */
  frame(held: HeldPacket, offset: number, length: number, now: number): number {
    const slot = this.#take(held.shaper, length);
    if (slot === NO_SLOT) return Drop.overload;
    this.#memory.bytes.copyWithin(this.#waiting.slots.offsetOf(slot), offset, offset + length);
    this.#waiting.frameOf[slot] = held.link;
    this.#describe(held, slot, length, now);
    return PASSED;
  }

  /** Moves a packet that waits already into another queue; it goes on waiting from when it came. */
  move(held: HeldPacket, slot: number, now: number): void {
    const waiting = this.#waiting;
    waiting.wireLength[slot] = wireLength(waiting.length[slot]!, held.link);
    held.shaper.push(slot, held.policy, held.flow, now);
  }

  /** What a large packet is cut to when its pieces do not fit either: they are fragmented when they leave. */
  fragmentable(held: HeldPacket, packet: PacketView, offload: OffloadHeader, now: number): number {
    const planned = this.#segmenter.plan(packet, offload, Number.POSITIVE_INFINITY);
    return planned === PASSED ? this.segments(held, now) : planned;
  }

  /** The packet of a slot, read; undefined: it is none, which cannot be. */
  read(slot: number): PacketView | undefined {
    const { slots, length } = this.#waiting;
    const verdict = this.#piece.read(this.#memory.bytes, slots.offsetOf(slot), length[slot]!);
    return verdict === PacketVerdict.ok ? this.#piece : undefined;
  }

  #take(shaper: Shaper, length: number): number {
    const { slots } = this.#waiting;
    const slot = slots.take(length);
    if (slot !== NO_SLOT || length > slots.most) return slot;
    return shaper.makeRoom() ? slots.take(length) : NO_SLOT;
  }

  #push(held: HeldPacket, slot: number, length: number, now: number): void {
    this.#waiting.frameOf[slot] = undefined;
    this.#describe(held, slot, length, now);
  }

  #describe(held: HeldPacket, slot: number, length: number, now: number): void {
    const waiting = this.#waiting;
    waiting.length[slot] = length;
    waiting.wireLength[slot] = wireLength(length, held.link);
    waiting.sinceMs[slot] = now;
    waiting.segment[slot] = held.segment;
    waiting.fromEdge[slot] = held.fromEdge;
    held.shaper.push(slot, held.policy, held.flow, now);
  }
}
