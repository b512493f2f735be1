/** The header that every message begins with (RFC 4271 §4.1, §6.1), and where messages end in a stream of bytes. */
import { err, ok, type Result } from '@patronus/wire';
import { type MessageError, messageError, Notice } from './errors.ts';

export const MessageType = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const HEADER_LENGTH = 19;
export const MOST_LENGTH = 4_096;
/** RFC 8654 §3: after both ends announced it, all but OPEN and KEEPALIVE may be this long. */
export const MOST_EXTENDED_LENGTH = 65_535;

const MARKER_LENGTH = 16;

/** Shortest message of each type, header included (RFC 4271 §6.1; 2918 §3). */
const leastLength: Readonly<Record<number, number>> = { 1: 29, 2: 23, 3: 21, 4: 19, 5: 23 };

export interface Header {
  /** Of the whole message, header included. */
  readonly length: number;
  readonly type: MessageType;
}

/**
 * The header at `offset`; undefined while fewer than 19 bytes are there. `isExtended`: both ends announced extended
 * messages. Checks marker, length and type in the order of §6.1.
 */
export function readHeader(
  bytes: Uint8Array,
  offset: number,
  end: number,
  isExtended: boolean,
): Result<Header, MessageError> | undefined {
  if (end - offset < HEADER_LENGTH) return undefined;
  for (let at = offset; at < offset + MARKER_LENGTH; at++) {
    if (bytes[at] !== 0xff) return err(messageError(Notice.notSynchronized, 'the marker is not all ones'));
  }
  const length = (bytes[offset + 16]! << 8) | bytes[offset + 17]!;
  const type = bytes[offset + 18]!;
  const most =
    isExtended && type !== MessageType.open && type !== MessageType.keepalive ? MOST_EXTENDED_LENGTH : MOST_LENGTH;
  const least = leastLength[type] ?? HEADER_LENGTH;
  if (length < least || length > most || (type === MessageType.keepalive && length !== HEADER_LENGTH)) {
    const told = bytes.slice(offset + 16, offset + 18);
    return err(messageError(Notice.badMessageLength, `a message of type ${type} with length ${length}`, told));
  }
  if (leastLength[type] === undefined) {
    return err(
      messageError(Notice.badMessageType, `message type ${type} is not known`, bytes.slice(offset + 18, offset + 19)),
    );
  }
  return ok({ length, type: type as MessageType });
}

/** Writes the header of a message whose body follows, into the 19 bytes at `offset`. */
export function writeHeader(bytes: Uint8Array, offset: number, length: number, type: MessageType): void {
  bytes.fill(0xff, offset, offset + MARKER_LENGTH);
  bytes[offset + 16] = length >>> 8;
  bytes[offset + 17] = length & 0xff;
  bytes[offset + 18] = type;
}

/** A whole message: header and body. */
export function frame(type: MessageType, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(message, 0, message.length, type);
  message.set(body, HEADER_LENGTH);
  return message;
}

export const KEEPALIVE: Uint8Array = frame(MessageType.keepalive, new Uint8Array(0));
