/**
 * Compression on the way out: packets of policies that want it become records of frames that are filled to the path's MTU.
 * Nothing waits for more to come: what was begun is sent when the packets of one turn are through. The way in is
 * expansion.ts.
 */
import {
  COMPRESSED_HEADER_LENGTH,
  LEAST_PACKET,
  NO_RECORD,
  RECORD_HEADER_LENGTH,
  writeCompressedHeader,
  writeRecordHeader,
} from '../compressedFrame.ts';
import { PASSED } from '../drops.ts';
import type { Kernels } from '../kernels/index.ts';
import { compressAtLevel } from '../kernels/lz4Level.ts';
import type { Link } from '../links.ts';
import { Layout, MOST_MTU, type PacketMemory } from '../memory.ts';

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
  /**
   * The frame that is being filled: whose, where, how far, and where its first record begins. Its limit stays what it was
   * when its room was taken, though an answered probe may move the link's MTU before the frame is full.
   */
  #link: Link | undefined;
  #segment = 0;
  #start = 0;
  #end = 0;
  #limit = 0;
  #first = NO_RECORD;

  constructor(parts: CompressorParts) {
    this.#parts = parts;
  }

  /**
   * Puts a packet of `length` bytes into frames for `link`. PASSED, or NOT_SMALLER: then what waits for this link has
   * been sent, and the packet, which is as it was, may follow it.
   */
  add(link: Link, segment: number, offset: number, length: number, level: number, now: number): number {
    if (this.#link !== undefined && (this.#link !== link || this.#segment !== segment)) this.flush(now);
    const stored = this.#shrink(offset, length, level);
    if (stored > 0) {
      this.#write(link, segment, Layout.compressed, length, stored, now);
      return PASSED;
    }
    if (this.#link !== undefined && length <= SMALL_PACKET && length >= LEAST_PACKET) {
      this.#write(link, segment, offset, length, length, now);
      return PASSED;
    }
    this.flush(now);
    link.compression.skipped += 1;
    return NOT_SMALLER;
  }

  /** Sends the frame that was begun. */
  flush(now: number): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    const length = this.#end - this.#start;
    const number = link.compressedFrames++ & 0xffff;
    writeCompressedHeader(this.#parts.memory.view, this.#start, this.#segment, length, number, this.#first);
    this.#parts.send(link, this.#start, length, now);
  }

  /** Length of the packet's block, beside the frames; 0 where it would save nothing with its record's header. */
  #shrink(offset: number, length: number, level: number): number {
    const most = length - RECORD_HEADER_LENGTH - 1;
    if (length < LEAST_PACKET || length > MOST_MTU) return 0;
    return compressAtLevel(this.#parts.kernels.unchecked, level, offset, length, Layout.compressed, most);
  }

  /** Writes a record of what lies at `source`, over as many frames as it takes. */
  #write(link: Link, segment: number, source: number, length: number, stored: number, now: number): void {
    const { memory } = this.#parts;
    const counts = link.compression;
    // A header is not torn apart, and something of the record should follow it.
    if (this.#link !== undefined && this.#room <= RECORD_HEADER_LENGTH) this.flush(now);
    if (this.#link === undefined) this.#open(link, segment);
    if (this.#first === NO_RECORD) this.#first = this.#end - this.#start - COMPRESSED_HEADER_LENGTH;
    writeRecordHeader(memory.view, this.#end, length, stored);
    this.#end += RECORD_HEADER_LENGTH;
    for (let done = 0; done < stored; ) {
      if (this.#room === 0) {
        this.flush(now);
        this.#open(link, segment);
      }
      const piece = Math.min(stored - done, this.#room);
      memory.bytes.copyWithin(this.#end, source + done, source + done + piece);
      this.#end += piece;
      done += piece;
    }
    counts.packets += 1;
    counts.fromBytes += length;
    counts.toBytes += stored + RECORD_HEADER_LENGTH;
  }

  get #room(): number {
    return this.#limit - this.#end;
  }

  #open(link: Link, segment: number): void {
    const start = this.#parts.take(link.mtu);
    this.#link = link;
    this.#segment = segment;
    this.#start = start;
    this.#limit = start + link.mtu;
    this.#end = start + COMPRESSED_HEADER_LENGTH;
    this.#first = NO_RECORD;
    link.compression.toBytes += COMPRESSED_HEADER_LENGTH;
  }
}
