/**
 * Compression on the way: packets of classes that want it become records of frames, as many to a frame as fit, and come
 * out of them at the other edge. Nothing waits for more to come: what was begun is sent when the packets of one turn are
 * through.
 */
import {
  COMPRESSED_FRAME,
  COMPRESSION_CAPABILITY,
  compressedBodyLength,
  LEAST_PACKET,
  RECORD_HEADER_LENGTH,
  writeCompressedHeader,
  writeRecordHeader,
} from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import type { Kernels } from '../kernels/index.ts';
import { compressAtLevel } from '../kernels/lz4Level.ts';
import type { Link } from '../links.ts';
import { MOST_MTU, type PacketMemory } from '../memory.ts';
import { FRAME_HEADER_LENGTH } from '../overlay.ts';

export { COMPRESSED_FRAME, COMPRESSION_CAPABILITY };

/** The packet is to travel as it is: it would not become smaller. */
export const NOT_SMALLER = -1;
/** A packet as small as an acknowledgement rides along uncompressed where a frame is open: it saves a datagram. */
const SMALL_PACKET = 160;

export interface CompressorParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  /** Room for a frame, which stays as it is until everything is sent. It may send what waits, this compressor's too. */
  readonly take: (length: number) => number;
  /** Seals and sends a frame; answers a verdict, not yet counted. */
  readonly send: (link: Link, offset: number, length: number, now: number) => number;
}

export class Compressor {
  readonly #parts: CompressorParts;
  /** The frame that is being filled: whose, where, and how far. */
  #link: Link | undefined;
  #segment = 0;
  #start = 0;
  #end = 0;

  constructor(parts: CompressorParts) {
    this.#parts = parts;
  }

  /**
   * Puts a packet of `length` bytes into a frame for `link`. PASSED, or NOT_SMALLER: then what waits for this link has
   * been sent, and the packet, which is as it was, may follow it.
   */
  add(link: Link, segment: number, offset: number, length: number, level: number, now: number): number {
    if (this.#link !== undefined && (this.#link !== link || this.#segment !== segment)) this.flush(now);
    if (this.#append(offset, length, level)) return PASSED;
    if (this.#link !== undefined) {
      this.flush(now);
      return this.add(link, segment, offset, length, level, now);
    }
    if (length < LEAST_PACKET || length > MOST_MTU) return this.#skip(link);
    const start = this.#parts.take(link.mtu);
    this.#link = link;
    this.#segment = segment;
    this.#start = start;
    this.#end = start + FRAME_HEADER_LENGTH;
    if (this.#append(offset, length, level)) return PASSED;
    this.#link = undefined;
    return this.#skip(link);
  }

  /** Sends the frame that was begun. */
  flush(now: number): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    const length = this.#end - this.#start;
    writeCompressedHeader(this.#parts.memory.view, this.#start, this.#segment, length - FRAME_HEADER_LENGTH);
    this.#parts.send(link, this.#start, length, now);
  }

  /** Adds a record to the open frame; false when there is none, it is full, or the packet does not shrink. */
  #append(offset: number, length: number, level: number): boolean {
    const link = this.#link;
    if (link === undefined) return false;
    const { kernels, memory } = this.#parts;
    const record = this.#end + RECORD_HEADER_LENGTH;
    const room = this.#start + link.mtu - record;
    // Not worth it unless the record's own header is saved as well.
    const most = Math.min(room, length - RECORD_HEADER_LENGTH - 1);
    let stored = most > 0 ? compressAtLevel(kernels.unchecked, level, offset, length, record, most) : 0;
    const hasOthers = this.#end > this.#start + FRAME_HEADER_LENGTH;
    if (stored === 0 && hasOthers && length <= SMALL_PACKET && length <= room) {
      memory.bytes.copyWithin(record, offset, offset + length);
      stored = length;
    }
    if (stored === 0) return false;
    writeRecordHeader(memory.view, this.#end, length, stored);
    this.#end = record + stored;
    const counts = link.compression;
    counts.packets += 1;
    counts.fromBytes += length;
    counts.toBytes += stored + RECORD_HEADER_LENGTH + (hasOthers ? 0 : FRAME_HEADER_LENGTH);
    return true;
  }

  #skip(link: Link): number {
    link.compression.skipped += 1;
    return NOT_SMALLER;
  }
}

export interface Expansion {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  /** Room for a packet, which stays as it is until everything is written. */
  readonly take: (length: number) => number;
  readonly deliver: (segment: number, offset: number, length: number) => void;
}

/**
 * Delivers the packets of the frame of `length` bytes at `offset`. PASSED, or `Drop.badFrame`, not yet counted: then the
 * packets before the record that is wrong were delivered.
 */
export function expandFrame({ memory, kernels, take, deliver }: Expansion, link: Link, offset: number, length: number) {
  const { view, bytes } = memory;
  const counts = link.compression;
  const body = compressedBodyLength(view, offset, length);
  const segment = body < 0 ? 0 : view.getUint16(offset + 1);
  let at = offset + FRAME_HEADER_LENGTH;
  const end = at + body;
  while (body >= 0 && at < end) {
    if (end - at < RECORD_HEADER_LENGTH) break;
    const whole = view.getUint16(at);
    const stored = view.getUint16(at + 2);
    at += RECORD_HEADER_LENGTH;
    if (whole < LEAST_PACKET || whole > MOST_MTU || stored > whole || stored > end - at || stored === 0) break;
    const target = take(whole);
    if (stored === whole) bytes.copyWithin(target, at, at + whole);
    else if (kernels.unchecked.lz4Expand(at, stored, target, whole) !== whole) break;
    at += stored;
    counts.expandedPackets += 1;
    counts.expandedFromBytes += stored + RECORD_HEADER_LENGTH;
    counts.expandedToBytes += whole;
    deliver(segment, target, whole);
  }
  if (body >= 0 && at === end) return PASSED;
  counts.errors += 1;
  return Drop.badFrame;
}
