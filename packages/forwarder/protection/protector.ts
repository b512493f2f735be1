/** Sends protected packets: numbered, over as many tunnels as their group wants, with parity or without. */
import { Drop, PASSED } from '../drops.ts';
import { NO_TUNNEL } from '../fastSwitch.ts';
import type { Link } from '../links.ts';
import type { PathContext } from '../path/context.ts';
import { sealAndQueue, sendingSession } from '../path/transmit.ts';
import type { HeldPacket, Holding } from '../shaping/holding.ts';
import { wireLength } from '../shaping/wire.ts';
import { BLOCK, parityFor } from './encoder.ts';
import {
  NUMBERED_HEADER_LENGTH,
  NumberedFlag,
  PARITY_HEADER_LENGTH,
  PROTECTION_OVERHEAD,
  SHARD_PREFIX_LENGTH,
  writeNumberedHeader,
  writeParityHeader,
} from './numberedFrame.ts';
import type { Sender } from './sender.ts';

/** How often the loss of a stream's way is looked at. */
const LOOK_MS = 100;
/** A copy over a second tunnel that is slower than this would come after the other end has given up. */
const MOST_DIFFERENCE_US = 16_000;

export class Protector {
  readonly #context: PathContext;
  readonly #holding: Holding;
  readonly #numbered = { stream: 0, epoch: 0, flags: 0, number: 0 };
  readonly #parity = { stream: 0, epoch: 0, index: 0, first: 0, count: 0 };
  /** For what is sent between packets. */
  readonly #held = {} as HeldPacket;
  #now = 0;
  #link!: Link;
  #sender!: Sender;
  readonly #sendParity = (index: number, offset: number): void => this.#sendOneParity(index, offset);
  readonly #sendCopy = (sender: Sender, offset: number, length: number): void =>
    this.#sendOneCopy(sender, offset, length);

  constructor(context: PathContext, holding: Holding) {
    this.#context = context;
    this.#holding = holding;
  }

  /** The tunnel that copies of a group's packets take, where it has one. */
  secondOf(group: number): Link | undefined {
    const { groups, links } = this.#context;
    const number = groups.secondOf(group);
    return number === NO_TUNNEL ? undefined : links.at(number);
  }

  /**
   * Sends the packet of `length` bytes at `offset` over the link of `held`, and whatever protects it. What lies before the
   * packet is overwritten. Answers a verdict: that of the better copy.
   */
  send(
    held: HeldPacket,
    sender: Sender,
    second: Link | undefined,
    offset: number,
    length: number,
    now: number,
  ): number {
    sender.policy = held.policy;
    sender.flow = held.flow;
    if (sender.mode === 'duplicate') return this.#twice(held, sender, second, offset, length, now);
    this.#look(sender, held.link, now);
    const isSlow = sender.encoder.isSlow(now);
    const wanted = parityFor(sender.loss, BLOCK);
    if (wanted > 0 && !isSlow) return this.#withParity(held, sender, wanted, offset, length, now);
    this.#endBlock(sender, held.link, now);
    if (wanted === 0) return this.#once(held, sender, NumberedFlag.alone, offset, length, now);
    sender.encoder.copied();
    if (second !== undefined && isNear(held.link, second))
      return this.#twice(held, sender, second, offset, length, now);
    return this.#again(held, sender, offset, length, now);
  }

  /** Ends blocks and sends copies that are due. */
  tick(now: number): void {
    const { senders, copies } = this.#context.protection;
    copies.send(this.#at(now), this.#sendCopy);
    for (let at = 0; at < senders.all.length; at++) {
      const sender = senders.all[at]!;
      if (sender.encoder.deadline > now) continue;
      const link = this.#linkOf(sender);
      if (link !== undefined) this.#endBlock(sender, link, now);
      else sender.encoder.end(() => undefined);
    }
  }

  /** Numbered, sealed where it lies. */
  #once(held: HeldPacket, sender: Sender, flags: number, offset: number, length: number, now: number): number {
    const start = this.#number(held, sender, flags, offset, length);
    return this.#seal(held.link, start, length + NUMBERED_HEADER_LENGTH, now);
  }

  /** Over both tunnels at once. */
  #twice(
    held: HeldPacket,
    sender: Sender,
    second: Link | undefined,
    offset: number,
    length: number,
    now: number,
  ): number {
    if (second === undefined) return this.#once(held, sender, NumberedFlag.alone, offset, length, now);
    const { memory, outgoing, protection } = this.#context;
    const start = this.#number(held, sender, 0, offset, length);
    const total = length + NUMBERED_HEADER_LENGTH;
    // Taking room may send what waits and empty the arena that the packet lies in: so both are copies, each queued at once.
    const copy = outgoing.take(total);
    memory.bytes.copyWithin(copy, start, start + total);
    const verdict = this.#frame(held, second, copy, total, now);
    if (verdict === PASSED) protection.counts.copies += 1;
    const first = outgoing.take(total);
    memory.bytes.copyWithin(first, start, start + total);
    return this.#seal(held.link, first, total, now) === PASSED ? PASSED : verdict;
  }

  /** Over the one tunnel, and once more after a moment. */
  #again(held: HeldPacket, sender: Sender, offset: number, length: number, now: number): number {
    const { copies, counts } = this.#context.protection;
    const start = this.#number(held, sender, 0, offset, length);
    const total = length + NUMBERED_HEADER_LENGTH;
    if (copies.add(sender, start, total, now)) counts.copies += 1;
    return this.#seal(held.link, start, total, now);
  }

  /** At once, and as a part of the parity that follows. */
  #withParity(held: HeldPacket, sender: Sender, wanted: number, offset: number, length: number, now: number): number {
    const { encoder } = sender;
    const { slots } = this.#context.protection;
    const room = Math.min(held.link.mtu - PROTECTION_OVERHEAD + SHARD_PREFIX_LENGTH, slots.most);
    if (encoder.count > 0 && length + SHARD_PREFIX_LENGTH > encoder.room) this.#endBlock(sender, held.link, now);
    if (encoder.count === 0) encoder.begin(sender.number, wanted, Math.max(room, length + SHARD_PREFIX_LENGTH), now);
    const isFull = encoder.add(held.segment, offset, length);
    const verdict = this.#once(held, sender, NumberedFlag.parity, offset, length, now);
    if (isFull) this.#endBlock(sender, held.link, now);
    return verdict;
  }

  /** Writes the header before a packet; answers where it begins. */
  #number(held: HeldPacket, sender: Sender, flags: number, offset: number, length: number): number {
    const header = this.#numbered;
    header.stream = sender.treatment;
    header.epoch = sender.epoch;
    header.flags = flags;
    header.number = sender.take();
    writeNumberedHeader(this.#context.memory.view, offset, held.segment, length, header);
    this.#context.protection.counts.sent += 1;
    return offset - NUMBERED_HEADER_LENGTH;
  }

  #endBlock(sender: Sender, link: Link, now: number): void {
    const { encoder } = sender;
    if (encoder.count === 0) return;
    this.#now = now;
    this.#link = link;
    this.#sender = sender;
    encoder.end(this.#sendParity);
  }

  #sendOneParity(index: number, offset: number): void {
    const sender = this.#sender;
    const { encoder } = sender;
    const { protection, memory } = this.#context;
    const header = this.#parity;
    header.stream = sender.treatment;
    header.epoch = sender.epoch;
    header.index = index;
    header.first = encoder.first;
    header.count = encoder.count;
    writeParityHeader(memory.view, offset, encoder.shardLength, header);
    const start = offset - PARITY_HEADER_LENGTH;
    const total = encoder.shardLength + PARITY_HEADER_LENGTH;
    this.#frame(this.#heldOf(sender), this.#link, start, total, this.#now);
    protection.counts.paritySent += 1;
  }

  #sendOneCopy(sender: Sender, offset: number, length: number): void {
    const link = this.#linkOf(sender);
    if (link !== undefined) this.#frame(this.#heldOf(sender), link, offset, length, this.#now);
  }

  /** Sends a frame that is not a packet in its own turn: it waits for one where its uplink is shaped. A verdict. */
  #frame(held: HeldPacket, link: Link, offset: number, length: number, now: number): number {
    const shaper = this.#context.shapers.of(link.socket);
    if (shaper?.mustWait(held.policy, length, wireLength(length, link), now) === true) {
      const own = held.link;
      held.shaper = shaper;
      held.link = link;
      const verdict = this.#holding.frame(held, offset, length, now);
      held.link = own;
      return verdict;
    }
    return this.#seal(link, offset, length, now);
  }

  #seal(link: Link, offset: number, length: number, now: number): number {
    const session = sendingSession(this.#context, link, now);
    if (session === undefined) return Drop.noSession;
    const verdict = sealAndQueue(this.#context, link, session, offset, length);
    link.peer.onDataSent(now);
    return verdict;
  }

  #look(sender: Sender, link: Link, now: number): void {
    if (now - sender.lossAtMs < LOOK_MS) return;
    sender.lossAtMs = now;
    const [slow, fast] = [link.measurement?.outgoing(now, 'slow'), link.measurement?.outgoing(now, 'fast')];
    sender.loss = slow == null || fast == null ? null : Math.max(slow.loss, fast.loss);
  }

  #linkOf({ edge, treatment }: Sender): Link | undefined {
    const { groups, links } = this.#context;
    const number = groups.activeOf(groups.of(edge, treatment));
    return number === NO_TUNNEL ? undefined : links.at(number);
  }

  #heldOf(sender: Sender): HeldPacket {
    const held = this.#held;
    held.policy = sender.policy!;
    held.flow = sender.flow;
    held.segment = 0;
    return held;
  }

  #at(now: number): number {
    this.#now = now;
    return now;
  }
}

/** Whether what goes over both comes at about the same time, as far as is known. */
function isNear(first: Link, second: Link): boolean {
  const [one, other] = [first.measurement?.roundTrip.smoothedUs, second.measurement?.roundTrip.smoothedUs];
  return one == null || other == null || (other - one) / 2 < MOST_DIFFERENCE_US;
}
