/** From the TUN: what this site sends into the fabric. */
import { type Family, PacketVerdict, PacketView, Protocol } from '@patronus/net';
import { isBfd } from '../bfd/datagram.ts';
import { Drop, PASSED } from '../drops.ts';
import { VIRTIO_HEADER_LENGTH } from '../io.ts';
import { NO_EDGE } from '../tables/flows.ts';
import type { EdgesTarget } from '../tables/routes.ts';
import type { PathContext } from './context.ts';
import type { Forward } from './forward.ts';
import type { IcmpErrors } from './icmp.ts';
import { Gso, OffloadHeader } from './offloadHeader.ts';

/** Of the TUN there is one, and it is segment 0's. */
const SEGMENT = 0;
const ECHO_HEADER = 8;

export class Outbound {
  /** Whether the packet last handled lies where it was until everything is flushed; otherwise its room is free again. */
  staysInPlace = false;
  readonly #context: PathContext;
  readonly #forward: Forward;
  readonly #errors: IcmpErrors;
  readonly #packet = new PacketView();
  readonly #offload = new OffloadHeader();

  constructor(context: PathContext, forward: Forward, errors: IcmpErrors) {
    this.#context = context;
    this.#forward = forward;
    this.#errors = errors;
  }

  /**
   * Takes the packet of `length` bytes at `offset`, with HEADROOM before it that ends in its virtio header, and TAILROOM
   * behind it. Answers what became of it.
   */
  handle(offset: number, length: number, now: number): number {
    const verdict = this.#pass(offset, length, now);
    this.staysInPlace = verdict === PASSED && this.#offload.gsoType === Gso.none;
    if (verdict === PASSED) return PASSED;
    this.#errors.answer(verdict, this.#packet, this.#forward.room, now);
    return this.#context.drops.count(verdict);
  }

  #pass(offset: number, length: number, now: number): number {
    const { memory, routing } = this.#context;
    const packet = this.#packet;
    const offload = this.#offload;
    offload.read(memory.view, offset - VIRTIO_HEADER_LENGTH);
    if (packet.read(memory.bytes, offset, length) !== PacketVerdict.ok) return Drop.malformed;
    if (isMulticast(memory.bytes, packet.family, packet.destinationOffset)) return Drop.multicast;
    const isOurs = routing.ownSources.lookup(SEGMENT, packet.family, memory.bytes, packet.sourceOffset);
    if (isOurs === undefined) return Drop.notOurs;
    // The tunnels' own: never to be forged from a LAN.
    if (isBfd(packet)) return Drop.bfdFromLan;
    const target = routing.routes.lookup(SEGMENT, packet.family, memory.bytes, packet.destinationOffset);
    if (target === undefined) return Drop.noRoute;
    const way = target.kind === 'edges' ? (this.#asked(packet) ?? target) : target;
    return this.#forward.packet(SEGMENT, packet, offload, way, NO_EDGE, now);
  }

  /** Where this is an echo request of our own that asks for the LAN behind one edge of several: that one. */
  #asked(packet: PacketView): EdgesTarget | undefined {
    const { bytes, transportOffset } = packet;
    if (!isEchoRequest(packet)) return undefined;
    const { ownAddress, reach } = this.#context.routing;
    for (let at = 0; at < ownAddress.length; at++)
      if (bytes[packet.sourceOffset + at] !== ownAddress[at]) return undefined;
    return reach.get((bytes[transportOffset + 4]! << 8) | bytes[transportOffset + 5]!);
  }
}

/** RFC 792, RFC 4443 §4.1: whole, so that its identifier can be read. */
function isEchoRequest({ bytes, protocol, transportOffset, transportLength, isFragment }: PacketView): boolean {
  if (isFragment || transportLength < ECHO_HEADER) return false;
  const type = bytes[transportOffset];
  return (protocol === Protocol.icmp && type === 8) || (protocol === Protocol.icmpv6 && type === 128);
}

/** RFC 5771 §3, RFC 919, RFC 4291 §2.7. */
export function isMulticast(bytes: Uint8Array, family: Family, offset: number): boolean {
  return family === 4 ? bytes[offset]! >= 224 : bytes[offset] === 0xff;
}
