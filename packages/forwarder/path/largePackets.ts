/**
 * For tests: packets made from words, and a plain second opinion on how a large one is cut (RFC 9293 §3.1, RFC 768), written
 * apart from what it is held against.
 */
import { writeIpv4HeaderChecksum, writeTransportChecksum } from '@patronus/net';
import { VIRTIO_HEADER_LENGTH } from '../io.ts';
import { Gso } from './offloadHeader.ts';

export interface PacketWords {
  readonly family: 4 | 6;
  readonly protocol: 6 | 17;
  /** Last byte of source and destination address. */
  readonly hosts: readonly [number, number];
  readonly ports: readonly [number, number];
  readonly payload: Uint8Array;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly tcpOptions?: readonly number[];
  readonly ipOptions?: readonly number[];
  /** Of IPv6: a destination options header of 8 bytes before the transport. */
  readonly hasExtension?: boolean;
  readonly identification?: number;
  readonly dontFragment?: boolean;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
}

export const TcpFlag = { fin: 0x01, syn: 0x02, psh: 0x08, ack: 0x10, ece: 0x40, cwr: 0x80 } as const;

/** The packet with every length and checksum right. */
export function makePacket(words: PacketWords): Uint8Array {
  const { family, protocol, payload, ipOptions = [], tcpOptions = [], hasExtension = false } = words;
  const ipHeader = family === 4 ? 20 + ipOptions.length : 40 + (hasExtension ? 8 : 0);
  const transportHeader = protocol === 6 ? 20 + tcpOptions.length : 8;
  const bytes = new Uint8Array(ipHeader + transportHeader + payload.length);
  const view = new DataView(bytes.buffer);
  const transport = bytes.length - ipHeader;
  const { hopLimit = 64, trafficClass = 0, hosts, ports } = words;
  if (family === 4) {
    bytes[0] = 0x40 | (ipHeader / 4);
    bytes[1] = trafficClass;
    view.setUint16(2, bytes.length);
    view.setUint16(4, words.identification ?? 0);
    view.setUint16(6, (words.dontFragment ?? true) ? 0x4000 : 0);
    bytes.set([hopLimit, protocol], 8);
    bytes.set([10, 0, 0, hosts[0], 10, 0, 1, hosts[1]], 12);
    bytes.set(ipOptions, 20);
    writeIpv4HeaderChecksum(bytes, 0, ipHeader);
  } else {
    view.setUint32(0, 0x60000000 | (trafficClass << 20));
    view.setUint16(4, bytes.length - 40);
    bytes.set([hasExtension ? 60 : protocol, hopLimit, 0xfd], 6);
    bytes[23] = hosts[0];
    bytes[24] = 0xfd;
    bytes[39] = hosts[1];
    if (hasExtension) bytes.set([protocol, 0, 1, 4, 0, 0, 0, 0], 40);
  }
  view.setUint16(ipHeader, ports[0]);
  view.setUint16(ipHeader + 2, ports[1]);
  if (protocol === 6) {
    view.setUint32(ipHeader + 4, words.sequence ?? 0);
    view.setUint32(ipHeader + 8, words.acknowledgement ?? 0);
    bytes[ipHeader + 12] = (transportHeader / 4) << 4;
    bytes[ipHeader + 13] = words.flags ?? TcpFlag.ack;
    view.setUint16(ipHeader + 14, words.window ?? 500);
    bytes.set(tcpOptions, ipHeader + 20);
  } else view.setUint16(ipHeader + 4, transport);
  bytes.set(payload, ipHeader + transportHeader);
  const addresses = family === 4 ? 12 : 8;
  writeTransportChecksum(bytes, family, addresses, protocol, ipHeader, transport, protocol === 6 ? 16 : 6);
  return bytes;
}

/** What a large packet made of these words is cut into, `size` payload bytes a piece. */
export function cut(words: PacketWords, size: number): Uint8Array[] {
  const { payload, flags = TcpFlag.ack, sequence = 0, identification = 0 } = words;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += size) {
    const isFirst = at === 0;
    const isLast = at + size >= payload.length;
    let own = flags;
    if (!isLast) own &= ~(TcpFlag.fin | TcpFlag.psh);
    if (!isFirst) own &= ~TcpFlag.cwr;
    pieces.push(
      makePacket({
        ...words,
        payload: payload.subarray(at, at + size),
        sequence: (sequence + at) >>> 0,
        identification: (identification + pieces.length) & 0xffff,
        flags: own,
      }),
    );
  }
  return pieces;
}

/** The packet as a TUN gives it: virtio header first, the checksum field holding the pseudo-header's sum alone. */
export function asLarge(words: PacketWords, size: number): Uint8Array {
  const packet = makePacket(words);
  const view = new DataView(packet.buffer);
  const start = transportStart(words);
  const field = words.protocol === 6 ? 16 : 6;
  let sum = words.protocol + packet.length - start;
  const [from, to] = words.family === 4 ? [12, 20] : [8, 40];
  for (let at = from; at < to; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(start + field, sum);
  const large = new Uint8Array(VIRTIO_HEADER_LENGTH + packet.length);
  const header = new DataView(large.buffer);
  const kind = words.protocol === 17 ? Gso.udp : words.family === 4 ? Gso.tcp4 : Gso.tcp6;
  const hasCwr = words.protocol === 6 && ((words.flags ?? 0) & TcpFlag.cwr) !== 0;
  large.set([1, kind | (hasCwr ? 0x80 : 0)]);
  header.setUint16(4, size, true);
  header.setUint16(6, start, true);
  header.setUint16(8, field, true);
  large.set(packet, VIRTIO_HEADER_LENGTH);
  return large;
}

/** What the kernel makes of a large packet that is written to it, by its virtio header and nothing else. */
export function cutWritten(written: Uint8Array): Uint8Array[] {
  const header = new DataView(written.buffer, written.byteOffset, VIRTIO_HEADER_LENGTH);
  const packet = written.slice(VIRTIO_HEADER_LENGTH);
  const view = new DataView(packet.buffer);
  const kind = header.getUint8(1) & ~0x80;
  if (kind === Gso.none) return [packet];
  const [size, start] = [header.getUint16(4, true), header.getUint16(6, true)];
  const isTcp = kind !== Gso.udp;
  const family = packet[0]! >>> 4 === 4 ? 4 : 6;
  const headers = start + (isTcp ? (packet[start + 12]! >>> 4) * 4 : 8);
  const words: PacketWords = {
    family,
    protocol: isTcp ? 6 : 17,
    hosts: family === 4 ? [packet[15]!, packet[19]!] : [packet[23]!, packet[39]!],
    ports: [view.getUint16(start), view.getUint16(start + 2)],
    payload: packet.subarray(headers),
    trafficClass: family === 4 ? packet[1]! : (view.getUint16(0) >>> 4) & 0xff,
    hopLimit: packet[family === 4 ? 8 : 7]!,
    ...(family === 4
      ? { identification: view.getUint16(4), dontFragment: (view.getUint16(6) & 0x4000) !== 0 }
      : undefined),
    ...(isTcp
      ? {
          sequence: view.getUint32(start + 4),
          acknowledgement: view.getUint32(start + 8),
          flags: packet[start + 13]!,
          window: view.getUint16(start + 14),
          tcpOptions: [...packet.subarray(start + 20, headers)],
        }
      : undefined),
  };
  return cut(words, size);
}

export function transportStart({ family, ipOptions = [], hasExtension = false }: PacketWords): number {
  return family === 4 ? 20 + ipOptions.length : 40 + (hasExtension ? 8 : 0);
}
