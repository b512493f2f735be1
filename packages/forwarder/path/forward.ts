/**
 * The middle of the way: from a packet that may pass to the link it leaves by, cut to what fits through there, and
 * compressed where its policy wants that.
 */
import { PacketVerdict, PacketView, Protocol } from '@patronus/net';
import { TRANSPORT_HEADER_LENGTH } from '@patronus/wireguard';
import { COMPRESSION_CAPABILITY } from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import { LEAST_MTU, type Link } from '../links.ts';
import { Capability, FRAME_HEADER_LENGTH, writePacketHeader } from '../overlay.ts';
import { PROTECTION_CAPABILITY, PROTECTION_OVERHEAD } from '../protection/numberedFrame.ts';
import { Protector } from '../protection/protector.ts';
import type { Sender } from '../protection/sender.ts';
import { afterSkip, afterTry, shouldTry } from '../sampling.ts';
import { type HeldPacket, Holding } from '../shaping/holding.ts';
import type { Shaper } from '../shaping/shaper.ts';
import { wireLength } from '../shaping/wire.ts';
import { NO_SLOT } from '../slots.ts';
import { NO_ENTRY } from '../tables/flows.ts';
import type { Policy } from '../tables/policies.ts';
import type { Target } from '../tables/routes.ts';
import type { Session } from '../tables/sessions.ts';
import { clampMss, smallestMtu } from './clampMss.ts';
import { Compressor, NOT_SMALLER } from './compression.ts';
import type { PathContext } from './context.ts';
import { fragmentIpv4, mayFragment } from './fragments.ts';
import { markPacket } from './mark.ts';
import { NextHop } from './nextHop.ts';
import { Gso, type OffloadHeader } from './offloadHeader.ts';
import { Segmenter } from './segmentation.ts';
import { datagramLength, sealAndQueue, sendingSession, transmit } from './transmit.ts';

/** Segments that are built together; more would only wait for each other. */
const MOST_TOGETHER = 64;
const TCP_FLAGS = 13;
const SYN = 0x02;

export class Forward {
  /** After `Drop.tooBig`: what would have fitted. */
  room = 0;
  readonly #context: PathContext;
  readonly #nextHop: NextHop;
  readonly #segmenter: Segmenter;
  readonly #compressor: Compressor;
  readonly #holding: Holding;
  readonly #protector: Protector;
  readonly #datagram = new PacketView();
  readonly #take = (length: number): number => this.#context.outgoing.take(length);
  readonly #fragment = (offset: number, length: number): number => this.#sendOne(offset, length);

  /** Of the packet at hand. */
  #link!: Link;
  #session!: Session;
  #segment = 0;
  #policy!: Policy;
  /** Its stream, where its group protects what it sends. */
  #sender: Sender | undefined;
  #now = 0;
  /** The packet at hand has waited, in this slot; and the shaper where its turn came. */
  #slot = NO_SLOT;
  #waitedAt: Shaper | undefined;
  readonly #held = {} as HeldPacket;

  constructor(context: PathContext) {
    this.#context = context;
    this.#nextHop = new NextHop(context);
    this.#segmenter = new Segmenter(context.memory, context.kernels);
    this.#holding = new Holding(context.memory, context.shapers.waiting, this.#segmenter);
    this.#protector = new Protector(context, this.#holding);
    context.protection.send = (now) => this.#protector.tick(now);
    this.#compressor = new Compressor({
      memory: context.memory,
      kernels: context.kernels,
      take: (length) => context.outgoing.take(length),
      send: (link, offset, length, now) => transmit(context, link, offset, length, now),
    });
  }

  /**
   * Sends a packet, as `packet` read it and `offload` came with it (undefined: it is one ordinary packet), on its way to
   * `target`. It lies in packet memory with room around it and may be sealed where it is. `fromEdge` is the
   * edge it came from, which it never goes back to (NO_EDGE: from our own side). Answers a verdict, not yet counted.
   */
  packet(
    segment: number,
    packet: PacketView,
    offload: OffloadHeader | undefined,
    target: Target,
    fromEdge: number,
    now: number,
  ): number {
    const context = this.#context;
    if (target.kind === 'local') return Drop.noRoute;
    if (!this.allows(segment, packet, now)) return Drop.denied;
    const link = this.#nextHop.of(target, fromEdge);
    if (link === undefined) return Drop.noTunnel;
    if (segment !== 0 && !understands(link, Capability.segments)) return Drop.noSegment;
    const session = sendingSession(context, link, now);
    if (session === undefined) return Drop.noSession;
    this.#link = link;
    this.#session = session;
    this.#segment = segment;
    this.#now = now;
    if (this.#policy.mark !== null) markPacket(packet, this.#policy.mark);
    const isLarge = offload !== undefined && offload.gsoType !== Gso.none;
    if (offload !== undefined && !isLarge) {
      const completed = this.#segmenter.completeChecksum(packet, offload);
      if (completed !== PASSED) return completed;
    }
    this.#sender = this.#senderOf(link);
    this.room = this.#sender === undefined ? roomOf(link, segment) : this.#protectedRoom(link);
    if (isSyn(packet)) clampMss(context.memory.bytes, packet, this.#smallestRoom(target));
    const shaper = context.shapers.of(link.socket);
    if (shaper !== undefined && this.#mustWait(shaper, packet)) {
      return this.#hold(shaper, packet, isLarge ? offload : undefined, fromEdge);
    }
    const verdict = isLarge ? this.#segments(packet, offload) : this.#whole(packet);
    link.peer.onDataSent(now);
    context.links.sentMs[link.number] = now;
    return verdict;
  }

  /** Finds the packet's policy; false, and counted there, where that denies it. */
  allows(segment: number, packet: PacketView, now: number): boolean {
    const { classifier } = this.#context;
    classifier.classify(segment, packet, now);
    this.#policy = classifier.policy;
    if (!this.#policy.isDenied) return true;
    this.#policy.counts.deniedPackets += 1;
    return false;
  }

  /**
   * Sends the packet of a slot, whose turn it is at `shaper` (undefined: its place is gone), wherever it goes by now. Whether
   * it left through the uplink that it waited for. What becomes of the slot is settled.
   */
  waited(shaper: Shaper | undefined, slot: number, now: number): boolean {
    const { shapers, routing, drops } = this.#context;
    const { slots, segment, fromEdge } = shapers.waiting;
    const frameOf = shapers.waiting.frameOf[slot];
    if (frameOf !== undefined) return this.#waitedFrame(frameOf, shaper, slot, now);
    const packet = this.#holding.read(slot);
    const target =
      packet && routing.routes.lookup(segment[slot]!, packet.family, packet.bytes, packet.destinationOffset);
    if (packet === undefined || target === undefined) {
      slots.free(slot);
      drops.count(Drop.noRoute);
      return false;
    }
    this.#slot = slot;
    this.#waitedAt = shaper;
    const verdict = this.packet(segment[slot]!, packet, undefined, target, fromEdge[slot]!, now);
    const isMoved = this.#slot === NO_SLOT;
    this.#slot = NO_SLOT;
    this.#waitedAt = undefined;
    if (isMoved) return false;
    slots.release(slot);
    if (verdict !== PASSED) drops.count(verdict);
    return verdict === PASSED && this.#context.shapers.of(this.#link.socket) === shaper;
  }

  /** A copy has no other way: without its link it is dropped, for the original goes its own. */
  #waitedFrame(link: Link, shaper: Shaper | undefined, slot: number, now: number): boolean {
    const { links, shapers } = this.#context;
    const { slots, length, frameOf } = shapers.waiting;
    frameOf[slot] = undefined;
    const isThere = links.at(link.number) === link && links.isUp[link.number] === 1;
    const verdict = isThere ? transmit(this.#context, link, slots.offsetOf(slot), length[slot]!, now) : Drop.noTunnel;
    slots.release(slot);
    return verdict === PASSED && shapers.of(link.socket) === shaper;
  }

  /** Whether it has to wait before its uplink; what has had its turn there has not. */
  #mustWait(shaper: Shaper, { totalLength }: PacketView): boolean {
    if (this.#slot !== NO_SLOT && this.#waitedAt === shaper) return false;
    return shaper.mustWait(this.#policy, totalLength, wireLength(totalLength, this.#link), this.#now);
  }

  #describe(): HeldPacket {
    const held = this.#held;
    held.policy = this.#policy;
    held.link = this.#link;
    held.segment = this.#segment;
    held.flow = this.#context.classifier.bucket;
    return held;
  }

  /** Puts the packet where it waits, in pieces that fit where it would go now; what would not fit is told at once. */
  #hold(shaper: Shaper, packet: PacketView, offload: OffloadHeader | undefined, fromEdge: number): number {
    const held = this.#describe();
    held.shaper = shaper;
    held.fromEdge = fromEdge;
    if (this.#slot !== NO_SLOT) {
      this.#holding.move(held, this.#slot, this.#now);
      this.#slot = NO_SLOT;
      return PASSED;
    }
    if (offload === undefined) {
      if (packet.totalLength > this.room && !mayFragment(packet)) return Drop.tooBig;
      return this.#holding.whole(held, packet, this.#now);
    }
    const verdict = this.#segmenter.plan(packet, offload, this.room);
    if (verdict === PASSED) return this.#holding.segments(held, this.#now);
    if (verdict !== Drop.tooBig || !mayFragment(packet)) return verdict;
    return this.#holding.fragmentable(held, packet, offload, this.#now);
  }

  /** Sends what waits to be packed together. */
  flush(now: number): void {
    this.#compressor.flush(now);
  }

  /** One packet: as it is, in fragments, or not at all. */
  #whole(packet: PacketView): number {
    if (packet.totalLength <= this.room) return this.#sendOne(packet.offset, packet.totalLength);
    if (!mayFragment(packet)) return Drop.tooBig;
    return fragmentIpv4(this.#context.memory, packet, this.room, this.#take, this.#fragment);
  }

  /** A large packet of the TUN, cut to what fits through. */
  #segments(packet: PacketView, offload: OffloadHeader): number {
    const segmenter = this.#segmenter;
    const verdict = segmenter.plan(packet, offload, this.room);
    if (verdict === Drop.tooBig && mayFragment(packet)) return this.#fragmentedSegments(packet, offload);
    if (verdict !== PASSED) return verdict;
    if (this.#segment !== 0 || this.#sender !== undefined || this.#compresses()) return this.#segmentsOneByOne();
    return this.#segmentRun();
  }

  /** Side by side in memory, as they will leave: the kernel gets them as one buffer. */
  #segmentRun(): number {
    const context = this.#context;
    const link = this.#link;
    const { count, length, lastLength } = this.#segmenter;
    const stride = datagramLength(link, length);
    let verdict: number = PASSED;
    for (let at = 0; at < count; ) {
      const together = Math.min(count - at, MOST_TOGETHER);
      const start = context.outgoing.take(together * stride);
      for (let one = 0; one < together; one++, at++) {
        const target = start + one * stride + TRANSPORT_HEADER_LENGTH;
        this.#segmenter.write(at, target);
        const sent = sealAndQueue(context, link, this.#session, target, at === count - 1 ? lastLength : length);
        if (sent !== PASSED) verdict = sent;
      }
    }
    this.#count((count - 1) * length + lastLength, count);
    return verdict;
  }

  #segmentsOneByOne(): number {
    const { count, length, lastLength } = this.#segmenter;
    let verdict: number = PASSED;
    for (let at = 0; at < count; at++) {
      const own = at === count - 1 ? lastLength : length;
      const target = this.#context.staging.take(own);
      this.#segmenter.write(at, target);
      const sent = this.#sendOne(target, own);
      if (sent !== PASSED) verdict = sent;
    }
    return verdict;
  }

  /** Datagrams of UDP may not be cut smaller, but each may be fragmented. */
  #fragmentedSegments(packet: PacketView, offload: OffloadHeader): number {
    const { memory, staging } = this.#context;
    const segmenter = this.#segmenter;
    const planned = segmenter.plan(packet, offload, Number.POSITIVE_INFINITY);
    if (planned !== PASSED) return planned;
    let verdict: number = PASSED;
    for (let at = 0; at < segmenter.count; at++) {
      const own = at === segmenter.count - 1 ? segmenter.lastLength : segmenter.length;
      const target = staging.take(own);
      segmenter.write(at, target);
      if (this.#datagram.read(memory.bytes, target, own) !== PacketVerdict.ok) return Drop.malformed;
      const sent = this.#whole(this.#datagram);
      if (sent !== PASSED) verdict = sent;
    }
    return verdict;
  }

  /** A complete packet that fits. */
  #sendOne(offset: number, length: number): number {
    const context = this.#context;
    const link = this.#link;
    if (this.#compresses()) {
      const { samples } = context.flows;
      const sample = samples[this.#nextHop.side]!;
      if (shouldTry(sample)) {
        const verdict = this.#compress(offset, length);
        if (verdict !== NOT_SMALLER) return verdict;
      } else {
        samples[this.#nextHop.side] = afterSkip(sample);
        this.#compressor.flush(this.#now);
        link.compression.skipped += 1;
      }
      this.#policy.counts.skippedPackets += 1;
    }
    this.#count(length, 1);
    if (this.#sender !== undefined) return this.#protect(this.#sender, offset, length);
    if (this.#segment === 0) return sealAndQueue(context, link, this.#session, offset, length);
    const start = offset - FRAME_HEADER_LENGTH;
    writePacketHeader(context.memory.bytes, start, this.#segment, length);
    return sealAndQueue(context, link, this.#session, start, length + FRAME_HEADER_LENGTH);
  }

  #senderOf(link: Link): Sender | undefined {
    const { groups, protection } = this.#context;
    const mode = groups.modeOf(this.#nextHop.group);
    if (mode === 'single' || mode === 'balance' || !understands(link, PROTECTION_CAPABILITY)) return undefined;
    return protection.senders.of(link.tunnel!.edge, this.#policy.treatment, mode);
  }

  /** What fits through both tunnels, with its parity. */
  #protectedRoom(link: Link): number {
    const second = this.#protector.secondOf(this.#nextHop.group);
    return Math.min(link.mtu, second?.mtu ?? link.mtu) - PROTECTION_OVERHEAD;
  }

  #protect(sender: Sender, offset: number, length: number): number {
    const second = this.#protector.secondOf(this.#nextHop.group);
    const held = this.#describe();
    return this.#protector.send(held, sender, second, offset, length, this.#now);
  }

  /** A verdict, or NOT_SMALLER: it is to go as it is. */
  #compress(offset: number, length: number): number {
    const { counts, compression } = this.#policy;
    const { samples } = this.#context.flows;
    const { toBytes } = this.#link.compression;
    const verdict = this.#compressor.add(this.#link, this.#segment, offset, length, compression!, this.#now);
    const became = verdict === NOT_SMALLER ? length : this.#link.compression.toBytes - toBytes;
    samples[this.#nextHop.side] = afterTry(samples[this.#nextHop.side]!, length, became);
    if (verdict !== PASSED) return verdict;
    counts.compressedPackets += 1;
    counts.compressedFromBytes += length;
    counts.compressedToBytes += became;
    this.#count(length, 1);
    return PASSED;
  }

  #compresses(): boolean {
    return (
      this.#nextHop.side !== NO_ENTRY &&
      this.#sender === undefined &&
      this.#policy.compression !== null &&
      understands(this.#link, COMPRESSION_CAPABILITY)
    );
  }

  #count(bytes: number, packets: number): void {
    if (bytes > LEAST_MTU) this.#link.sentLarge = true;
    this.#link.sentBytes += bytes;
    this.#link.sentPackets += packets;
    if (this.#link.isIdle) this.#context.woken(this.#link, this.#now);
    const { counts } = this.#policy;
    counts.sentBytes += bytes;
    counts.sentPackets += packets;
  }

  /** What fits through every path the flow may take, so that a switch need not cut it (RFC 6691: headers apart). */
  #smallestRoom(target: Target): number {
    if (target.kind !== 'edges') return this.room;
    const { groups, links } = this.#context;
    const overhead = this.#sender === undefined ? 0 : PROTECTION_OVERHEAD;
    return Math.min(this.room, smallestMtu(target.edges, groups, links) - overhead);
  }
}

/** Largest packet of a segment that fits through a link. */
function roomOf(link: Link, segment: number): number {
  return segment === 0 ? link.mtu : link.mtu - FRAME_HEADER_LENGTH;
}

/** Whether the other end announced that it can do this. */
function understands({ tunnel }: Link, capability: number): boolean {
  return tunnel?.heardAnnounce === true && (tunnel.capabilities & capability) !== 0;
}

/** Whether it opens a connection, or answers one that does: what carries the MSS option. */
export function isSyn(packet: PacketView): boolean {
  if (packet.protocol !== Protocol.tcp || packet.transportLength <= TCP_FLAGS) return false;
  return (packet.bytes[packet.transportOffset + TCP_FLAGS]! & SYN) !== 0;
}
