/**
 * What an ICMP error is about: the beginning of the packet that it quotes (RFC 792, RFC 4443 §3), which is seldom whole.
 * Only what finds its flow is read.
 */
import { type PacketView, Protocol } from '@patronus/net';

const ICMP_HEADER = 8;
/** Enough for ports, and for the identifier of an echo. */
const LEAST_TRANSPORT = 8;

/** Unreachable, source quench, time exceeded, parameter problem; ICMPv6 has its errors below 128 (RFC 4443 §2.1). */
export function isIcmpError(packet: PacketView): boolean {
  if (packet.isLaterFragment || packet.transportLength < ICMP_HEADER) return false;
  const type = packet.bytes[packet.transportOffset]!;
  if (packet.protocol === Protocol.icmpv6) return type < 128;
  return packet.protocol === Protocol.icmp && (type === 3 || type === 4 || type === 11 || type === 12);
}

/** Reads what `error` quotes into `quoted`; false where it does not show a flow, or not one of the error's receiver. */
export function readQuoted(error: PacketView, quoted: PacketView): boolean {
  const { bytes, transportOffset, transportLength } = error;
  const at = transportOffset + ICMP_HEADER;
  const end = transportOffset + transportLength;
  const isRead = error.family === 4 ? readIpv4(bytes, at, end, quoted) : readIpv6(bytes, at, end, quoted);
  return isRead && isReceiver(error, quoted);
}

function readIpv4(bytes: Uint8Array, at: number, end: number, quoted: PacketView): boolean {
  if (at + 20 > end || bytes[at]! >>> 4 !== 4) return false;
  const transport = at + (bytes[at]! & 0x0f) * 4;
  const isLaterFragment = (wordAt(bytes, at + 6) & 0x1fff) !== 0;
  if (transport < at + 20 || isLaterFragment) return false;
  quoted.family = 4;
  quoted.protocol = bytes[at + 9]!;
  return readEnds(bytes, at + 12, at + 16, transport, end, quoted);
}

/** Behind extension headers nothing is looked for: such an error is judged by itself. */
function readIpv6(bytes: Uint8Array, at: number, end: number, quoted: PacketView): boolean {
  if (at + 40 > end || bytes[at]! >>> 4 !== 6) return false;
  quoted.family = 6;
  quoted.protocol = bytes[at + 6]!;
  return readEnds(bytes, at + 8, at + 24, at + 40, end, quoted);
}

function readEnds(
  bytes: Uint8Array,
  source: number,
  destination: number,
  transport: number,
  end: number,
  quoted: PacketView,
): boolean {
  if (transport + LEAST_TRANSPORT > end) return false;
  const hasPorts = quoted.protocol === Protocol.tcp || quoted.protocol === Protocol.udp;
  quoted.bytes = bytes;
  quoted.sourceOffset = source;
  quoted.destinationOffset = destination;
  quoted.transportOffset = transport;
  quoted.transportLength = end - transport;
  quoted.sourcePort = hasPorts ? wordAt(bytes, transport) : 0;
  quoted.destinationPort = hasPorts ? wordAt(bytes, transport + 2) : 0;
  quoted.isFragment = quoted.isLaterFragment = false;
  return true;
}

/** An error goes to whoever sent what it quotes; anything else is a packet that somebody made up. */
function isReceiver(error: PacketView, quoted: PacketView): boolean {
  const length = error.family === 4 ? 4 : 16;
  for (let at = 0; at < length; at++) {
    if (error.bytes[error.destinationOffset + at] !== quoted.bytes[quoted.sourceOffset + at]) return false;
  }
  return true;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
