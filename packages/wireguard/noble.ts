import { chacha20poly1305, hchacha, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2s } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import type { Primitives, PrivateKey } from './primitives.ts';

interface NobleKey extends PrivateKey {
  readonly secret: Uint8Array;
}

/** The primitives in plain JavaScript, for any runtime. `random` must be unpredictable outside of tests. */
export function noblePrimitives(random: (length: number) => Uint8Array): Primitives {
  function privateKey(bytes: Uint8Array): NobleKey {
    const secret = bytes.slice();
    return { secret, publicKey: x25519.getPublicKey(secret) };
  }
  return {
    privateKey,
    generatePrivateKey: () => privateKey(random(32)),
    x25519: (own, theirs) => attempt(() => x25519.getSharedSecret((own as NobleKey).secret, theirs)),
    hash: (...parts) => digest(blake2s.create({}), parts),
    hmac: (key, ...parts) => digest(hmac.create(blake2s, key), parts),
    mac: (key, ...parts) => digest(blake2s.create({ key, dkLen: 16 }), parts),
    aeadSeal: (key, nonce, plaintext, additional) => chacha20poly1305(key, nonce, additional).encrypt(plaintext),
    aeadOpen: (key, nonce, sealed, additional) =>
      attempt(() => chacha20poly1305(key, nonce, additional).decrypt(sealed)),
    xaeadSeal: (key, nonce, plaintext, additional) => xchacha20poly1305(key, nonce, additional).encrypt(plaintext),
    xaeadOpen: (key, nonce, sealed, additional) =>
      attempt(() => xchacha20poly1305(key, nonce, additional).decrypt(sealed)),
    random,
  };
}

/** "expand 32-byte k" (RFC 8439 §2.3). */
const SIGMA = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/**
 * HChaCha20 (draft-irtf-cfrg-xchacha §2.2), in words as a little-endian machine reads them: into `subkey`, 8 of them, from a key
 * of 8 and the first 4 of a nonce. For implementations of `xaeadSeal` that have a ChaCha20-Poly1305 of their own.
 */
export function hChaCha20(key: Uint32Array, noncePrefix: Uint32Array, subkey: Uint32Array): void {
  hchacha(SIGMA, key, noncePrefix, subkey);
}

function digest(state: { update(part: Uint8Array): unknown; digest(): Uint8Array }, parts: readonly Uint8Array[]) {
  for (const part of parts) state.update(part);
  return state.digest();
}

/** The library says "no" by throwing: a bad tag, a low-order point. Here that is an ordinary outcome. */
function attempt(calculate: () => Uint8Array): Uint8Array | undefined {
  try {
    return calculate();
  } catch {
    return undefined;
  }
}
