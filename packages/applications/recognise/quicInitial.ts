/**
 * A QUIC client's Initial packet (RFC 9000 §17.2.2, versions 1 and 2): its header, and its CRYPTO frames once opened.
 * Everything here lies inside the datagram, or the answer is undefined.
 */
import type { InitialKeys, QuicCrypto } from './quicKeys.ts';
import { QUIC_V1, QUIC_V2 } from './quicKeys.ts';

/** RFC 9000 §14.1: a client pads every datagram with an Initial to this, so what is shorter is none. */
const LEAST_DATAGRAM = 1200;
const LONGEST_CONNECTION_ID = 20;
const TAG_LENGTH = 16;
const SAMPLE_LENGTH = 16;
/** RFC 9000 §12.4: none of these is long; whoever sends more has something else in mind. */
const MOST_FRAMES = 256;

export interface InitialHeader {
  readonly version: number;
  readonly connectionId: Uint8Array;
  /** Of the packet number, which is still protected. */
  readonly numberOffset: number;
  /** After the packet's last byte; another one may follow in the datagram. */
  readonly end: number;
}

/** The datagram from `from` to before `to`; undefined: it does not begin with an Initial of a version we know. */
export function readInitialHeader(bytes: Uint8Array, from: number, to: number): InitialHeader | undefined {
  if (to - from < LEAST_DATAGRAM || from < 0 || to > bytes.length) return undefined;
  const version =
    bytes[from + 1]! * 0x1_00_00_00 + ((bytes[from + 2]! << 16) | (bytes[from + 3]! << 8) | bytes[from + 4]!);
  if (!isInitial(bytes[from]!, version)) return undefined;
  const idLength = bytes[from + 5]!;
  const idOffset = from + 6;
  const sourceIdLength = bytes[idOffset + idLength]!;
  if (idLength > LONGEST_CONNECTION_ID || sourceIdLength > LONGEST_CONNECTION_ID) return undefined;
  const cursor = new VariableCursor(bytes, idOffset + idLength + 1 + sourceIdLength, to);
  cursor.skip(cursor.read());
  const length = cursor.read();
  const numberOffset = cursor.at;
  // Four bytes of number at most, and the sample of what follows (RFC 9001 §5.4.2).
  if (cursor.failed || length < 4 + SAMPLE_LENGTH || length > to - numberOffset) return undefined;
  const connectionId = bytes.subarray(idOffset, idOffset + idLength);
  return { version, connectionId, numberOffset, end: numberOffset + length };
}

/** Long header, fixed bit, and the type that means Initial: 0 in version 1, 1 in version 2 (RFC 9369 §3.2). */
function isInitial(first: number, version: number): boolean {
  if ((first & 0xc0) !== 0xc0) return false;
  const type = (first >>> 4) & 3;
  return (version === QUIC_V1 && type === 0) || (version === QUIC_V2 && type === 1);
}

/** The packet's frames in the clear; undefined where the keys are not its own. */
export function openInitial(
  crypto: QuicCrypto,
  { key, iv, headerProtection }: InitialKeys,
  bytes: Uint8Array,
  from: number,
  { numberOffset, end }: InitialHeader,
): Uint8Array | undefined {
  // RFC 9001 §5.4.1, §5.4.3. The datagram goes on its way as it came, so the header is cleared in a copy.
  const sample = bytes.subarray(numberOffset + 4, numberOffset + 4 + SAMPLE_LENGTH);
  const mask = crypto.aes128Encrypt(headerProtection, sample);
  const first = bytes[from]! ^ (mask[0]! & 0x0f);
  const numberLength = (first & 3) + 1;
  const header = bytes.slice(from, numberOffset + numberLength);
  header[0] = first;
  const nonce = Uint8Array.from(iv);
  for (let at = 0; at < numberLength; at++) {
    const place = header.length - numberLength + at;
    header[place] = header[place]! ^ mask[1 + at]!;
    // §5.3: the packet number, as a client's first ones are, is whole in its bytes.
    const inNonce = nonce.length - numberLength + at;
    nonce[inNonce] = nonce[inNonce]! ^ header[place]!;
  }
  const sealed = bytes.subarray(numberOffset + numberLength, end);
  return sealed.length < TAG_LENGTH ? undefined : crypto.aes128GcmOpen(key, nonce, header, sealed);
}

/**
 * Calls `take` with each CRYPTO frame's place in the stream and its bytes in `frames`. False: there is a frame that an
 * Initial may not have (RFC 9000 §12.4), or one that does not fit.
 */
export function readCryptoFrames(
  frames: Uint8Array,
  take: (streamOffset: number, from: number, to: number) => void,
): boolean {
  const cursor = new VariableCursor(frames, 0, frames.length);
  for (let count = 0; cursor.at < frames.length; ) {
    const type = frames[cursor.at]!;
    if (type === PADDING) {
      cursor.at++;
      continue;
    }
    if (++count > MOST_FRAMES) return false;
    cursor.at++;
    if (type === CRYPTO) {
      const offset = cursor.read();
      const length = cursor.read();
      const from = cursor.at;
      cursor.skip(length);
      if (cursor.failed) return false;
      take(offset, from, from + length);
    } else if (type === ACK || type === ACK_ECN) skipAck(cursor, type);
    else if (type !== PING) return false;
    if (cursor.failed) return false;
  }
  return true;
}

const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_ECN = 0x03;
const CRYPTO = 0x06;

/** RFC 9000 §19.3. */
function skipAck(cursor: VariableCursor, type: number): void {
  cursor.read();
  cursor.read();
  const ranges = cursor.read();
  cursor.read();
  const numbers = ranges * 2 + (type === ACK_ECN ? 3 : 0);
  for (let at = 0; at < numbers && !cursor.failed; at++) cursor.read();
}

/** Variable-length integers (RFC 9000 §16). A read that does not fit latches `failed` and gives 0. */
class VariableCursor {
  at: number;
  failed: boolean;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.at = from;
    this.#end = to;
    this.failed = from > to;
  }

  read(): number {
    if (this.failed || this.at >= this.#end) return this.#fail();
    const first = this.#bytes[this.at]!;
    const length = 1 << (first >>> 6);
    if (this.at + length > this.#end) return this.#fail();
    let value = first & 0x3f;
    for (let at = 1; at < length; at++) value = value * 256 + this.#bytes[this.at + at]!;
    this.at += length;
    // Nothing that long fits a datagram, and from here on numbers would not be exact.
    return value <= 0x7fff_ffff ? value : this.#fail();
  }

  skip(length: number): void {
    if (this.failed || length > this.#end - this.at) this.#fail();
    else this.at += length;
  }

  #fail(): number {
    this.failed = true;
    return 0;
  }
}
