/**
 * Overlay frames of protected packets (frame header: overlay.ts). A numbered packet, type 8:
 *
 *     0        1        3        4        8
 *     +--------+--------+--------+--------+----
 *     | stream |  epoch | flags  | number | packet …
 *     +--------+--------+--------+--------+----
 *
 * `stream` is one path group of the sender, `epoch` drawn anew whenever its numbers begin again. Numbers count up by one and
 * wrap. The parity of numbers `first` … `first + count - 1`, type 9:
 *
 *     0        1        3        4        8        9
 *     +--------+--------+--------+--------+--------+----
 *     | stream |  epoch |  index |  first |  count | shard …
 *     +--------+--------+--------+--------+--------+----
 *
 * The shards that parity is made of are segment, length (16 bits each) and the packet, filled up with zeros. Integers are
 * big-endian.
 */
import { FRAME_HEADER_LENGTH } from '../overlay.ts';

export const NUMBERED_FRAME = 8;
export const PARITY_FRAME = 9;
/** The sender of an announcement with this bit takes both. */
export const PROTECTION_CAPABILITY = 1 << 4;

/** Before the packet, frame header included; and before a shard. */
export const NUMBERED_HEADER_LENGTH = FRAME_HEADER_LENGTH + 8;
export const PARITY_HEADER_LENGTH = FRAME_HEADER_LENGTH + 9;
/** Segment and length of the packet in a shard. */
export const SHARD_PREFIX_LENGTH = 4;
/** What a protected packet must be shorter than the path's MTU: its parity has to fit as well. */
export const PROTECTION_OVERHEAD = PARITY_HEADER_LENGTH + SHARD_PREFIX_LENGTH;

/** Flags: parity may follow, so that what is missing is waited for longer; no other copy and no parity is under way. */
export const NumberedFlag = { parity: 1, alone: 2 } as const;

/** Streams an edge may have. */
export const MOST_STREAMS_OF_EDGE = 64;

export interface NumberedHeader {
  stream: number;
  epoch: number;
  flags: number;
  number: number;
}

/** Writes the header into the NUMBERED_HEADER_LENGTH bytes before a packet of `length` bytes. */
export function writeNumberedHeader(
  view: DataView,
  packet: number,
  segment: number,
  length: number,
  { stream, epoch, flags, number }: NumberedHeader,
): void {
  const start = packet - NUMBERED_HEADER_LENGTH;
  view.setUint8(start, NUMBERED_FRAME);
  view.setUint16(start + 1, segment);
  view.setUint16(start + 3, length + NUMBERED_HEADER_LENGTH - FRAME_HEADER_LENGTH);
  view.setUint8(start + 5, stream);
  view.setUint16(start + 6, epoch);
  view.setUint8(start + 8, flags);
  view.setUint32(start + 9, number);
}

/** Reads the header at `offset`; the length of the packet behind it, or -1 where the frame does not fit into `length` bytes. */
export function readNumberedHeader(view: DataView, offset: number, length: number, header: NumberedHeader): number {
  if (length < NUMBERED_HEADER_LENGTH) return -1;
  const end = view.getUint16(offset + 3) + FRAME_HEADER_LENGTH;
  if (end <= NUMBERED_HEADER_LENGTH || end > length) return -1;
  header.stream = view.getUint8(offset + 5);
  header.epoch = view.getUint16(offset + 6);
  header.flags = view.getUint8(offset + 8);
  header.number = view.getUint32(offset + 9);
  return end - NUMBERED_HEADER_LENGTH;
}

export interface ParityHeader {
  stream: number;
  epoch: number;
  index: number;
  first: number;
  count: number;
}

/** Writes the header into the PARITY_HEADER_LENGTH bytes before a shard of `length` bytes. */
export function writeParityHeader(
  view: DataView,
  shard: number,
  length: number,
  { stream, epoch, index, first, count }: ParityHeader,
): void {
  const start = shard - PARITY_HEADER_LENGTH;
  view.setUint8(start, PARITY_FRAME);
  view.setUint16(start + 1, 0);
  view.setUint16(start + 3, length + PARITY_HEADER_LENGTH - FRAME_HEADER_LENGTH);
  view.setUint8(start + 5, stream);
  view.setUint16(start + 6, epoch);
  view.setUint8(start + 8, index);
  view.setUint32(start + 9, first);
  view.setUint8(start + 13, count);
}

/** Reads the header at `offset`; the length of the shard behind it, or -1 where the frame does not fit into `length` bytes. */
export function readParityHeader(view: DataView, offset: number, length: number, header: ParityHeader): number {
  if (length < PARITY_HEADER_LENGTH) return -1;
  const end = view.getUint16(offset + 3) + FRAME_HEADER_LENGTH;
  if (end <= PARITY_HEADER_LENGTH + SHARD_PREFIX_LENGTH || end > length) return -1;
  header.stream = view.getUint8(offset + 5);
  header.epoch = view.getUint16(offset + 6);
  header.index = view.getUint8(offset + 8);
  header.first = view.getUint32(offset + 9);
  header.count = view.getUint8(offset + 13);
  return end - PARITY_HEADER_LENGTH;
}
