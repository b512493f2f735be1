/**
 * Echo packets. Their payload is a local matter (RFC 5880 §5): the other end sends them back unread. Ours hold the
 * session's discriminator, a sequence number, and 8 random bytes, so that nobody who did not see it can send one "back"
 * (§9).
 */
import { putWord, wordAt } from './control.ts';

export const ECHO_LENGTH = 16;

export interface EchoPacket {
  discriminator: number;
  sequence: number;
  tokenHigh: number;
  tokenLow: number;
}

/** Reads one of ours into `packet`; false for anything that cannot be one. */
export function decodeEcho(bytes: Uint8Array, offset: number, length: number, packet: EchoPacket): boolean {
  if (length !== ECHO_LENGTH || offset + length > bytes.length) return false;
  packet.discriminator = wordAt(bytes, offset);
  packet.sequence = wordAt(bytes, offset + 4);
  packet.tokenHigh = wordAt(bytes, offset + 8);
  packet.tokenLow = wordAt(bytes, offset + 12);
  return true;
}

export function encodeEcho(bytes: Uint8Array, offset: number, packet: EchoPacket): void {
  putWord(bytes, offset, packet.discriminator);
  putWord(bytes, offset + 4, packet.sequence);
  putWord(bytes, offset + 8, packet.tokenHigh);
  putWord(bytes, offset + 12, packet.tokenLow);
}
