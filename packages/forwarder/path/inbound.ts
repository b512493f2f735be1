/** From the sockets: transport messages of WireGuard, opened where they lie. Handshakes are handed on. */
import { PacketVerdict, PacketView, updateChecksum } from '@patronus/net';
import { TRANSPORT_HEADER_LENGTH, TRANSPORT_OVERHEAD } from '@patronus/wireguard';
import { isBfd } from '../bfd/datagram.ts';
import { COMPRESSED_FRAME } from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import type { Link } from '../links.ts';
import { FRAME_HEADER_LENGTH, FrameType, packetFrameLength } from '../overlay.ts';
import { NUMBERED_FRAME, PARITY_FRAME, PROTECTION_OVERHEAD } from '../protection/numberedFrame.ts';
import { addressOffset, readSockaddr, sockaddrPort } from '../sockaddr.ts';
import { NO_EDGE } from '../tables/flows.ts';
import type { Target } from '../tables/routes.ts';
import type { Session } from '../tables/sessions.ts';
import { clampMss, smallestMtu } from './clampMss.ts';
import type { PathContext } from './context.ts';
import { type Expansion, expandFrame } from './expansion.ts';
import { type Forward, isSyn } from './forward.ts';
import type { IcmpErrors } from './icmp.ts';
import { isMulticast } from './outbound.ts';
import { Precedent } from './precedent.ts';

const TYPE_TRANSPORT = 4;
const TWO_32 = 2 ** 32;

/** What is not the packet path's own business. */
export interface InboundOwner {
  /** A message of type 1, 2 or 3; offset and length are bytes in the packet memory. Answers a verdict, counted already. */
  handshake(socket: number, offset: number, length: number, sockaddrOffset: number, now: number): number;
  /** A frame of an edge that is not a packet. Answers a verdict, not yet counted. */
  frame(link: Link, payload: Uint8Array, now: number): number;
  /** A packet for UDP 3784. Answers a verdict, not yet counted. */
  bfd(link: Link, segment: number, packet: PacketView, now: number): number;
}

export class Inbound {
  readonly #context: PathContext;
  readonly #forward: Forward;
  readonly #errors: IcmpErrors;
  readonly #owner: InboundOwner;
  readonly #packet = new PacketView();
  readonly #edge = new Int32Array(1);
  readonly #expansion: Expansion;
  readonly #precedent: Precedent;
  /** Of the datagram before in this burst: its session, and where the address that it came from lies. */
  #session: Session | undefined;
  #source = 0;
  /** Of the compressed frame at hand. */
  #from!: Link;
  #now = 0;

  constructor(context: PathContext, forward: Forward, errors: IcmpErrors, owner: InboundOwner) {
    this.#context = context;
    this.#forward = forward;
    this.#errors = errors;
    this.#owner = owner;
    this.#precedent = new Precedent(context.memory);
    this.#expansion = {
      memory: context.memory,
      kernels: context.kernels,
      take: (length) => context.staging.take(length),
      deliver: (segment, offset, length) => this.#expanded(segment, offset, length),
    };
    context.protection.deliver = (link, segment, offset, length, at) => {
      const verdict = this.#pass(link, segment, offset, length, at);
      if (verdict !== PASSED) context.drops.count(verdict);
    };
  }

  /** Takes the datagram of `length` bytes at `offset` that came to `socket` from the address at `sockaddrOffset`. */
  handle(socket: number, offset: number, length: number, sockaddrOffset: number, now: number): number {
    const { drops, memory } = this.#context;
    if (length < TRANSPORT_OVERHEAD) return drops.count(Drop.malformed);
    // Type and the three reserved bytes, which are zero, read as one.
    const type = memory.view.getUint32(offset, true);
    if (type !== TYPE_TRANSPORT) {
      if (type < 1 || type > 3) return drops.count(Drop.malformed);
      return this.#owner.handshake(socket, offset, length, sockaddrOffset, now);
    }
    const verdict = this.#open(socket, offset, length, sockaddrOffset, now);
    return verdict === PASSED ? PASSED : drops.count(verdict);
  }

  /** Ends a burst: what is handed in from now on has nothing to do with what came before. */
  flush(): void {
    this.#precedent.forget();
    this.#session = undefined;
  }

  /** The cheap checks come first: replay before the tag, and the counter is taken only after it. */
  #open(socket: number, offset: number, length: number, sockaddrOffset: number, now: number): number {
    const { memory, sessions, cipher } = this.#context;
    const session = sessions.find(socket, memory.view.getUint32(offset + 4, true));
    if (session === undefined) return Drop.unknownSession;
    const { keypair, link } = session;
    if (!keypair.isUsable(now)) return Drop.expiredSession;
    const counterLow = memory.view.getUint32(offset + 8, true);
    const counterHigh = memory.view.getUint32(offset + 12, true);
    const counter = counterHigh * TWO_32 + counterLow;
    if (!keypair.replay.check(counter)) return Drop.replayed;
    const payload = offset + TRANSPORT_HEADER_LENGTH;
    const payloadLength = length - TRANSPORT_OVERHEAD;
    if (cipher.open(session.receiveKeyOffset, counterLow, counterHigh, payload, payloadLength) !== 1) {
      return Drop.badTag;
    }
    keypair.replay.accept(counter);
    session.gaps?.accept(counter);
    this.#context.links.heardMs[link.number] = now;
    // Timers and the peer's address know already what the datagram before told them.
    if (session !== this.#session || sockaddrOffset !== this.#source) {
      this.#authenticated(session, sockaddrOffset, now);
      this.#session = session;
      this.#source = sockaddrOffset;
    }
    if (payloadLength === 0) return PASSED;
    link.peer.onDataReceived(now);
    return this.#deliver(link, payload, payloadLength, now);
  }

  /** Moves WireGuard's timers, confirms a new session, and follows the peer to where it sends from. */
  #authenticated({ keypair, link }: Session, sockaddrOffset: number, now: number): void {
    const { memory } = this.#context;
    link.peer.onAuthenticatedPacket(keypair, now);
    const start = addressOffset(link.family, sockaddrOffset);
    const port = sockaddrPort(memory, sockaddrOffset);
    if (link.peer.isAt(memory.bytes, start, link.family === 4 ? 4 : 16, port)) return;
    const source = readSockaddr(memory, sockaddrOffset, link.family);
    if (source === undefined) return;
    memory.bytes.copyWithin(link.sockaddrOffset, sockaddrOffset, sockaddrOffset + link.sockaddrLength);
    link.hasAddress = true;
    link.peer.roam(source);
  }

  /** By the first nibble: 4 and 6 are packets of segment 0, 0 is a frame. */
  #deliver(link: Link, offset: number, length: number, now: number): number {
    const { bytes } = this.#context.memory;
    const first = bytes[offset]! >>> 4;
    if (first === 4 || first === 6) return this.#pass(link, 0, offset, length, now);
    if (first !== 0) return Drop.malformed;
    if (link.tunnel === undefined) return Drop.badFrame;
    const type = bytes[offset]!;
    if (type === FrameType.packet) return this.#carried(link, offset, length, now);
    if (type === COMPRESSED_FRAME) return this.#compressed(link, offset, length, now);
    if (type === NUMBERED_FRAME) return this.#numbered(link, offset, length, now);
    if (type === PARITY_FRAME) return this.#parity(link, offset, length, now);
    return this.#owner.frame(link, bytes.subarray(offset, offset + length), now);
  }

  /** A packet of another segment. */
  #carried(link: Link, offset: number, length: number, now: number): number {
    const { bytes } = this.#context.memory;
    const body = packetFrameLength(bytes, offset, length);
    if (body < 0 || link.tunnel?.heardAnnounce !== true) return Drop.badFrame;
    const segment = (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
    // Segment 0 has one spelling, the plain one; a second would be a second way past any check on the first.
    if (segment === 0) return Drop.badFrame;
    return this.#pass(link, segment, offset + FRAME_HEADER_LENGTH, body, now);
  }

  /** Packets that travelled compressed, each to be judged by itself. */
  #compressed(link: Link, offset: number, length: number, now: number): number {
    if (link.tunnel?.heardAnnounce !== true) return Drop.badFrame;
    this.#from = link;
    this.#now = now;
    return expandFrame(this.#expansion, link, offset, length);
  }

  /** A packet that was sent twice, or with parity. */
  #numbered(link: Link, offset: number, length: number, now: number): number {
    if (link.tunnel?.heardAnnounce !== true) return Drop.badFrame;
    return this.#context.protection.receivers.accept(link, offset, length, now);
  }

  #parity(link: Link, offset: number, length: number, now: number): number {
    if (link.tunnel?.heardAnnounce !== true) return Drop.badFrame;
    return this.#context.protection.receivers.acceptParity(link, offset, length, now);
  }

  #expanded(segment: number, offset: number, length: number): void {
    const verdict = this.#pass(this.#from, segment, offset, length, this.#now);
    if (verdict !== PASSED) this.#context.drops.count(verdict);
  }

  #pass(link: Link, segment: number, offset: number, length: number, now: number): number {
    const { memory, routing, coalescer } = this.#context;
    const packet = this.#packet;
    if (packet.read(memory.bytes, offset, length) !== PacketVerdict.ok) return Drop.malformed;
    if (segment === 0 && this.#precedent.holds(link, packet) && !isSyn(packet)) {
      link.receivedBytes += packet.totalLength;
      link.receivedPackets += 1;
      coalescer.add(packet);
      return PASSED;
    }
    // Its own source check is narrower than the site's.
    if (isBfd(packet)) return this.#owner.bfd(link, segment, packet, now);
    if (link.allowed.lookup(segment, packet.family, memory.bytes, packet.sourceOffset) === undefined) {
      return Drop.badSource;
    }
    link.receivedBytes += packet.totalLength;
    link.receivedPackets += 1;
    if (link.isIdle) this.#context.woken(link, now);
    if (isMulticast(memory.bytes, packet.family, packet.destinationOffset)) return Drop.multicast;
    const target = routing.routes.lookup(segment, packet.family, memory.bytes, packet.destinationOffset);
    if (target === undefined) return Drop.notForUs;
    if (isSyn(packet)) clampMss(memory.bytes, packet, this.#smallestRoom(link));
    if (target.kind !== 'local') return this.#transit(link, segment, target, now);
    // The far end should have denied it already; it may be older, or know it wrong.
    if (!this.#forward.allows(segment, packet, now)) return Drop.denied;
    if (segment !== 0) return Drop.noSegment;
    if (this.#context.classifier.isSettled) this.#precedent.remember(link, packet);
    coalescer.add(packet);
    return PASSED;
  }

  /** What may come back: the smallest of the paths to the edge that a connection is opened from. */
  #smallestRoom(link: Link): number {
    const { groups, links } = this.#context;
    if (link.tunnel === undefined) return link.mtu;
    this.#edge[0] = link.tunnel.edge;
    return smallestMtu(this.#edge, groups, links) - (groups.protects(link.tunnel.edge) ? PROTECTION_OVERHEAD : 0);
  }

  /** Tells the sender of a packet on its way through that it is too big for the way on. */
  #answer(packet: PacketView, now: number): void {
    const { memory, routing, staging } = this.#context;
    this.#errors.answerTransit(Drop.tooBig, packet, this.#forward.room, now, (offset, length) => {
      const copy = staging.take(length);
      memory.bytes.copyWithin(copy, offset, offset + length);
      if (packet.read(memory.bytes, copy, length) !== PacketVerdict.ok) return;
      const target = routing.routes.lookup(0, packet.family, memory.bytes, packet.destinationOffset);
      if (target === undefined || target.kind === 'local') return;
      this.#forward.packet(0, packet, undefined, target, NO_EDGE, now);
    });
  }

  /** On to another edge or peer: a hop like any other, so that a loop of edges ends (RFC 1812 §5.3.1). */
  #transit(link: Link, segment: number, target: Target, now: number): number {
    const packet = this.#packet;
    if (packet.hopLimit <= 1) return Drop.hopLimit;
    const { staging, memory } = this.#context;
    const { bytes, view } = memory;
    const length = packet.totalLength;
    // Where it lies now there is no room behind it: the next datagram of its sender may begin there.
    const copy = staging.take(length);
    bytes.copyWithin(copy, packet.offset, packet.offset + length);
    if (packet.read(bytes, copy, length) !== PacketVerdict.ok) return Drop.malformed;
    if (packet.family === 6) bytes[copy + 7] = packet.hopLimit - 1;
    else {
      const before = view.getUint16(copy + 8);
      view.setUint16(copy + 8, before - 0x100);
      view.setUint16(copy + 10, updateChecksum(view.getUint16(copy + 10), before, before - 0x100));
    }
    const verdict = this.#forward.packet(segment, packet, undefined, target, link.tunnel?.edge ?? NO_EDGE, now);
    if (verdict === Drop.tooBig && segment === 0) this.#answer(packet, now);
    return verdict;
  }
}
