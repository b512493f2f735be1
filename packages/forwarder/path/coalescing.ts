/**
 * Packets on their way to the TUN, put together where that loses nothing: consecutive segments of one TCP connection and
 * equal datagrams of one UDP flow become one large packet, which the kernel takes in one write and cuts, if it has to, into
 * exactly what came. The rules are those of Linux's own receive offload, and a little stricter: nothing is merged that
 * would come apart differently, the identification of packets that may not be fragmented excepted (RFC 6864 §4.1).
 *
 * A large packet tells the kernel that its checksums need no checking, so each packet's is checked before it is merged;
 * one that is wrong goes on alone, as it came, for the host to judge.
 *
 * Packets stay where they lie until `flush`; the write gathers them (writev). Order is kept among all packets.
 */
import { type PacketView, Protocol } from '@patronus/net';
import { type PacketIo, VIRTIO_HEADER_LENGTH } from '../io.ts';
import type { Kernels } from '../kernels/index.ts';
import type { PacketMemory } from '../memory.ts';
import { Gso, writeLargeHeader } from './offloadHeader.ts';

/** Packets and merges that wait at most. */
const MOST_WAITING = 128;
/** Merges that may still grow; a flow that is not among the latest begins another. */
const MOST_OPEN = 16;
/** Packets of one merge. */
const MOST_MERGED = 64;
const MOST_TOTAL = 65_535;

const ACK = 0x10;
const PSH = 0x08;
const DONT_FRAGMENT = 0x4000;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const UDP_HEADER = 8;

export class Coalescer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #kernels: Kernels['unchecked'];
  readonly #io: Pick<PacketIo, 'writeTun' | 'writeTunPieces' | 'tunOffloads'>;
  readonly #onFailed: (packets: number) => void;

  /** What waits, in order: its first packet, and how many were merged with it. */
  readonly #offset = new Int32Array(MOST_WAITING);
  readonly #length = new Int32Array(MOST_WAITING);
  readonly #merged = new Int32Array(MOST_WAITING);
  /** Of those that are or may become a merge: bytes of headers, payload of each, payload in all, what the next must have. */
  readonly #headers = new Int32Array(MOST_WAITING);
  readonly #size = new Int32Array(MOST_WAITING);
  readonly #payload = new Int32Array(MOST_WAITING);
  readonly #nextSequence = new Uint32Array(MOST_WAITING);
  readonly #identification = new Uint16Array(MOST_WAITING);
  readonly #flow = new Int32Array(MOST_WAITING);
  readonly #addressSum = new Uint16Array(MOST_WAITING);
  readonly #kind = new Uint8Array(MOST_WAITING);
  readonly #isIpv4 = new Uint8Array(MOST_WAITING);
  readonly #endsInPush = new Uint8Array(MOST_WAITING);
  /** Where the payloads of all but the first lie: MOST_MERGED pairs for each. */
  readonly #pieces = new Uint32Array(MOST_WAITING * MOST_MERGED * 2);
  readonly #gathered = new Uint32Array(MOST_MERGED * 2);
  #waiting = 0;
  /** Numbers of the merges that may still grow, the latest last. */
  readonly #open = new Int32Array(MOST_OPEN);
  #openCount = 0;

  constructor(
    { bytes, view }: PacketMemory,
    kernels: Kernels,
    io: Pick<PacketIo, 'writeTun' | 'writeTunPieces' | 'tunOffloads'>,
    onFailed: (packets: number) => void,
  ) {
    this.#bytes = bytes;
    this.#view = view;
    this.#kernels = kernels.unchecked;
    this.#io = io;
    this.#onFailed = onFailed;
  }

  /** Takes a packet for the TUN. The 16 bytes before it are overwritten, and it stays where it is until `flush`. */
  add(packet: PacketView): void {
    const kind = this.#kindOf(packet);
    if (kind !== Gso.none) {
      // Bursts are of one flow: the latest is asked before anything is hashed.
      const latest = this.#latestOpen(packet, kind);
      const flow = latest >= 0 ? this.#flow[latest]! : this.#flowOf(packet);
      const merge = latest >= 0 ? latest : this.#findOpen(packet, kind, flow);
      const sum = merge >= 0 ? this.#addressSum[merge]! : this.#sumAddresses(packet);
      if (this.#isIntact(packet, sum)) {
        if (merge >= 0 && this.#append(merge, packet, kind)) return;
        if (merge >= 0) this.#close(merge);
        this.#begin(packet, kind, flow, sum);
        return;
      }
    }
    // It may belong to a flow that is being merged: what comes later of that flow must not overtake it.
    if (this.#openCount > 0) this.#closeOthers(packet);
    this.#place(packet);
  }

  /** Writes all that waits. */
  flush(): void {
    for (let at = 0; at < this.#waiting; at++) {
      const merged = this.#merged[at]!;
      const isTaken =
        merged === 0 ? this.#io.writeTun(this.#offset[at]!, this.#length[at]!) : this.#writeMerge(at, merged);
      if (!isTaken) this.#onFailed(merged + 1);
    }
    this.#waiting = 0;
    this.#openCount = 0;
  }

  /** What the packet may be merged as: no options, no extension headers, no fragment, and nothing but data. */
  #kindOf(packet: PacketView): number {
    const isIpv4 = packet.family === 4;
    const header = packet.transportOffset - packet.offset;
    if (packet.isFragment || header !== (isIpv4 ? IPV4_HEADER : IPV6_HEADER)) return Gso.none;
    const { tunOffloads } = this.#io;
    if (packet.protocol === Protocol.tcp) {
      if (!(isIpv4 ? tunOffloads.tcp4 : tunOffloads.tcp6) || !this.#isPlainData(packet)) return Gso.none;
      return isIpv4 ? Gso.tcp4 : Gso.tcp6;
    }
    if (packet.protocol !== Protocol.udp || !(isIpv4 ? tunOffloads.udp4 : tunOffloads.udp6)) return Gso.none;
    const { transportOffset, transportLength } = packet;
    const isWhole = transportLength > UDP_HEADER && this.#view.getUint16(transportOffset + 4) === transportLength;
    return isWhole && this.#view.getUint16(transportOffset + UDP_CHECKSUM) !== 0 ? Gso.udp : Gso.none;
  }

  /** A TCP segment with payload and no flags but ACK and perhaps PSH. */
  #isPlainData({ transportOffset, transportLength }: PacketView): boolean {
    if (transportLength <= 20) return false;
    const header = (this.#bytes[transportOffset + 12]! >>> 4) * 4;
    if (header < 20 || header >= transportLength) return false;
    return (this.#bytes[transportOffset + 13]! & ~PSH) === ACK && (this.#bytes[transportOffset + 12]! & 0x0f) === 0;
  }

  /** A number that packets of one flow share, and those of others seldom. */
  #flowOf(packet: PacketView): number {
    const view = this.#view;
    const { sourceOffset, transportOffset } = packet;
    let flow = view.getInt32(transportOffset) ^ packet.protocol;
    const end = sourceOffset + (packet.family === 4 ? 8 : 32);
    for (let at = sourceOffset; at < end; at += 4) flow = Math.imul(flow ^ view.getInt32(at), 0x9e3779b1);
    return flow ^ (flow >>> 15);
  }

  /** Of source and destination, which both checksums include. */
  #sumAddresses({ family, sourceOffset }: PacketView): number {
    return this.#kernels.checksum(sourceOffset, family === 4 ? 8 : 32, 0);
  }

  #isIntact({ protocol, transportOffset, transportLength }: PacketView, addressSum: number): boolean {
    const pseudo = addressSum + protocol + transportLength;
    return this.#kernels.checksum(transportOffset, transportLength, pseudo) === 0xffff;
  }

  /** The merge that was begun last, if it is open and of this packet's flow; or -1. */
  #latestOpen(packet: PacketView, kind: number): number {
    if (this.#openCount === 0) return -1;
    const merge = this.#open[this.#openCount - 1]!;
    return this.#kind[merge] === kind && this.#isSameFlow(merge, packet) ? merge : -1;
  }

  /** The open merge of this packet's flow, or -1. */
  #findOpen(packet: PacketView, kind: number, flow: number): number {
    for (let at = this.#openCount - 1; at >= 0; at--) {
      const merge = this.#open[at]!;
      if (this.#flow[merge] === flow && this.#kind[merge] === kind && this.#isSameFlow(merge, packet)) return merge;
    }
    return -1;
  }

  #isSameFlow(merge: number, { family, sourceOffset, transportOffset, offset }: PacketView): boolean {
    const view = this.#view;
    const first = this.#offset[merge]!;
    if (this.#isIpv4[merge] !== (family === 4 ? 1 : 0)) return false;
    const shift = first - offset;
    if (view.getInt32(transportOffset) !== view.getInt32(transportOffset + shift)) return false;
    const end = sourceOffset + (family === 4 ? 8 : 32);
    for (let at = sourceOffset; at < end; at += 4) if (view.getInt32(at) !== view.getInt32(at + shift)) return false;
    return true;
  }

  /** Adds the packet to a merge of its flow; false when it does not belong behind what is there. */
  #append(merge: number, packet: PacketView, kind: number): boolean {
    const headers = this.#headers[merge]!;
    const payload = packet.totalLength - headers;
    const merged = this.#merged[merge]!;
    if (payload <= 0 || payload > this.#size[merge]! || merged + 1 >= MOST_MERGED) return false;
    if (headers + this.#payload[merge]! + payload > MOST_TOTAL) return false;
    if (!this.#continuesIp(merge, packet) || (kind !== Gso.udp && !this.#continuesTcp(merge, packet))) return false;
    const piece = (merge * MOST_MERGED + merged) * 2;
    this.#pieces[piece] = packet.offset + headers;
    this.#pieces[piece + 1] = payload;
    this.#merged[merge] = merged + 1;
    this.#payload[merge]! += payload;
    this.#nextSequence[merge]! += payload;
    const isPushed = kind !== Gso.udp && (this.#bytes[packet.transportOffset + 13]! & PSH) !== 0;
    if (isPushed) this.#endsInPush[merge] = 1;
    if (isPushed || payload < this.#size[merge]!) this.#close(merge);
    return true;
  }

  /** Class, hop limit, flow label and the permission to fragment are the first's, and the identification follows. */
  #continuesIp(merge: number, { family, offset }: PacketView): boolean {
    const view = this.#view;
    const first = this.#offset[merge]!;
    if (family === 6) {
      return view.getInt32(offset) === view.getInt32(first) && this.#bytes[offset + 7] === this.#bytes[first + 7];
    }
    if (view.getUint16(offset) !== view.getUint16(first)) return false;
    if (view.getUint16(offset + 8) !== view.getUint16(first + 8)) return false;
    const fragment = view.getUint16(offset + 6);
    if (fragment !== view.getUint16(first + 6)) return false;
    const identification = view.getUint16(offset + 4);
    const follows = identification === ((this.#identification[merge]! + 1) & 0xffff);
    this.#identification[merge] = identification;
    return follows || (fragment & DONT_FRAGMENT) !== 0;
  }

  /** Sequence, acknowledgement, window, header length and options. */
  #continuesTcp(merge: number, { transportOffset, offset }: PacketView): boolean {
    const view = this.#view;
    const shift = this.#offset[merge]! - offset;
    if (view.getUint32(transportOffset + 4) !== this.#nextSequence[merge]) return false;
    if (view.getInt32(transportOffset + 8) !== view.getInt32(transportOffset + shift + 8)) return false;
    if (view.getUint16(transportOffset + 14) !== view.getUint16(transportOffset + shift + 14)) return false;
    const offsetByte = this.#bytes[transportOffset + 12]!;
    if (offsetByte !== this.#bytes[transportOffset + shift + 12]) return false;
    const end = transportOffset + (offsetByte >>> 4) * 4;
    for (let at = transportOffset + 20; at < end; at += 4) {
      if (view.getInt32(at) !== view.getInt32(at + shift)) return false;
    }
    return true;
  }

  /** Puts a packet behind the others that others of its flow may follow. */
  #begin(packet: PacketView, kind: number, flow: number, addressSum: number): void {
    const merge = this.#place(packet);
    const { offset, transportOffset, totalLength } = packet;
    const isUdp = kind === Gso.udp;
    const transportHeader = isUdp ? UDP_HEADER : (this.#bytes[transportOffset + 12]! >>> 4) * 4;
    const headers = transportOffset - offset + transportHeader;
    const payload = totalLength - headers;
    this.#headers[merge] = headers;
    this.#size[merge] = payload;
    this.#payload[merge] = payload;
    this.#flow[merge] = flow;
    this.#addressSum[merge] = addressSum;
    this.#kind[merge] = kind;
    this.#isIpv4[merge] = packet.family === 4 ? 1 : 0;
    this.#endsInPush[merge] = 0;
    if (packet.family === 4) this.#identification[merge] = this.#view.getUint16(offset + 4);
    if (!isUdp) {
      this.#nextSequence[merge] = this.#view.getUint32(transportOffset + 4) + payload;
      if ((this.#bytes[transportOffset + 13]! & PSH) !== 0) return;
    }
    if (this.#openCount === MOST_OPEN) this.#close(this.#open[0]!);
    this.#open[this.#openCount++] = merge;
  }

  #place({ offset, totalLength }: PacketView): number {
    if (this.#waiting === MOST_WAITING) this.flush();
    const at = this.#waiting++;
    this.#offset[at] = offset;
    this.#length[at] = totalLength;
    this.#merged[at] = 0;
    return at;
  }

  #close(merge: number): void {
    let kept = 0;
    for (let at = 0; at < this.#openCount; at++) {
      if (this.#open[at] !== merge) this.#open[kept++] = this.#open[at]!;
    }
    this.#openCount = kept;
  }

  /** Ends the merges that this packet, which is not merged itself, may not be overtaken by: those of its addresses. */
  #closeOthers({ family, sourceOffset, offset }: PacketView): void {
    const view = this.#view;
    for (let at = this.#openCount - 1; at >= 0; at--) {
      const merge = this.#open[at]!;
      if (this.#isIpv4[merge] !== (family === 4 ? 1 : 0)) continue;
      const shift = this.#offset[merge]! - offset;
      const end = sourceOffset + (family === 4 ? 8 : 32);
      let same = sourceOffset;
      while (same < end && view.getInt32(same) === view.getInt32(same + shift)) same += 4;
      if (same === end) this.#close(merge);
    }
  }

  #writeMerge(merge: number, merged: number): boolean {
    const view = this.#view;
    const first = this.#offset[merge]!;
    const kind = this.#kind[merge]!;
    const isIpv4 = this.#isIpv4[merge] === 1;
    const total = this.#headers[merge]! + this.#payload[merge]!;
    const start = isIpv4 ? IPV4_HEADER : IPV6_HEADER;
    const field = kind === Gso.udp ? UDP_CHECKSUM : TCP_CHECKSUM;
    const transport = first + start;
    if (isIpv4) {
      view.setUint16(first + 2, total);
      view.setUint16(first + 10, 0);
      view.setUint16(first + 10, ~this.#kernels.checksum(first, IPV4_HEADER, 0) & 0xffff);
    } else view.setUint16(first + 4, total - IPV6_HEADER);
    if (kind === Gso.udp) view.setUint16(transport + 4, total - start);
    else if (this.#endsInPush[merge] === 1) this.#bytes[transport + 13]! |= PSH;
    const protocol = kind === Gso.udp ? Protocol.udp : Protocol.tcp;
    const addresses = isIpv4 ? first + 12 : first + 8;
    view.setUint16(transport + field, this.#kernels.checksum(addresses, isIpv4 ? 8 : 32, protocol + total - start));
    const header = first - VIRTIO_HEADER_LENGTH;
    writeLargeHeader(view, header, kind, this.#headers[merge]!, this.#size[merge]!, start, field);
    const gathered = this.#gathered;
    gathered[0] = header;
    gathered[1] = this.#length[merge]! + VIRTIO_HEADER_LENGTH;
    const piece = merge * MOST_MERGED * 2;
    for (let at = 0; at < merged * 2; at++) gathered[at + 2] = this.#pieces[piece + at]!;
    return this.#io.writeTunPieces(gathered, merged + 1);
  }
}
