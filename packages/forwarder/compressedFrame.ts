/**
 * The overlay frame of compressed packets (frame header: overlay.ts). Its body is records back to back, each a packet:
 *
 *     0        2        4
 *     +--------+--------+----
 *     | length | stored | bytes …
 *     +--------+--------+----
 *
 * `stored` bytes stand for a packet of `length` bytes: an LZ4 block where they are fewer, the packet itself where they are
 * as many. Integers are big-endian. Several packets travel in one frame, as many as fit into the path's MTU; each is
 * compressed on its own, so that no packet's length tells of another's content.
 */
import { FRAME_HEADER_LENGTH } from './overlay.ts';

export const COMPRESSED_FRAME = 6;
/** The sender of an announcement with this bit can expand. */
export const COMPRESSION_CAPABILITY = 1 << 1;

export const RECORD_HEADER_LENGTH = 4;

/** No IP packet is shorter. */
export const LEAST_PACKET = 20;

/** Writes a record's header. */
export function writeRecordHeader(view: DataView, offset: number, length: number, stored: number): void {
  view.setUint16(offset, length);
  view.setUint16(offset + 2, stored);
}

/** Writes the frame header before a body of `length` bytes. */
export function writeCompressedHeader(view: DataView, offset: number, segment: number, length: number): void {
  view.setUint8(offset, COMPRESSED_FRAME);
  view.setUint16(offset + 1, segment);
  view.setUint16(offset + 3, length);
}

/** Length of the body of the frame at `offset`, or -1 where it is not within `length` bytes. */
export function compressedBodyLength(view: DataView, offset: number, length: number): number {
  if (length < FRAME_HEADER_LENGTH) return -1;
  const body = view.getUint16(offset + 3);
  return body > 0 && body <= length - FRAME_HEADER_LENGTH ? body : -1;
}
