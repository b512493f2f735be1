/**
 * The Internet checksum (RFC 1071) over a stretch of a caller's buffer; nothing is allocated.
 * Partial sums are folded to 16 bits, so they can be chained in any order over even-length stretches.
 * Offsets and lengths are in bytes and must lie inside the buffer; a stretch is at most 65,535 bytes, as IP packets are.
 */

import type { Family } from './address.ts';

const UDP = 17;

/** The folded one's-complement sum of big-endian 16-bit words; an odd last byte is padded with zero. */
export function partialSum(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  let sum = initial;
  const end = offset + length;
  let at = offset;
  for (; at + 1 < end; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) sum += bytes[at]! << 8;
  return fold(sum);
}

function fold(sum: number): number {
  // 32,768 words of 16 bits stay below 2^32, so unsigned shifts are exact; two folds always suffice.
  const once = (sum >>> 16) + (sum & 0xffff);
  return (once >>> 16) + (once & 0xffff);
}

/** The checksum of a stretch, as it is written into a header (its field counted as it stands). */
export function internetChecksum(bytes: Uint8Array, offset: number, length: number): number {
  return ~partialSum(bytes, offset, length) & 0xffff;
}

/** The checksum after one 16-bit word changed (RFC 1624 §3, equation 3, which has no trouble with zero). */
export function updateChecksum(checksum: number, oldWord: number, newWord: number): number {
  return ~fold((~checksum & 0xffff) + (~oldWord & 0xffff) + newWord) & 0xffff;
}

/** Whether the IPv4 header of `headerLength` bytes at `offset` has a right checksum (RFC 791 §3.1). */
export function ipv4HeaderIsIntact(bytes: Uint8Array, offset: number, headerLength: number): boolean {
  return partialSum(bytes, offset, headerLength) === 0xffff;
}

/** Writes the checksum of the IPv4 header of `headerLength` bytes at `offset`. */
export function writeIpv4HeaderChecksum(bytes: Uint8Array, offset: number, headerLength: number): void {
  writeWord(bytes, offset + 10, 0);
  writeWord(bytes, offset + 10, internetChecksum(bytes, offset, headerLength));
}

/**
 * The folded sum of the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
 * `addressesOffset` is where the source address begins; the destination follows it, as it does in both IP headers.
 */
export function pseudoHeaderSum(
  bytes: Uint8Array,
  family: Family,
  addressesOffset: number,
  protocol: number,
  transportLength: number,
): number {
  return partialSum(bytes, addressesOffset, family === 4 ? 8 : 32, protocol + transportLength);
}

/** Whether a TCP, UDP or ICMPv6 checksum is right. The caller deals with UDP over IPv4 that carries none (0). */
export function transportIsIntact(
  bytes: Uint8Array,
  family: Family,
  addressesOffset: number,
  protocol: number,
  transportOffset: number,
  transportLength: number,
): boolean {
  const pseudo = pseudoHeaderSum(bytes, family, addressesOffset, protocol, transportLength);
  return partialSum(bytes, transportOffset, transportLength, pseudo) === 0xffff;
}

/** Writes a TCP (field at 16), UDP (6) or ICMPv6 (2) checksum; `fieldOffset` counts from the transport header. */
export function writeTransportChecksum(
  bytes: Uint8Array,
  family: Family,
  addressesOffset: number,
  protocol: number,
  transportOffset: number,
  transportLength: number,
  fieldOffset: number,
): void {
  writeWord(bytes, transportOffset + fieldOffset, 0);
  const pseudo = pseudoHeaderSum(bytes, family, addressesOffset, protocol, transportLength);
  const checksum = ~partialSum(bytes, transportOffset, transportLength, pseudo) & 0xffff;
  // In UDP zero means "no checksum", so a real zero travels as all ones (RFC 768).
  writeWord(bytes, transportOffset + fieldOffset, checksum === 0 && protocol === UDP ? 0xffff : checksum);
}

function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 8;
  bytes[offset + 1] = word & 0xff;
}
