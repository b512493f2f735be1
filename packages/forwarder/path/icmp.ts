/**
 * Errors for whoever sent a packet: one that is too big for its path (ICMPv4 type 3 code 4, RFC 1191 §4; ICMPv6 type 2,
 * RFC 4443 §3.2), that leads nowhere (type 3 code 1, RFC 792; ICMPv6 type 1 code 0, RFC 4443 §3.1) or that a policy denies
 * (code 13, RFC 1812 §5.2.7.1; ICMPv6 type 1 code 1). The answer goes into the TUN, or back into the fabric where the
 * packet came from there. Never about an error, a later fragment or a multicast (RFC 1122 §3.2.2, RFC 4443 §2.4), and at
 * most a hundred a second.
 */
import {
  internetChecksum,
  type PacketView,
  Protocol,
  writeIpv4HeaderChecksum,
  writeTransportChecksum,
} from '@patronus/net';
import { Drop } from '../drops.ts';
import { SCRATCH } from '../memory.ts';
import type { PathContext } from './context.ts';

const PER_SECOND = 100;
const DEFAULT_HOPS = 64;
const ICMP_HEADER = 8;
/** RFC 1812 §4.3.2.3: at most 576 bytes in all; RFC 4443 §2.4: at most the minimum MTU. */
const MOST_QUOTED = { 4: 576 - 20 - ICMP_HEADER, 6: 1280 - 40 - ICMP_HEADER } as const;

interface IcmpError {
  /** [type, code] */
  readonly ipv4: readonly [number, number];
  readonly ipv6: readonly [number, number];
  readonly tellsMtu: boolean;
}

const tooBig: IcmpError = { ipv4: [3, 4], ipv6: [2, 0], tellsMtu: true };
const unreachable: IcmpError = { ipv4: [3, 1], ipv6: [1, 0], tellsMtu: false };
const prohibited: IcmpError = { ipv4: [3, 13], ipv6: [1, 1], tellsMtu: false };

const errorOf: Readonly<Record<number, IcmpError>> = {
  [Drop.tooBig]: tooBig,
  [Drop.denied]: prohibited,
  [Drop.noRoute]: unreachable,
  [Drop.noTunnel]: unreachable,
  [Drop.noSession]: unreachable,
};

export class IcmpErrors {
  readonly #context: PathContext;
  #allowance = PER_SECOND;
  #filledAt = 0;

  constructor(context: PathContext) {
    this.#context = context;
  }

  /**
   * Tells the sender of `packet`, which came from the TUN, why it was dropped, if that is something to tell. `room`: the
   * largest packet that would have passed.
   */
  answer(verdict: number, packet: PacketView, room: number, now: number): void {
    const length = this.#write(verdict, packet, room, now);
    if (length > 0) this.#context.io.writeTun(SCRATCH, length);
  }

  /** As `answer`, for a packet that came out of a tunnel: `send` takes the answer on its way back. */
  answerTransit(
    verdict: number,
    packet: PacketView,
    room: number,
    now: number,
    send: (offset: number, length: number) => void,
  ): void {
    const length = this.#write(verdict, packet, room, now);
    if (length > 0) send(SCRATCH, length);
  }

  /** Length of the answer, which lies in the scratch slot; 0 when there is none to give. */
  #write(verdict: number, packet: PacketView, room: number, now: number): number {
    const error = errorOf[verdict];
    if (error === undefined || isLaterFragment(packet) || isIcmpError(packet) || !this.#mayAnswer(now)) return 0;
    return packet.family === 4
      ? this.#writeIpv4(SCRATCH, error, packet, room)
      : this.#writeIpv6(SCRATCH, error, packet, room);
  }

  #mayAnswer(now: number): boolean {
    this.#allowance = Math.min(PER_SECOND, this.#allowance + ((now - this.#filledAt) * PER_SECOND) / 1_000);
    this.#filledAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  #writeIpv4(at: number, { ipv4, tellsMtu }: IcmpError, packet: PacketView, room: number): number {
    const { bytes, view } = this.#context.memory;
    const quoted = Math.min(packet.totalLength, MOST_QUOTED[4]);
    const total = 20 + ICMP_HEADER + quoted;
    bytes.fill(0, at, at + 20 + ICMP_HEADER);
    bytes[at] = 0x45;
    view.setUint16(at + 2, total);
    bytes[at + 8] = DEFAULT_HOPS;
    bytes[at + 9] = Protocol.icmp;
    this.#copyAddresses(at + 12, 4, packet);
    writeIpv4HeaderChecksum(bytes, at, 20);
    const icmp = at + 20;
    bytes.set(ipv4, icmp);
    if (tellsMtu) view.setUint16(icmp + 6, Math.min(room, 0xffff));
    bytes.copyWithin(icmp + ICMP_HEADER, packet.offset, packet.offset + quoted);
    view.setUint16(icmp + 2, internetChecksum(bytes, icmp, ICMP_HEADER + quoted));
    return total;
  }

  #writeIpv6(at: number, { ipv6, tellsMtu }: IcmpError, packet: PacketView, room: number): number {
    const { bytes, view } = this.#context.memory;
    const quoted = Math.min(packet.totalLength, MOST_QUOTED[6]);
    bytes.fill(0, at, at + 40 + ICMP_HEADER);
    bytes[at] = 0x60;
    view.setUint16(at + 4, ICMP_HEADER + quoted);
    bytes[at + 6] = Protocol.icmpv6;
    bytes[at + 7] = DEFAULT_HOPS;
    this.#copyAddresses(at + 8, 16, packet);
    const icmp = at + 40;
    bytes.set(ipv6, icmp);
    if (tellsMtu) view.setUint32(icmp + 4, room);
    bytes.copyWithin(icmp + ICMP_HEADER, packet.offset, packet.offset + quoted);
    writeTransportChecksum(bytes, 6, at + 8, Protocol.icmpv6, icmp, ICMP_HEADER + quoted, 2);
    return 40 + ICMP_HEADER + quoted;
  }

  /** From us to the packet's sender; where we have no address of that family, as if from the destination. */
  #copyAddresses(to: number, length: 4 | 16, packet: PacketView): void {
    const { memory, routing } = this.#context;
    if (routing.ownAddress.length === length) memory.bytes.set(routing.ownAddress, to);
    else memory.bytes.copyWithin(to, packet.destinationOffset, packet.destinationOffset + length);
    memory.bytes.copyWithin(to + length, packet.sourceOffset, packet.sourceOffset + length);
  }
}

function isLaterFragment(packet: PacketView): boolean {
  if (!packet.isFragment) return false;
  // A first fragment of TCP or UDP shows its ports; for anything else it is not worth telling them apart.
  return packet.sourcePort === 0 && packet.destinationPort === 0;
}

/** Any ICMP message but an echo: cheaper than the list of errors, and nobody needs the rest. */
function isIcmpError(packet: PacketView): boolean {
  const type = packet.bytes[packet.transportOffset];
  if (packet.protocol === Protocol.icmp) return type !== 8 && type !== 0;
  return packet.protocol === Protocol.icmpv6 && type !== 128 && type !== 129;
}
