import type { Primitives } from '../primitives.ts';

const encoder = new TextEncoder();
const CONSTRUCTION = encoder.encode('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s');
const IDENTIFIER = encoder.encode('WireGuard v1 zx2c4 Jason@zx2c4.com');
const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const THREE = Uint8Array.of(3);
const NOTHING = new Uint8Array(0);

/** Every key seals one message in a handshake, so its nonce is always zero. */
const ZERO_NONCE = new Uint8Array(12);

/** The two values a handshake carries from line to line (paper §5.4): chaining key `C` and hash `H`. */
export class Transcript {
  readonly #primitives: Primitives;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;

  private constructor(primitives: Primitives, chainingKey: Uint8Array, hash: Uint8Array) {
    this.#primitives = primitives;
    this.#chainingKey = chainingKey;
    this.#hash = hash;
  }

  /** C := HASH(CONSTRUCTION), H := HASH(HASH(C || IDENTIFIER) || responder's static public key). */
  static start(primitives: Primitives, responderPublicKey: Uint8Array): Transcript {
    const chainingKey = primitives.hash(CONSTRUCTION);
    const hash = primitives.hash(primitives.hash(chainingKey, IDENTIFIER), responderPublicKey);
    return new Transcript(primitives, chainingKey, hash);
  }

  /** A second transcript to try a message on: a forged one must not spoil the handshake that waits for the real one. */
  copy(): Transcript {
    return new Transcript(this.#primitives, this.#chainingKey.slice(), this.#hash.slice());
  }

  /** H := HASH(H || bytes). */
  mixHash(bytes: Uint8Array): void {
    this.#hash = this.#primitives.hash(this.#hash, bytes);
  }

  /** C := KDF1(C, input). */
  mixKey(input: Uint8Array): void {
    const secret = this.#primitives.hmac(this.#chainingKey, input);
    this.#chainingKey = this.#primitives.hmac(secret, ONE);
  }

  /** (C, key) := KDF2(C, input). */
  mixCipherKey(input: Uint8Array): Uint8Array {
    const secret = this.#primitives.hmac(this.#chainingKey, input);
    this.#chainingKey = this.#primitives.hmac(secret, ONE);
    return this.#primitives.hmac(secret, this.#chainingKey, TWO);
  }

  /** (C, t, key) := KDF3(C, presharedKey); H := HASH(H || t). */
  mixPresharedKey(presharedKey: Uint8Array): Uint8Array {
    const secret = this.#primitives.hmac(this.#chainingKey, presharedKey);
    this.#chainingKey = this.#primitives.hmac(secret, ONE);
    const mixed = this.#primitives.hmac(secret, this.#chainingKey, TWO);
    this.mixHash(mixed);
    return this.#primitives.hmac(secret, mixed, THREE);
  }

  /** Seals with H as additional data, then mixes the ciphertext into H. */
  seal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = this.#primitives.aeadSeal(key, ZERO_NONCE, plaintext, this.#hash);
    this.mixHash(sealed);
    return sealed;
  }

  /** The reverse; undefined, and nothing mixed, if the tag is wrong. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#primitives.aeadOpen(key, ZERO_NONCE, sealed, this.#hash);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  /** (initiator's sending key, responder's sending key) := KDF2(C, nothing); the transcript is wiped (§5.4.5). */
  split(): { readonly initiatorKey: Uint8Array; readonly responderKey: Uint8Array } {
    const secret = this.#primitives.hmac(this.#chainingKey, NOTHING);
    const initiatorKey = this.#primitives.hmac(secret, ONE);
    const responderKey = this.#primitives.hmac(secret, initiatorKey, TWO);
    this.wipe();
    return { initiatorKey, responderKey };
  }

  wipe(): void {
    this.#chainingKey.fill(0);
    this.#hash.fill(0);
  }
}
