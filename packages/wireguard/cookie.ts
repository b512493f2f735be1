import type { Endpoint } from '@patronus/net';
import { decodeCookieReply, encodeCookieReply, handshakeSender } from './messages.ts';
import type { Primitives } from './primitives.ts';
import { COOKIE_LIFETIME } from './session/constants.ts';

const encoder = new TextEncoder();
const LABEL_MAC1 = encoder.encode('mac1----');
const LABEL_COOKIE = encoder.encode('cookie--');
const MAC_LENGTH = 16;
const NONCE_LENGTH = 24;

/** Checks the two MACs of handshake messages sent to us, and hands out cookies (paper §5.4.4, §5.4.7). */
export class CookieChecker {
  readonly #primitives: Primitives;
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  #secret = new Uint8Array(0);
  #secretMadeAt = Number.NEGATIVE_INFINITY;

  constructor(primitives: Primitives, ownPublicKey: Uint8Array) {
    this.#primitives = primitives;
    this.#mac1Key = primitives.hash(LABEL_MAC1, ownPublicKey);
    this.#cookieKey = primitives.hash(LABEL_COOKIE, ownPublicKey);
  }

  /** Whether the sender knows our public key: without that we answer nothing at all. */
  checkMac1(bytes: Uint8Array): boolean {
    return equalSecrets(this.#primitives.mac(this.#mac1Key, beforeMac1(bytes)), mac1(bytes));
  }

  /** Whether the sender got a cookie of ours at the address it sends from. */
  checkMac2(bytes: Uint8Array, from: Endpoint, now: number): boolean {
    if (now - this.#secretMadeAt >= COOKIE_LIFETIME || isZero(mac2(bytes))) return false;
    return equalSecrets(this.#primitives.mac(this.#cookie(from), beforeMac2(bytes)), mac2(bytes));
  }

  /** The answer to a handshake message that came under load without a good mac2. Shorter than both kinds of them. */
  reply(bytes: Uint8Array, from: Endpoint, now: number): Uint8Array {
    if (now - this.#secretMadeAt >= COOKIE_LIFETIME) {
      this.#secret = this.#primitives.random(32).slice();
      this.#secretMadeAt = now;
    }
    const nonce = this.#primitives.random(NONCE_LENGTH);
    const sealedCookie = this.#primitives.xaeadSeal(this.#cookieKey, nonce, this.#cookie(from), mac1(bytes));
    return encodeCookieReply({ receiver: handshakeSender(bytes), nonce, sealedCookie });
  }

  #cookie(from: Endpoint): Uint8Array {
    return this.#primitives.mac(this.#secret, endpointBytes(from));
  }
}

/** Puts the MACs on handshake messages to one peer, and keeps the cookie it last gave us. */
export class CookieJar {
  readonly #primitives: Primitives;
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  #lastMac1: Uint8Array | undefined;
  #cookie: Uint8Array | undefined;
  #cookieCameAt = Number.NEGATIVE_INFINITY;

  constructor(primitives: Primitives, peerPublicKey: Uint8Array) {
    this.#primitives = primitives;
    this.#mac1Key = primitives.hash(LABEL_MAC1, peerPublicKey);
    this.#cookieKey = primitives.hash(LABEL_COOKIE, peerPublicKey);
  }

  /** Fills the last 32 bytes of a handshake message in place. */
  sign(bytes: Uint8Array, now: number): void {
    this.#lastMac1 = this.#primitives.mac(this.#mac1Key, beforeMac1(bytes));
    mac1(bytes).set(this.#lastMac1);
    const fresh = this.#cookie !== undefined && now - this.#cookieCameAt < COOKIE_LIFETIME;
    if (fresh) mac2(bytes).set(this.#primitives.mac(this.#cookie!, beforeMac2(bytes)));
    else mac2(bytes).fill(0);
  }

  /** Takes a cookie reply; false if it does not answer the last message we signed. */
  accept(bytes: Uint8Array, now: number): boolean {
    if (this.#lastMac1 === undefined) return false;
    const { nonce, sealedCookie } = decodeCookieReply(bytes);
    const cookie = this.#primitives.xaeadOpen(this.#cookieKey, nonce, sealedCookie, this.#lastMac1);
    if (cookie === undefined) return false;
    this.#cookie = cookie;
    this.#cookieCameAt = now;
    // One reply for one message: a second one, recorded and sent again, would only lengthen an old cookie's life.
    this.#lastMac1 = undefined;
    return true;
  }
}

function beforeMac1(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - 2 * MAC_LENGTH);
}

function beforeMac2(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - MAC_LENGTH);
}

function mac1(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.length - 2 * MAC_LENGTH, bytes.length - MAC_LENGTH);
}

function mac2(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.length - MAC_LENGTH);
}

/** Of somebody who has no cookie: worth no calculation. */
function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Compares all bytes, however early they differ. */
function equalSecrets(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}

/** Address and port as the cookie takes them (A_m). */
function endpointBytes({ address, port }: Endpoint): Uint8Array {
  return Uint8Array.of(...address.bytes, port >> 8, port & 0xff);
}
