/**
 * "Congestion experienced" in an inner header (RFC 3168 §5), before it is sealed: what would have been dropped goes on,
 * and its sender slows down all the same. ECT(1) is treated as ECT(0): it may be marked (RFC 8311 §3.1).
 */
import { updateChecksum } from '@patronus/net';
import type { PacketMemory } from '../memory.ts';

const CONGESTION = 3;
/** RFC 3168 §5: neither end understands marks. */
const NOT_CAPABLE = 0;

/** Marks the packet at `offset`; false where its sender does not understand that, and it is as it was. */
export function markCongestion({ bytes, view }: PacketMemory, offset: number): boolean {
  if (bytes[offset]! >>> 4 === 6) {
    // The two bits are the last of the traffic class, which lies across the first two bytes (RFC 8200 §3).
    const word = bytes[offset + 1]!;
    if (((word >>> 4) & CONGESTION) === NOT_CAPABLE) return false;
    bytes[offset + 1] = word | (CONGESTION << 4);
    return true;
  }
  const before = view.getUint16(offset);
  if ((before & CONGESTION) === NOT_CAPABLE) return false;
  const after = before | CONGESTION;
  view.setUint16(offset, after);
  view.setUint16(offset + 10, updateChecksum(view.getUint16(offset + 10), before, after));
  return true;
}
