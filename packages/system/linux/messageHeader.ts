/**
 * Memory layout of `struct msghdr`, `struct iovec` and `struct cmsghdr` on 64-bit Linux (the same on x86-64 and
 * arm64), for sendmsg and recvmsg. Integers are little-endian, as both machines are.
 */

export const MESSAGE_HEADER_SIZE = 56;
/** An entry of sendmmsg and recvmmsg: a message header, the length moved (u32 at 56), padding. */
export const MULTIPLE_MESSAGE_SIZE = 64;
export const IO_VECTOR_SIZE = 16;
export const CONTROL_HEADER_SIZE = 16;

export interface MessageHeader {
  readonly nameAddress: number;
  readonly nameLength: number;
  readonly vectorAddress: number;
  readonly vectorCount: number;
  readonly controlAddress: number;
  readonly controlLength: number;
}

export function writeMessageHeader(view: DataView, offset: number, header: MessageHeader): void {
  writeAddress(view, offset, header.nameAddress);
  view.setUint32(offset + 8, header.nameLength, true);
  writeAddress(view, offset + 16, header.vectorAddress);
  writeAddress(view, offset + 24, header.vectorCount);
  writeAddress(view, offset + 32, header.controlAddress);
  writeAddress(view, offset + 40, header.controlLength);
  view.setInt32(offset + 48, 0, true);
}

/** What recvmsg left: lengths shrink to what was written, flags tell of truncation. */
export function readNameLength(view: DataView, offset: number): number {
  return view.getUint32(offset + 8, true);
}
export function readControlLength(view: DataView, offset: number): number {
  return view.getUint32(offset + 40, true);
}
export function readMessageFlags(view: DataView, offset: number): number {
  return view.getInt32(offset + 48, true);
}

export function writeIoVector(view: DataView, offset: number, address: number, length: number): void {
  writeAddress(view, offset, address);
  writeAddress(view, offset + 8, length);
}

/** Bytes a control message takes with its padding (CMSG_SPACE). */
export function controlSpace(dataLength: number): number {
  return CONTROL_HEADER_SIZE + ((dataLength + 7) & ~7);
}

/** Writes the header of a control message; its data goes to `offset + CONTROL_HEADER_SIZE`. */
export function writeControlHeader(
  view: DataView,
  offset: number,
  level: number,
  type: number,
  dataLength: number,
): void {
  writeAddress(view, offset, CONTROL_HEADER_SIZE + dataLength);
  view.setInt32(offset + 8, level, true);
  view.setInt32(offset + 12, type, true);
}

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly dataOffset: number;
  readonly dataLength: number;
}

/** The control messages in `length` bytes at `offset`; stops at the first that does not fit. */
export function readControlMessages(view: DataView, offset: number, length: number): ControlMessage[] {
  const found: ControlMessage[] = [];
  const end = offset + length;
  for (let at = offset; at + CONTROL_HEADER_SIZE <= end; ) {
    const whole = view.getUint32(at, true);
    if (whole < CONTROL_HEADER_SIZE || at + whole > end) break;
    found.push({
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      dataOffset: at + CONTROL_HEADER_SIZE,
      dataLength: whole - CONTROL_HEADER_SIZE,
    });
    at += (whole + 7) & ~7;
  }
  return found;
}

/** A 64-bit address or size; Linux user space ends below 2^47, which a number holds exactly. */
export function writeAddress(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}
