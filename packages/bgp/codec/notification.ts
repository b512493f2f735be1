/** NOTIFICATION (RFC 4271 §4.5), with the reason a person gave for a shutdown (RFC 9003 §2). */

import { Notice } from './errors.ts';
import { frame, MessageType } from './header.ts';

export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
  /** What the peer's operator wrote, where the subcode may carry it; null: nothing, or nothing readable. */
  readonly communication: string | null;
}

/** Longest shutdown communication, bytes of UTF-8 (RFC 9003 §2). */
const MOST_COMMUNICATION = 255;
const strict = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

const [CEASE, SHUTDOWN] = Notice.administrativeShutdown;
const [, RESET] = Notice.administrativeReset;

/** Reads the body; at least two bytes, which the header has made sure of. */
export function decodeNotification(body: Uint8Array): Notification {
  const [code = 0, subcode = 0] = body;
  const data = body.slice(2);
  const mayTell = code === CEASE && (subcode === SHUTDOWN || subcode === RESET);
  return { code, subcode, data, communication: mayTell ? readCommunication(data) : null };
}

/** Length and UTF-8; anything else is treated as none, and must not break the session's end (RFC 9003 §4). */
function readCommunication(data: Uint8Array): string | null {
  const length = data[0] ?? 0;
  if (length === 0 || length + 1 > data.length) return null;
  try {
    return strict.decode(data.subarray(1, 1 + length));
  } catch {
    return null;
  }
}

export function encodeNotification({
  code,
  subcode,
  data,
}: Omit<Notification, 'communication'>): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(2 + data.length);
  body[0] = code;
  body[1] = subcode;
  body.set(data, 2);
  return frame(MessageType.notification, body);
}

/** The data of a shutdown or reset that tells why; cut at a character's end where it is too long. */
export function encodeCommunication(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + MOST_COMMUNICATION);
  const { written } = encoder.encodeInto(text, bytes.subarray(1));
  bytes[0] = written;
  return bytes.slice(0, 1 + written);
}
