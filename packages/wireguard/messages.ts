/**
 * The four messages of WireGuard (paper §5.4): fixed layouts, little-endian integers, and three reserved zero bytes
 * behind the type, which are read together with it.
 */
export const MessageType = { initiation: 1, response: 2, cookieReply: 3, transport: 4 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const INITIATION_LENGTH = 148;
export const RESPONSE_LENGTH = 92;
export const COOKIE_REPLY_LENGTH = 64;
export const TRANSPORT_HEADER_LENGTH = 16;
export const TAG_LENGTH = 16;
/** A keepalive: a transport message with nothing in it. */
export const KEEPALIVE_LENGTH = TRANSPORT_HEADER_LENGTH + TAG_LENGTH;

const exactLength: Readonly<Record<number, number>> = {
  [MessageType.initiation]: INITIATION_LENGTH,
  [MessageType.response]: RESPONSE_LENGTH,
  [MessageType.cookieReply]: COOKIE_REPLY_LENGTH,
};

/** The type of a datagram; undefined if type, reserved bytes or length are not those of any WireGuard message. */
export function messageType(bytes: Uint8Array): MessageType | undefined {
  if (bytes.length < KEEPALIVE_LENGTH || bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0) return undefined;
  const type = bytes[0]!;
  if (type === MessageType.transport) return type;
  return exactLength[type] === bytes.length ? (type as MessageType) : undefined;
}

/** First message of a handshake; views into the datagram. The MACs are the last 32 bytes, see cookie.ts. */
export interface Initiation {
  readonly sender: number;
  readonly ephemeral: Uint8Array;
  readonly sealedStatic: Uint8Array;
  readonly sealedTimestamp: Uint8Array;
}

export interface Response {
  readonly sender: number;
  readonly receiver: number;
  readonly ephemeral: Uint8Array;
  readonly sealedNothing: Uint8Array;
}

export interface CookieReply {
  readonly receiver: number;
  readonly nonce: Uint8Array;
  readonly sealedCookie: Uint8Array;
}

/** Each decode and encode below expects what `messageType` accepted as that type. */
export function decodeInitiation(bytes: Uint8Array): Initiation {
  return {
    sender: u32(bytes, 4),
    ephemeral: bytes.subarray(8, 40),
    sealedStatic: bytes.subarray(40, 88),
    sealedTimestamp: bytes.subarray(88, 116),
  };
}

/** The message with its MACs still zero. */
export function encodeInitiation(message: Initiation): Uint8Array {
  const bytes = start(MessageType.initiation, INITIATION_LENGTH);
  putU32(bytes, 4, message.sender);
  bytes.set(message.ephemeral, 8);
  bytes.set(message.sealedStatic, 40);
  bytes.set(message.sealedTimestamp, 88);
  return bytes;
}

export function decodeResponse(bytes: Uint8Array): Response {
  return {
    sender: u32(bytes, 4),
    receiver: u32(bytes, 8),
    ephemeral: bytes.subarray(12, 44),
    sealedNothing: bytes.subarray(44, 60),
  };
}

/** The message with its MACs still zero. */
export function encodeResponse(message: Response): Uint8Array {
  const bytes = start(MessageType.response, RESPONSE_LENGTH);
  putU32(bytes, 4, message.sender);
  putU32(bytes, 8, message.receiver);
  bytes.set(message.ephemeral, 12);
  bytes.set(message.sealedNothing, 44);
  return bytes;
}

export function decodeCookieReply(bytes: Uint8Array): CookieReply {
  return { receiver: u32(bytes, 4), nonce: bytes.subarray(8, 32), sealedCookie: bytes.subarray(32, 64) };
}

export function encodeCookieReply(message: CookieReply): Uint8Array {
  const bytes = start(MessageType.cookieReply, COOKIE_REPLY_LENGTH);
  putU32(bytes, 4, message.receiver);
  bytes.set(message.nonce, 8);
  bytes.set(message.sealedCookie, 32);
  return bytes;
}

/** Index of the session a transport message belongs to. */
export function transportReceiver(bytes: Uint8Array): number {
  return u32(bytes, 4);
}

/** A transport message's counter. Above 2^53 the number is rounded, which stays above every limit of ours. */
export function transportCounter(bytes: Uint8Array): number {
  return u32(bytes, 8) + u32(bytes, 12) * 2 ** 32;
}

/** Writes type, receiver and counter into the first 16 bytes. */
export function writeTransportHeader(bytes: Uint8Array, receiver: number, counter: number): void {
  putU32(bytes, 0, MessageType.transport);
  putU32(bytes, 4, receiver);
  putU32(bytes, 8, counter % 2 ** 32);
  putU32(bytes, 12, Math.floor(counter / 2 ** 32));
}

/** Index the sender of a handshake message gave itself: where a cookie reply goes. */
export function handshakeSender(bytes: Uint8Array): number {
  return u32(bytes, 4);
}

function start(type: MessageType, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  return bytes;
}

function u32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}

function putU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}
