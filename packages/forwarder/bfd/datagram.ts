/**
 * A Control packet inside a tunnel, as on any single hop (RFC 5881 §4, §5): UDP 3784 between the overlay addresses of both
 * edges, with a hop limit of 255.
 */
import { CONTROL_PORT, HOP_LIMIT } from '@patronus/bfd';
import {
  type Family,
  type PacketView,
  Protocol,
  transportIsIntact,
  writeIpv4HeaderChecksum,
  writeTransportChecksum,
} from '@patronus/net';

const UDP_HEADER = 8;
/** Network control (RFC 4594 §3.1). */
const TRAFFIC_CLASS = 48 << 2;

/** Bytes before the Control packet. */
export function headerLength(family: Family): 28 | 48 {
  return family === 4 ? 28 : 48;
}

/** The longest there is: IPv6, and a Control packet without authentication, of which a tunnel has enough. */
export const LONGEST_DATAGRAM = 48 + 24;

/**
 * Writes the headers before the Control packet of `length` bytes that begins `headerLength` behind `offset`. Addresses are of
 * one family. Answers the length of the whole.
 */
export function writeDatagram(
  bytes: Uint8Array,
  offset: number,
  source: Uint8Array,
  destination: Uint8Array,
  sourcePort: number,
  length: number,
): number {
  const family = source.length === 4 ? 4 : 6;
  const udp = offset + headerLength(family) - UDP_HEADER;
  const udpLength = UDP_HEADER + length;
  const addresses = family === 4 ? offset + 12 : offset + 8;
  bytes.fill(0, offset, addresses);
  bytes.set(source, addresses);
  bytes.set(destination, addresses + source.length);
  if (family === 4) {
    bytes[offset] = 0x45;
    bytes[offset + 1] = TRAFFIC_CLASS;
    putWord(bytes, offset + 2, 20 + udpLength);
    bytes[offset + 8] = HOP_LIMIT;
    bytes[offset + 9] = Protocol.udp;
    writeIpv4HeaderChecksum(bytes, offset, 20);
  } else {
    putWord(bytes, offset, (6 << 12) | (TRAFFIC_CLASS << 4));
    putWord(bytes, offset + 4, udpLength);
    bytes[offset + 6] = Protocol.udp;
    bytes[offset + 7] = HOP_LIMIT;
  }
  putWord(bytes, udp, sourcePort);
  putWord(bytes, udp + 2, CONTROL_PORT);
  putWord(bytes, udp + 4, udpLength);
  writeTransportChecksum(bytes, family, addresses, Protocol.udp, udp, udpLength, 6);
  return headerLength(family) + length;
}

/** Whether the packet is for UDP 3784, in whatever state. */
export function isBfd(packet: PacketView): boolean {
  return packet.protocol === Protocol.udp && packet.destinationPort === CONTROL_PORT;
}

/** Whether it is between these two addresses. */
export function isBetween(packet: PacketView, source: Uint8Array, destination: Uint8Array): boolean {
  return (
    isAt(packet.bytes, packet.sourceOffset, packet.family, source) &&
    isAt(packet.bytes, packet.destinationOffset, packet.family, destination)
  );
}

/** Length of the Control packet, which begins behind the UDP header; −1 where the datagram is none, or damaged. */
export function controlLength(packet: PacketView): number {
  const { bytes, transportOffset, transportLength } = packet;
  if (packet.isFragment || transportLength < UDP_HEADER) return -1;
  const udpLength = wordAt(bytes, transportOffset + 4);
  if (udpLength < UDP_HEADER || udpLength > transportLength) return -1;
  const hasNoChecksum = packet.family === 4 && wordAt(bytes, transportOffset + 6) === 0;
  const { family, sourceOffset } = packet;
  if (!hasNoChecksum && !transportIsIntact(bytes, family, sourceOffset, Protocol.udp, transportOffset, udpLength)) {
    return -1;
  }
  return udpLength - UDP_HEADER;
}

export function controlOffset(packet: PacketView): number {
  return packet.transportOffset + UDP_HEADER;
}

function isAt(bytes: Uint8Array, offset: number, family: Family, address: Uint8Array): boolean {
  if (address.length !== (family === 4 ? 4 : 16)) return false;
  for (let at = 0; at < address.length; at++) if (bytes[offset + at] !== address[at]) return false;
  return true;
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function putWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 8;
  bytes[offset + 1] = word & 0xff;
}
