/**
 * Fragmentation of IPv4 packets that allow it (RFC 791 §2.3, §3.2), before sealing: what the other edge writes to its TUN
 * are fragments like any others, and the receiving host puts them together.
 */
import { type PacketView, writeIpv4HeaderChecksum } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import type { PacketMemory } from '../memory.ts';

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const FIXED_HEADER = 20;
/** Options with this bit go into every fragment, the others only into the first (RFC 791 §3.1). */
const COPIED = 0x80;
const NO_OPERATION = 1;

/** Whether the packet may be cut into fragments. IPv6 leaves that to whoever sent it (RFC 8200 §4.5). */
export function mayFragment(packet: PacketView): boolean {
  return packet.family === 4 && (wordAt(packet.bytes, packet.offset + 6) & DONT_FRAGMENT) === 0;
}

/**
 * Cuts the packet into fragments of at most `mtu` bytes, each in memory that `take` gives, and hands them to `each`,
 * which answers a verdict. PASSED, the last verdict that was not, or `Drop.tooBig` where not even eight bytes fit.
 */
export function fragmentIpv4(
  memory: PacketMemory,
  packet: PacketView,
  mtu: number,
  take: (length: number) => number,
  each: (offset: number, length: number) => number,
): number {
  const { bytes, view } = memory;
  const { offset, totalLength, transportOffset } = packet;
  const headerLength = transportOffset - offset;
  const room = (mtu - headerLength) & ~7;
  if (room < 8) return Drop.tooBig;
  const field = view.getUint16(offset + 6);
  const first = field & OFFSET_MASK;
  const payload = totalLength - headerLength;
  let verdict: number = PASSED;
  for (let done = 0; done < payload; done += room) {
    const length = Math.min(room, payload - done);
    const target = take(headerLength + length);
    bytes.copyWithin(target, offset, transportOffset);
    bytes.copyWithin(target + headerLength, transportOffset + done, transportOffset + done + length);
    if (done > 0) blankOptions(bytes, target + FIXED_HEADER, target + headerLength);
    const isLast = done + length === payload && (field & MORE_FRAGMENTS) === 0;
    view.setUint16(target + 2, headerLength + length);
    view.setUint16(target + 6, (first + done / 8) | (isLast ? 0 : MORE_FRAGMENTS));
    writeIpv4HeaderChecksum(bytes, target, headerLength);
    const sent = each(target, headerLength + length);
    if (sent !== PASSED) verdict = sent;
  }
  return verdict;
}

/** Replaces options that belong to the first fragment alone by no-operations, so that the header keeps its length. */
function blankOptions(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === 0) return;
    const length = kind === NO_OPERATION ? 1 : (bytes[at + 1] ?? 0);
    if (length < 1 || (kind !== NO_OPERATION && length < 2) || at + length > end) return;
    if ((kind & COPIED) === 0) bytes.fill(NO_OPERATION, at, at + length);
    at += length;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
