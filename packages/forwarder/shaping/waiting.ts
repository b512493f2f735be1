/**
 * The packets that wait, by slot: what has to be known of each when its turn comes. A packet belongs to its flow, not to the
 * link that it was meant for: where it goes is asked again at its turn, so that a failover loses nothing that waits.
 */
import type { Link } from '../links.ts';
import { NO_SLOT, type SlotArea, Slots } from '../slots.ts';

/** Waiting times are counted from here. */
export class Waiting {
  readonly slots: Slots;
  readonly length: Uint16Array;
  readonly wireLength: Uint16Array;
  readonly sinceMs: Float64Array;
  readonly segment: Uint16Array;
  /** Edge that it came from and never goes back to. */
  readonly fromEdge: Int32Array;
  /** A frame for one link alone; undefined: a packet. */
  readonly frameOf: (Link | undefined)[];
  /** The slot behind it in its queue. */
  readonly next: Int32Array;

  constructor(area: SlotArea) {
    this.slots = new Slots(area);
    const { capacity } = this.slots;
    this.length = new Uint16Array(capacity);
    this.wireLength = new Uint16Array(capacity);
    this.sinceMs = new Float64Array(capacity);
    this.segment = new Uint16Array(capacity);
    this.fromEdge = new Int32Array(capacity);
    this.frameOf = new Array<Link | undefined>(capacity).fill(undefined);
    this.next = new Int32Array(capacity).fill(NO_SLOT);
  }
}
