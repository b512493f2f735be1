/**
 * Cuts the large packets of a TUN (TSO, USO) into those that travel: headers repeated, lengths, sequence numbers, flags
 * and checksums right in each. As Linux cuts them itself: RFC 9293 §3.1, RFC 768, RFC 3168 §6.1.2 (CWR), RFC 6864
 * (identification).
 *
 * A packet is planned first, then each piece is written to wherever the caller wants it. Nothing is allocated.
 */
import type { PacketView } from '@patronus/net';
import { Protocol } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import type { Kernels } from '../kernels/index.ts';
import type { PacketMemory } from '../memory.ts';
import { Gso, type OffloadHeader } from './offloadHeader.ts';

const TCP_SEQUENCE = 4;
const TCP_OFFSET_AND_FLAGS = 12;
const TCP_CHECKSUM = 16;
const TCP_LEAST_HEADER = 20;
const UDP_LENGTH = 4;
const UDP_CHECKSUM = 6;
const UDP_HEADER = 8;
const FIN_AND_PSH = 0x09;
const CWR = 0x80;

/** Which protocol each kind of large packet carries, by family. */
const kinds: Readonly<Record<number, { readonly protocol: number; readonly families: readonly number[] }>> = {
  [Gso.tcp4]: { protocol: Protocol.tcp, families: [4] },
  [Gso.tcp6]: { protocol: Protocol.tcp, families: [6] },
  [Gso.udp]: { protocol: Protocol.udp, families: [4, 6] },
};

export class Segmenter {
  /** Of the packet last planned: how many come of it, and the length of each but the last, and of the last. */
  count = 0;
  length = 0;
  lastLength = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #kernels: Kernels['unchecked'];

  /** Of the packet last planned, all absolute but lengths. */
  #offset = 0;
  #transport = 0;
  #headers = 0;
  #payload = 0;
  #isIpv4 = true;
  #isTcp = true;
  #identification = 0;
  #sequence = 0;
  #offsetAndFlags = 0;
  /** Sums of what is the same in every header. */
  #ipSum = 0;
  #transportSum = 0;

  constructor({ bytes, view }: PacketMemory, kernels: Kernels) {
    this.#bytes = bytes;
    this.#view = view;
    this.#kernels = kernels.unchecked;
  }

  /**
   * Works out what a large packet, as `packet` read it, becomes when no piece may be longer than `mtu`. TCP is cut as
   * small as that asks for; datagrams of UDP are what their sender made them. PASSED, `Drop.tooBig` (a datagram does not
   * fit) or `Drop.malformed`.
   */
  plan(packet: PacketView, offload: OffloadHeader, mtu: number): number {
    const kind = kinds[offload.gsoType];
    if (kind === undefined || kind.protocol !== packet.protocol || !kind.families.includes(packet.family)) {
      return Drop.malformed;
    }
    if (packet.isFragment || offload.gsoSize === 0 || !offload.needsChecksum) return Drop.malformed;
    this.#isTcp = packet.protocol === Protocol.tcp;
    const transportHeader = this.#isTcp ? this.#tcpHeaderLength(packet) : UDP_HEADER;
    if (transportHeader === 0 || transportHeader > packet.transportLength) return Drop.malformed;
    this.#offset = packet.offset;
    this.#transport = packet.transportOffset;
    this.#headers = packet.transportOffset - packet.offset + transportHeader;
    const whole = packet.totalLength - this.#headers;
    this.#payload = this.#isTcp ? Math.min(offload.gsoSize, mtu - this.#headers) : offload.gsoSize;
    if (this.#payload <= 0) return Drop.tooBig;
    if (this.#headers + Math.min(whole, this.#payload) > mtu) return Drop.tooBig;
    this.count = Math.max(1, Math.ceil(whole / this.#payload));
    this.lastLength = this.#headers + whole - (this.count - 1) * this.#payload;
    this.length = this.count === 1 ? this.lastLength : this.#headers + this.#payload;
    this.#prepare(packet);
    return PASSED;
  }

  /** Writes piece `at` of what was planned to `target`, which does not overlap the packet. */
  write(at: number, target: number): void {
    const isLast = at === this.count - 1;
    const length = isLast ? this.lastLength : this.length;
    const view = this.#view;
    // For the copy alone: the engine's own is a call out of compiled code.
    this.#kernels.copyAndSum(target, this.#offset, this.#headers, 0);
    if (this.#isIpv4) {
      const identification = (this.#identification + at) & 0xffff;
      view.setUint16(target + 2, length);
      view.setUint16(target + 4, identification);
      view.setUint16(target + 10, ~fold(this.#ipSum + length + identification) & 0xffff);
    } else view.setUint16(target + 4, length - 40);
    const before = this.#transport - this.#offset;
    const payloadLength = length - this.#headers;
    const source = this.#offset + this.#headers + at * this.#payload;
    const sum = this.#kernels.copyAndSum(target + this.#headers, source, payloadLength, 0);
    if (this.#isTcp) this.#writeTcp(target + before, at, isLast, length - before, sum);
    else this.#writeUdp(target + before, length - before, sum);
  }

  /**
   * Fills in the checksum of an ordinary packet that was left to the network card: its field holds the pseudo-header's
   * sum. PASSED or `Drop.malformed`.
   */
  completeChecksum(packet: PacketView, offload: OffloadHeader): number {
    if (!offload.needsChecksum) return PASSED;
    const { checksumStart, checksumOffset } = offload;
    const { offset, totalLength } = packet;
    if (checksumStart < packet.transportOffset - offset) return Drop.malformed;
    if (checksumStart + checksumOffset + 2 > totalLength) return Drop.malformed;
    const sum = this.#kernels.checksum(offset + checksumStart, totalLength - checksumStart, 0);
    const value = ~sum & 0xffff;
    // In UDP zero means that there is none (RFC 768).
    const isUdpZero = value === 0 && packet.protocol === Protocol.udp;
    this.#view.setUint16(offset + checksumStart + checksumOffset, isUdpZero ? 0xffff : value);
    return PASSED;
  }

  #tcpHeaderLength({ transportOffset, transportLength }: PacketView): number {
    if (transportLength < TCP_LEAST_HEADER) return 0;
    const length = (this.#bytes[transportOffset + TCP_OFFSET_AND_FLAGS]! >>> 4) * 4;
    return length < TCP_LEAST_HEADER ? 0 : length;
  }

  /** Sums what does not change from piece to piece. */
  #prepare(packet: PacketView): void {
    const view = this.#view;
    const start = this.#offset;
    this.#isIpv4 = packet.family === 4;
    if (this.#isIpv4) {
      this.#identification = view.getUint16(start + 4);
      const headerLength = this.#transport - start;
      const varying = view.getUint16(start + 2) + this.#identification + view.getUint16(start + 10);
      this.#ipSum = this.#kernels.checksum(start, headerLength, 0) + not(fold(varying));
    }
    const transport = this.#transport;
    const header = this.#headers - (transport - start);
    // The field holds the sum of the pseudo-header, with the length of the whole: that goes, each piece adds its own.
    const pseudo = not(packet.transportLength & 0xffff);
    const sum = this.#kernels.checksum(transport, header, 0) + pseudo;
    if (this.#isTcp) {
      this.#sequence = view.getUint32(transport + TCP_SEQUENCE);
      this.#offsetAndFlags = view.getUint16(transport + TCP_OFFSET_AND_FLAGS);
      const varying = (this.#sequence >>> 16) + (this.#sequence & 0xffff) + this.#offsetAndFlags;
      this.#transportSum = sum + not(fold(varying));
    } else this.#transportSum = sum + not(view.getUint16(transport + UDP_LENGTH));
  }

  #writeTcp(at: number, number: number, isLast: boolean, length: number, payloadSum: number): void {
    const view = this.#view;
    const sequence = (this.#sequence + number * this.#payload) >>> 0;
    let flags = this.#offsetAndFlags;
    if (!isLast) flags &= ~FIN_AND_PSH;
    if (number > 0) flags &= ~CWR;
    view.setUint32(at + TCP_SEQUENCE, sequence);
    view.setUint16(at + TCP_OFFSET_AND_FLAGS, flags);
    const sum = this.#transportSum + (sequence >>> 16) + (sequence & 0xffff) + flags + length + payloadSum;
    view.setUint16(at + TCP_CHECKSUM, ~fold(sum) & 0xffff);
  }

  /** The length counts twice: in the header and in the pseudo-header (RFC 768). */
  #writeUdp(at: number, length: number, payloadSum: number): void {
    const view = this.#view;
    view.setUint16(at + UDP_LENGTH, length);
    const value = ~fold(this.#transportSum + 2 * length + payloadSum) & 0xffff;
    view.setUint16(at + UDP_CHECKSUM, value === 0 ? 0xffff : value);
  }
}

/** To 16 bits, with the carries added at the low end (RFC 1071 §1); sums here stay far below 2^31. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** What takes a 16-bit word out of a sum again. */
function not(word: number): number {
  return ~word & 0xffff;
}
