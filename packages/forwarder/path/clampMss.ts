/**
 * MSS clamping: the segment size that a TCP connection agrees on as it opens (RFC 9293 §3.7.1) is lowered to what fits
 * through the paths it may take, so that nobody has to find out the hard way. As RFC 6691 §2 has it, the option counts
 * only fixed headers.
 */
import { type PacketView, updateChecksum } from '@patronus/net';
import type { LinkTable } from '../links.ts';
import type { Groups } from '../tables/groups.ts';

const FIXED_HEADERS = { 4: 40, 6: 60 } as const;
const TCP_HEADER = 20;
const CHECKSUM = 16;
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const MSS = 2;
const MSS_LENGTH = 4;

/**
 * Lowers the MSS option of a SYN or SYN-ACK to what fits into packets of `mtu` bytes; true when it did. A packet without
 * the option, a fragment, or one whose options make no sense stays as it is.
 */
export function clampMss(bytes: Uint8Array, packet: PacketView, mtu: number): boolean {
  if (packet.isFragment) return false;
  const { transportOffset, transportLength, family } = packet;
  const most = mtu - FIXED_HEADERS[family];
  if (transportLength < TCP_HEADER || most <= 0) return false;
  const headerLength = (bytes[transportOffset + 12]! >>> 4) * 4;
  if (headerLength > transportLength) return false;
  const end = transportOffset + headerLength;
  for (let at = transportOffset + TCP_HEADER; at < end; ) {
    const kind = bytes[at]!;
    if (kind === END_OF_OPTIONS) return false;
    if (kind === NO_OPERATION) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > end) return false;
    if (kind === MSS) return length === MSS_LENGTH && lower(bytes, transportOffset, at + 2, most);
    at += length;
  }
  return false;
}

/** Lowers the 16-bit value at `at` to `most`, and mends the checksum for each 16-bit word that it touches. */
function lower(bytes: Uint8Array, transport: number, at: number, most: number): boolean {
  const value = (bytes[at]! << 8) | bytes[at + 1]!;
  if (value <= most) return false;
  // An option may begin at an odd place: then the value lies across two words of the sum.
  const start = at - ((at - transport) & 1);
  const words = at === start ? 1 : 2;
  const before = Array.from({ length: words }, (_, word) => wordAt(bytes, start + word * 2));
  bytes[at] = most >>> 8;
  bytes[at + 1] = most & 0xff;
  let checksum = wordAt(bytes, transport + CHECKSUM);
  for (let word = 0; word < words; word++) {
    checksum = updateChecksum(checksum, before[word]!, wordAt(bytes, start + word * 2));
  }
  bytes[transport + CHECKSUM] = checksum >>> 8;
  bytes[transport + CHECKSUM + 1] = checksum & 0xff;
  return true;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The smallest MTU of the tunnels that are up to any of these edges: of every path that a flow may come to take. */
export function smallestMtu(edges: Int32Array, groups: Groups, links: LinkTable): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const edge of edges) {
    for (const number of groups.tunnelsTo(edge)) {
      const link = links.isUp[number] === 1 ? links.at(number) : undefined;
      if (link !== undefined) smallest = Math.min(smallest, link.mtu);
    }
  }
  return smallest;
}
