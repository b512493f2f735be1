/**
 * The frame in which an end tells what it received (type 7 of overlay.ts). Its body, big-endian; what a later release adds
 * behind it is passed over:
 *
 *      0  instance            u32   another one: the totals begin anew
 *      4  sent                u64   µs of the sender's clock
 *     12  echo                u64   `sent` of the last report it got, 0: none yet
 *     20  held                u32   µs since that one came
 *     24  expected, received  u32   messages due and arrived, totals modulo 2^32
 *     32  received bytes      u32   of packets, total modulo 2^32
 *     36  probes sent         u32   messages that may be too large to arrive, total
 *     40  jitter              u32   µs
 *     44  delay change        u32   µs
 */
import type { Report } from '@patronus/steering/measurement';
import { ByteReader, ByteWriter } from '@patronus/wire';
import { FRAME_HEADER_LENGTH, FrameType } from '../overlay.ts';

export const REPORT_BODY_LENGTH = 48;
export const REPORT_LENGTH = FRAME_HEADER_LENGTH + REPORT_BODY_LENGTH;

const MOST_U32 = 0xffff_ffff;

/** Writes the frame; what is returned is used again by the next call. */
export function encodeReport(report: Report, writer: ByteWriter = shared): Uint8Array {
  writer.reset();
  writer.u8(FrameType.report);
  writer.u16(0);
  writer.u16(REPORT_BODY_LENGTH);
  writer.u32(report.instance);
  writer.u64(BigInt(Math.floor(report.sentUs)));
  writer.u64(BigInt(Math.floor(report.echoUs)));
  for (const value of [report.heldUs, report.expected, report.received, report.receivedBytes]) writer.u32(value >>> 0);
  writer.u32(report.probesSent >>> 0);
  writer.u32(Math.min(MOST_U32, report.jitterUs));
  writer.u32(Math.min(MOST_U32, report.delayChangeUs));
  return writer.view();
}

const shared = new ByteWriter(REPORT_LENGTH);

/** Reads the frame at the start of `payload` into `report`; false where it is not whole. */
export function decodeReport(payload: Uint8Array, report: Report): boolean {
  const reader = new ByteReader(payload);
  reader.skip(3);
  const length = reader.u16();
  if (length < REPORT_BODY_LENGTH) return false;
  reader.enter(length);
  report.instance = reader.u32();
  report.sentUs = Number(reader.u64());
  report.echoUs = Number(reader.u64());
  report.heldUs = reader.u32();
  report.expected = reader.u32();
  report.received = reader.u32();
  report.receivedBytes = reader.u32();
  report.probesSent = reader.u32();
  report.jitterUs = reader.u32();
  report.delayChangeUs = reader.u32();
  return !reader.failed;
}
