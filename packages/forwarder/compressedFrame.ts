/**
 * The overlay frame of compressed packets (frame header: overlay.ts). Its body:
 *
 *     0        2        4
 *     +--------+--------+--------+--------+----
 *     | number |  first | length | stored | bytes …
 *     +--------+--------+--------+--------+----
 *      of the frame      records, each a packet
 *
 * `stored` bytes stand for a packet of `length` bytes: an LZ4 block where they are fewer, the packet itself where they are
 * as many. A record may go on in the next frame (`number` + 1), so that all frames of a burst but the last are as long as
 * the path's MTU and leave as one buffer that the network card cuts. `first` is where the first record begins that begins
 * here, counted from behind it, or NO_RECORD. Integers are big-endian. A lost frame costs its own packets and the one that
 * went on from it or into it; each packet is compressed on its own, so that no packet's length tells of another's content.
 */
import { FRAME_HEADER_LENGTH } from './overlay.ts';

export const COMPRESSED_FRAME = 6;
/** The sender of an announcement with this bit can expand. */
export const COMPRESSION_CAPABILITY = 1 << 1;

/** Frame header, number and first. */
export const COMPRESSED_HEADER_LENGTH = FRAME_HEADER_LENGTH + 4;
export const RECORD_HEADER_LENGTH = 4;
/** `first` of a frame that holds nothing but the middle or the end of a record. */
export const NO_RECORD = 0xffff;

/** No IP packet is shorter. */
export const LEAST_PACKET = 20;

/** Writes the header of a frame of `length` bytes. */
export function writeCompressedHeader(
  view: DataView,
  offset: number,
  segment: number,
  length: number,
  number: number,
  first: number,
): void {
  view.setUint8(offset, COMPRESSED_FRAME);
  view.setUint16(offset + 1, segment);
  view.setUint16(offset + 3, length - FRAME_HEADER_LENGTH);
  view.setUint16(offset + 5, number);
  view.setUint16(offset + 7, first);
}

/** Length of the whole frame at `offset`, or -1 where it is not within `length` bytes. */
export function compressedFrameLength(view: DataView, offset: number, length: number): number {
  if (length <= COMPRESSED_HEADER_LENGTH) return -1;
  const whole = view.getUint16(offset + 3) + FRAME_HEADER_LENGTH;
  return whole > COMPRESSED_HEADER_LENGTH && whole <= length ? whole : -1;
}

/** Writes a record's header. */
export function writeRecordHeader(view: DataView, offset: number, length: number, stored: number): void {
  view.setUint16(offset, length);
  view.setUint16(offset + 2, stored);
}
