/** The way in of compressed packets: out of frames, and together again where one was spread over two of them. */
import {
  COMPRESSED_HEADER_LENGTH,
  compressedFrameLength,
  LEAST_PACKET,
  NO_RECORD,
  RECORD_HEADER_LENGTH,
} from '../compressedFrame.ts';
import { Drop, PASSED } from '../drops.ts';
import type { Kernels } from '../kernels/index.ts';
import type { Link } from '../links.ts';
import { MOST_MTU, type PacketMemory } from '../memory.ts';

/** The beginning of a record whose end is still to come; a link keeps one. */
export class UnfinishedRecord {
  /** The frame that has to come next for it to go on. */
  number = 0;
  segment = 0;
  length = 0;
  stored = 0;
  /** How much of it is there; 0: nothing is unfinished. */
  have = 0;
  readonly bytes = new Uint8Array(MOST_MTU);
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
export function expandFrame(expansion: Expansion, link: Link, offset: number, length: number): number {
  const { view } = expansion.memory;
  const whole = compressedFrameLength(view, offset, length);
  if (whole < 0) return refuse(link);
  const end = offset + whole;
  const segment = view.getUint16(offset + 1);
  const number = view.getUint16(offset + 5);
  const first = view.getUint16(offset + 7);
  const body = offset + COMPRESSED_HEADER_LENGTH;
  const start = first === NO_RECORD ? end : body + first;
  if (start > end) return refuse(link);
  if (!finish(expansion, link, segment, number, body, start)) return refuse(link);
  for (let at = start; at < end; ) {
    if (end - at < RECORD_HEADER_LENGTH) return refuse(link);
    const packet = view.getUint16(at);
    const stored = view.getUint16(at + 2);
    at += RECORD_HEADER_LENGTH;
    if (packet < LEAST_PACKET || packet > MOST_MTU || stored > packet || stored === 0) return refuse(link);
    if (stored > end - at) return keep(expansion, link, { segment, number, packet, stored, at, end });
    if (!expand(expansion, link, segment, at, packet, stored)) return refuse(link);
    at += stored;
  }
  return PASSED;
}

/** Adds what lies before `end` to the record that was left unfinished, if it belongs there; false for a lie. */
function finish(
  expansion: Expansion,
  link: Link,
  segment: number,
  number: number,
  start: number,
  end: number,
): boolean {
  const { memory, take } = expansion;
  const unfinished = link.unfinished;
  if (unfinished === undefined || unfinished.have === 0) return true;
  const length = end - start;
  const isNext = unfinished.number === number && unfinished.segment === segment;
  if (!isNext || length === 0) {
    // Its frame was lost or came in another order: the packet is lost with it, like any other.
    unfinished.have = 0;
    return true;
  }
  const missing = unfinished.stored - unfinished.have;
  if (length > missing) {
    unfinished.have = 0;
    return false;
  }
  unfinished.bytes.set(memory.bytes.subarray(start, end), unfinished.have);
  unfinished.have += length;
  unfinished.number = (number + 1) & 0xffff;
  if (length < missing) return true;
  unfinished.have = 0;
  const block = take(unfinished.stored);
  memory.bytes.set(unfinished.bytes.subarray(0, unfinished.stored), block);
  return expand(expansion, link, segment, block, unfinished.length, unfinished.stored);
}

interface Beginning {
  readonly segment: number;
  readonly number: number;
  readonly packet: number;
  readonly stored: number;
  readonly at: number;
  readonly end: number;
}

/** Keeps the beginning of a record that goes on in the next frame. */
function keep({ memory }: Expansion, link: Link, { segment, number, packet, stored, at, end }: Beginning): number {
  link.unfinished ??= new UnfinishedRecord();
  const { unfinished } = link;
  unfinished.number = (number + 1) & 0xffff;
  unfinished.segment = segment;
  unfinished.length = packet;
  unfinished.stored = stored;
  unfinished.have = end - at;
  unfinished.bytes.set(memory.bytes.subarray(at, end));
  return PASSED;
}

/** Expands and delivers one record; false where it is no block of that length. */
function expand(
  { memory, kernels, take, deliver }: Expansion,
  link: Link,
  segment: number,
  offset: number,
  length: number,
  stored: number,
): boolean {
  // Sending what waits does not touch what was received, so the block stays where it is.
  const target = take(length);
  if (stored === length) memory.bytes.copyWithin(target, offset, offset + length);
  else if (kernels.unchecked.lz4Expand(offset, stored, target, length) !== length) return false;
  const counts = link.compression;
  counts.expandedPackets += 1;
  counts.expandedFromBytes += stored + RECORD_HEADER_LENGTH;
  counts.expandedToBytes += length;
  deliver(segment, target, length);
  return true;
}

function refuse(link: Link): number {
  link.compression.errors += 1;
  if (link.unfinished !== undefined) link.unfinished.have = 0;
  return Drop.badFrame;
}
