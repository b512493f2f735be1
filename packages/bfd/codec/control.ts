/**
 * BFD Control packets (RFC 5880 §4.1). Fixed offsets and a packet object that is filled again for each datagram: this is
 * read for every packet of every session.
 */
import type { DiscardReason } from '../discards.ts';

export const MANDATORY_LENGTH = 24;
/** Mandatory section, and type and length of an authentication section. */
const AUTHENTICATED_LENGTH = 26;
/** The longest there is: with a SHA1 section (§4.4). */
export const LONGEST_CONTROL = 52;
const VERSION = 1;

/** By code (§4.1). */
export const states = ['adminDown', 'down', 'init', 'up'] as const;
export type State = (typeof states)[number];

export const codeOf: Readonly<Record<State, number>> = { adminDown: 0, down: 1, init: 2, up: 3 };

const POLL = 0x20;
const FINAL = 0x10;
const CONTROL_PLANE_INDEPENDENT = 0x08;
const AUTHENTICATION_PRESENT = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

/** What a Control packet says; intervals in µs, as on the wire. */
export class ControlPacket {
  /** 0…31; see diagnostics.ts. */
  diagnostic = 0;
  state: State = 'down';
  poll = false;
  final = false;
  controlPlaneIndependent = false;
  authenticationPresent = false;
  demand = false;
  detectMultiplier = 0;
  /** Bytes with the authentication section; what follows in the datagram is none of it. */
  length = 0;
  myDiscriminator = 0;
  yourDiscriminator = 0;
  desiredMinTxIntervalUs = 0;
  requiredMinRxIntervalUs = 0;
  requiredMinEchoRxIntervalUs = 0;
}

/**
 * Reads the packet in the `payloadLength` bytes at `offset` into `packet`: the checks of RFC 5880 §6.8.6 that need no
 * session, in its order. Answers why it is to be discarded; then `packet` is unspecified.
 */
export function decodeControl(
  bytes: Uint8Array,
  offset: number,
  payloadLength: number,
  packet: ControlPacket,
): DiscardReason | undefined {
  if (payloadLength < MANDATORY_LENGTH || offset + payloadLength > bytes.length) return 'badLength';
  if (bytes[offset]! >>> 5 !== VERSION) return 'badVersion';
  const flags = bytes[offset + 1]!;
  const length = bytes[offset + 3]!;
  packet.authenticationPresent = (flags & AUTHENTICATION_PRESENT) !== 0;
  if (length < (packet.authenticationPresent ? AUTHENTICATED_LENGTH : MANDATORY_LENGTH)) return 'badLength';
  if (length > payloadLength) return 'lengthBeyondPayload';
  packet.detectMultiplier = bytes[offset + 2]!;
  if (packet.detectMultiplier === 0) return 'zeroDetectMultiplier';
  if ((flags & MULTIPOINT) !== 0) return 'multipoint';
  packet.myDiscriminator = wordAt(bytes, offset + 4);
  if (packet.myDiscriminator === 0) return 'zeroMyDiscriminator';
  packet.yourDiscriminator = wordAt(bytes, offset + 8);
  packet.state = states[flags >>> 6]!;
  if (packet.yourDiscriminator === 0 && (packet.state === 'init' || packet.state === 'up')) {
    return 'zeroYourDiscriminator';
  }
  packet.diagnostic = bytes[offset]! & 0x1f;
  packet.poll = (flags & POLL) !== 0;
  packet.final = (flags & FINAL) !== 0;
  packet.controlPlaneIndependent = (flags & CONTROL_PLANE_INDEPENDENT) !== 0;
  packet.demand = (flags & DEMAND) !== 0;
  packet.length = length;
  packet.desiredMinTxIntervalUs = wordAt(bytes, offset + 12);
  packet.requiredMinRxIntervalUs = wordAt(bytes, offset + 16);
  packet.requiredMinEchoRxIntervalUs = wordAt(bytes, offset + 20);
  return undefined;
}

/** Writes the mandatory section; `packet.length` is written as it stands, and what it counts beyond is the caller's. */
export function encodeControl(bytes: Uint8Array, offset: number, packet: ControlPacket): void {
  bytes[offset] = (VERSION << 5) | packet.diagnostic;
  bytes[offset + 1] =
    (codeOf[packet.state] << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.authenticationPresent ? AUTHENTICATION_PRESENT : 0) |
    (packet.demand ? DEMAND : 0);
  bytes[offset + 2] = packet.detectMultiplier;
  bytes[offset + 3] = packet.length;
  putWord(bytes, offset + 4, packet.myDiscriminator);
  putWord(bytes, offset + 8, packet.yourDiscriminator);
  putWord(bytes, offset + 12, packet.desiredMinTxIntervalUs);
  putWord(bytes, offset + 16, packet.requiredMinRxIntervalUs);
  putWord(bytes, offset + 20, packet.requiredMinEchoRxIntervalUs);
}

export function wordAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

export function putWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24;
  bytes[offset + 1] = word >>> 16;
  bytes[offset + 2] = word >>> 8;
  bytes[offset + 3] = word;
}
