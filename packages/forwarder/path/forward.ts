/**
 * The middle of the way: from a packet that may pass to the link it leaves by, cut to what fits through there, and
 * compressed where its class wants that.
 */
import { PacketVerdict, PacketView, Protocol } from '@patronus/net';
import { TRANSPORT_HEADER_LENGTH } from '@patronus/wireguard';
import { COMPRESSION_CAPABILITY } from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import { NO_TUNNEL } from '../fastSwitch.ts';
import { LEAST_MTU, type Link } from '../links.ts';
import { Capability, FRAME_HEADER_LENGTH, writePacketHeader } from '../overlay.ts';
import { afterSkip, afterTry, shouldTry } from '../sampling.ts';
import type { TrafficClass } from '../tables/classes.ts';
import { NO_ENTRY, NO_GROUP } from '../tables/flows.ts';
import type { EdgesTarget, PeerTarget, Target } from '../tables/routes.ts';
import type { Session } from '../tables/sessions.ts';
import { clampMss, smallestMtu } from './clampMss.ts';
import { Compressor, NOT_SMALLER } from './compression.ts';
import type { PathContext } from './context.ts';
import { fragmentIpv4, mayFragment } from './fragments.ts';
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
  readonly #segmenter: Segmenter;
  readonly #compressor: Compressor;
  readonly #datagram = new PacketView();
  readonly #take = (length: number): number => this.#context.outgoing.take(length);
  readonly #fragment = (offset: number, length: number): number => this.#sendOne(offset, length);

  /** Of the packet at hand. `#entry`: where the flow table has its flow. */
  #link!: Link;
  #session!: Session;
  #segment = 0;
  #class!: TrafficClass;
  #entry = NO_ENTRY;
  #now = 0;

  constructor(context: PathContext) {
    this.#context = context;
    this.#segmenter = new Segmenter(context.memory, context.kernels);
    this.#compressor = new Compressor({
      memory: context.memory,
      kernels: context.kernels,
      take: (length) => context.outgoing.take(length),
      send: (link, offset, length, now) => transmit(context, link, offset, length, now),
    });
  }

  /**
   * Sends a packet, as `packet` read it and `offload` came with it (undefined: it is one ordinary packet), on its way to
   * `target`. It lies in packet memory with room around it and may be sealed where it is. `fromGroup` is the group of
   * the edge it came from, which it never goes back to (NO_GROUP: from our own side). Answers a verdict, not yet counted.
   */
  packet(
    segment: number,
    packet: PacketView,
    offload: OffloadHeader | undefined,
    target: Target,
    fromGroup: number,
    now: number,
  ): number {
    const context = this.#context;
    const link =
      target.kind === 'edges'
        ? this.#edgeLink(segment, packet, target, fromGroup, now)
        : this.#peerLink(target, segment, packet);
    if (link === undefined) return target.kind === 'local' ? Drop.noRoute : Drop.noTunnel;
    if (segment !== 0 && !understands(link, Capability.segments)) return Drop.noSegment;
    const session = sendingSession(context, link, now);
    if (session === undefined) return Drop.noSession;
    this.#link = link;
    this.#session = session;
    this.#segment = segment;
    this.#now = now;
    const isLarge = offload !== undefined && offload.gsoType !== Gso.none;
    if (offload !== undefined && !isLarge) {
      const completed = this.#segmenter.completeChecksum(packet, offload);
      if (completed !== PASSED) return completed;
    }
    this.room = segment === 0 ? link.mtu : link.mtu - FRAME_HEADER_LENGTH;
    if (isSyn(packet)) clampMss(context.memory.bytes, packet, this.#smallestRoom(target));
    const verdict = isLarge ? this.#segments(packet, offload) : this.#whole(packet);
    link.peer.onDataSent(now);
    return verdict;
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
    if (this.#segment !== 0 || this.#compresses()) return this.#segmentsOneByOne();
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
      const sample = samples[this.#entry]!;
      if (shouldTry(sample)) {
        const verdict = this.#compress(offset, length);
        if (verdict !== NOT_SMALLER) return verdict;
      } else {
        samples[this.#entry] = afterSkip(sample);
        this.#compressor.flush(this.#now);
        link.compression.skipped += 1;
      }
      this.#class.counts.skippedPackets += 1;
    }
    this.#count(length, 1);
    if (this.#segment === 0) return sealAndQueue(context, link, this.#session, offset, length);
    const start = offset - FRAME_HEADER_LENGTH;
    writePacketHeader(context.memory.bytes, start, this.#segment, length);
    return sealAndQueue(context, link, this.#session, start, length + FRAME_HEADER_LENGTH);
  }

  /** A verdict, or NOT_SMALLER: it is to go as it is. */
  #compress(offset: number, length: number): number {
    const { counts, compression } = this.#class;
    const { samples } = this.#context.flows;
    const { toBytes } = this.#link.compression;
    const verdict = this.#compressor.add(this.#link, this.#segment, offset, length, compression!, this.#now);
    const became = verdict === NOT_SMALLER ? length : this.#link.compression.toBytes - toBytes;
    samples[this.#entry] = afterTry(samples[this.#entry]!, length, became);
    if (verdict !== PASSED) return verdict;
    counts.compressedPackets += 1;
    counts.compressedFromBytes += length;
    counts.compressedToBytes += became;
    this.#count(length, 1);
    return PASSED;
  }

  #compresses(): boolean {
    return (
      this.#entry !== NO_ENTRY && this.#class.compression !== null && understands(this.#link, COMPRESSION_CAPABILITY)
    );
  }

  #count(bytes: number, packets: number): void {
    if (bytes > LEAST_MTU) this.#link.sentLarge = true;
    this.#link.sentBytes += bytes;
    this.#link.sentPackets += packets;
    const { counts } = this.#class;
    counts.sentBytes += bytes;
    counts.sentPackets += packets;
  }

  /** What fits through every path the flow may take, so that a switch need not cut it (RFC 6691: headers apart). */
  #smallestRoom(target: Target): number {
    if (target.kind !== 'edges') return this.room;
    const { groups, links } = this.#context;
    return Math.min(this.room, smallestMtu(target.groups, groups, links));
  }

  /** The flow's group while it has a tunnel; otherwise the first next hop that has one. */
  #edgeLink(
    segment: number,
    packet: PacketView,
    target: EdgesTarget,
    fromGroup: number,
    now: number,
  ): Link | undefined {
    const { flows, groups, links, classes } = this.#context;
    const known = flows.lookup(segment, packet, now);
    this.#entry = flows.entry;
    if (known !== NO_GROUP && known !== fromGroup) {
      const active = groups.activeOf(known);
      if (active !== NO_TUNNEL) {
        this.#class = classes.at(flows.classes[this.#entry]!);
        return links.at(active);
      }
    }
    for (let at = 0; at < target.groups.length; at++) {
      const group = target.groups[at]!;
      const active = group === fromGroup ? NO_TUNNEL : groups.activeOf(group);
      if (active === NO_TUNNEL) continue;
      const found = classes.find(segment, packet);
      flows.remember(segment, packet, group, found, now);
      this.#entry = flows.entry;
      this.#class = classes.at(found);
      return links.at(active);
    }
    return undefined;
  }

  /** Of a stock peer's links, the one whose handshake is the latest. */
  #peerLink(target: Target, segment: number, packet: PacketView): Link | undefined {
    if (target.kind !== 'peer') return undefined;
    const { links, classes } = this.#context;
    this.#entry = NO_ENTRY;
    this.#class = classes.at(classes.find(segment, packet));
    let best: Link | undefined;
    for (let at = 0; at < (target as PeerTarget).links.length; at++) {
      const link = links.at((target as PeerTarget).links[at]!);
      if (link === undefined || !link.hasAddress) continue;
      if (best === undefined || (link.peer.lastHandshakeAt ?? 0) > (best.peer.lastHandshakeAt ?? 0)) best = link;
    }
    return best;
  }
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
