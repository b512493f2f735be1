/**
 * Protected packets: those of path groups that send everything twice, or with parity (docs/decisions/0018). Sending is
 * protector.ts, receiving receivers.ts; here is what both share.
 */
import type { Kernels } from '../kernels/index.ts';
import { type PacketMemory, PROTECTION_AREA } from '../memory.ts';
import { Slots } from '../slots.ts';
import { zeroProtection } from './counts.ts';
import { DelayedCopies } from './delayedCopies.ts';
import { Encoder } from './encoder.ts';
import { Receivers } from './receivers.ts';
import { Senders } from './sender.ts';
import { Shards } from './shards.ts';
import type { StreamParts } from './stream.ts';

export interface ProtectionParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  /** Room for a copy until everything is flushed. */
  readonly take: (length: number) => number;
  /** Random. */
  readonly seed: number;
}

export class Protection {
  readonly counts = zeroProtection();
  readonly slots = new Slots(PROTECTION_AREA);
  readonly senders: Senders;
  readonly receivers: Receivers;
  readonly copies: DelayedCopies;
  /** Takes a packet that came in. Set by whoever knows where packets go. */
  deliver: StreamParts['deliver'] = () => undefined;
  /** Sends what is due. Set by whoever sends. */
  send: (now: number) => void = () => undefined;

  constructor({ memory, kernels, take, seed }: ProtectionParts) {
    const { slots, counts } = this;
    const shards = new Shards(memory, kernels);
    this.copies = new DelayedCopies(slots, memory.bytes);
    this.senders = new Senders(seed, () => new Encoder(shards, slots));
    this.receivers = new Receivers(shards, {
      ...{ memory, slots, counts, take },
      deliver: (link, segment, offset, length, now) => this.deliver(link, segment, offset, length, now),
    });
  }

  /** When `tick` has to come, ms. */
  get deadline(): number {
    return Math.min(this.receivers.deadline, this.copies.deadline, this.senders.deadline);
  }

  /** Does what is due; everything has to be flushed afterwards. */
  tick(now: number): void {
    if (this.receivers.deadline <= now) this.receivers.expire(now);
    if (this.copies.deadline <= now || this.senders.deadline <= now) this.send(now);
  }
}
