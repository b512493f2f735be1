/**
 * Overlay frames: what two edges say to each other inside a tunnel, besides plain packets of segment 0. The first
 * nibble of a decrypted payload tells them apart: 4 and 6 are IP packets, 0 is a frame.
 *
 *     0        1        2        3        4        5
 *     +--------+--------+--------+--------+--------+----
 *     | 0 type |     segment     |      length     | body …
 *     +--------+--------+--------+--------+--------+----
 *
 * Integers are big-endian; `length` counts the body. What follows the body is WireGuard's padding. A body longer than
 * its type needs is read as far as we know it, so that a later release can add to it.
 */
import { ByteReader, ByteWriter, err, ok, type Result } from '@patronus/wire';

/**
 * 6 is the frame of compressed packets (compressedFrame.ts); `report` is that of measurement/reportFrame.ts; 8 and 9 a
 * numbered packet and the parity of several (protection/); `talk` is that of talk/talkFrame.ts.
 */
export const FrameType = {
  announce: 0,
  probe: 1,
  probeReply: 2,
  packet: 3,
  mtuProbe: 4,
  mtuReply: 5,
  report: 7,
  talk: 10,
} as const;

export const FRAME_HEADER_LENGTH = 5;

/** Raised when an older forwarder could misread what a newer one sends. */
export const OVERLAY_VERSION = 1;

/**
 * What an end can do beyond the basics, one bit each. Bit 1 is compression (compressedFrame.ts), 4
 * duplication and FEC, 5 pauses that are told.
 */
export const Capability = { segments: 1 << 0, pathMtu: 1 << 2, measurement: 1 << 3, talk: 1 << 5 } as const;

/** Says once per session that the sender understands frames. Everything else waits until both ends announced. */
export interface Announce {
  readonly type: 'announce';
  readonly version: number;
  readonly capabilities: number;
  /** The sender has not heard the receiver's announcement yet. */
  readonly wantsAnswer: boolean;
}

/** Asks for an immediate reply. `sentAtUs` is the sender's own clock and means nothing to anyone else. */
export interface Probe {
  readonly type: 'probe' | 'probeReply';
  readonly sequence: number;
  readonly sentAtUs: bigint;
}

/** Asks whether so many bytes fit: the probe is padded to `size`, frame header included; the reply is small. */
export interface MtuProbe {
  readonly type: 'mtuProbe' | 'mtuReply';
  readonly sequence: number;
  readonly size: number;
}

/** A packet of a segment other than 0; offset and length lie within what was decoded. */
export interface CarriedPacket {
  readonly type: 'packet';
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

export type Frame = Announce | Probe | MtuProbe | CarriedPacket;

/** `unknown`: a type of a later release, to be passed over. */
export type FrameError = 'truncated' | 'unknown' | 'notFrame';

/** Reads the frame at the start of a decrypted payload. */
export function decodeFrame(payload: Uint8Array): Result<Frame, FrameError> {
  const reader = new ByteReader(payload);
  const type = reader.u8();
  if (type > 0x0f) return err('notFrame');
  const segment = reader.u16();
  const length = reader.u16();
  reader.enter(length);
  const frame = decodeBody(type, segment, length, reader);
  if (reader.failed) return err('truncated');
  return frame === undefined ? err('unknown') : ok(frame);
}

function decodeBody(type: number, segment: number, length: number, reader: ByteReader): Frame | undefined {
  switch (type) {
    case FrameType.announce:
      return {
        type: 'announce',
        version: reader.u8(),
        capabilities: reader.u32(),
        wantsAnswer: (reader.u8() & 1) === 1,
      };
    case FrameType.probe:
      return { type: 'probe', sequence: reader.u32(), sentAtUs: reader.u64() };
    case FrameType.probeReply:
      return { type: 'probeReply', sequence: reader.u32(), sentAtUs: reader.u64() };
    case FrameType.mtuProbe:
      return { type: 'mtuProbe', sequence: reader.u32(), size: reader.u16() };
    case FrameType.mtuReply:
      return { type: 'mtuReply', sequence: reader.u32(), size: reader.u16() };
    case FrameType.packet:
      return { type: 'packet', segment, offset: FRAME_HEADER_LENGTH, length };
    default:
      return undefined;
  }
}

/** Writes an announcement or a probe; carried packets are written in place by `writePacketHeader`. */
export function encodeFrame(frame: Announce | Probe | MtuProbe, writer: ByteWriter = new ByteWriter(32)): Uint8Array {
  writer.reset();
  writer.u8(FrameType[frame.type]);
  writer.u16(0);
  const length = writer.reserve(2);
  if (frame.type === 'announce') {
    writer.u8(frame.version);
    writer.u32(frame.capabilities);
    writer.u8(frame.wantsAnswer ? 1 : 0);
  } else if ('size' in frame) {
    writer.u32(frame.sequence);
    writer.u16(frame.size);
  } else {
    writer.u32(frame.sequence);
    writer.u64(frame.sentAtUs);
  }
  writer.patchU16(length, writer.length - FRAME_HEADER_LENGTH);
  return writer.view();
}

/** Writes the header of a packet frame into the five bytes before the packet. */
export function writePacketHeader(bytes: Uint8Array, offset: number, segment: number, length: number): void {
  bytes[offset] = FrameType.packet;
  bytes[offset + 1] = segment >>> 8;
  bytes[offset + 2] = segment & 0xff;
  bytes[offset + 3] = length >>> 8;
  bytes[offset + 4] = length & 0xff;
}

/** Body length of the packet frame at `offset`, or -1 where it does not fit into `length` bytes: the hot path's look. */
export function packetFrameLength(bytes: Uint8Array, offset: number, length: number): number {
  if (length < FRAME_HEADER_LENGTH) return -1;
  const body = (bytes[offset + 3]! << 8) | bytes[offset + 4]!;
  return body + FRAME_HEADER_LENGTH <= length ? body : -1;
}
