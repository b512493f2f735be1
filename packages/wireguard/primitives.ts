/**
 * A private key in the form its implementation likes best (raw bytes, an imported key object). Opaque to everyone else.
 * `publicKey` is 32 bytes and always the same object.
 */
export interface PrivateKey {
  readonly publicKey: Uint8Array;
}

/**
 * The cryptography WireGuard is built from, handed in by the owner, so that this package holds no platform code and a
 * test can replay every byte. `noblePrimitives` is the portable implementation.
 *
 * Public keys of peers are passed as the same array object at each call, so an implementation may cache what it imports
 * in a WeakMap. Results are fresh arrays that the caller may keep and wipe.
 */
export interface Primitives {
  /** Imports 32 bytes; clamping (RFC 7748 §5) is the implementation's business. Throws unless there are 32. */
  privateKey(bytes: Uint8Array): PrivateKey;
  /** A new key for one handshake. */
  generatePrivateKey(): PrivateKey;
  /** RFC 7748 X25519; undefined if the result would be all zero (a low-order public key). */
  x25519(own: PrivateKey, theirs: Uint8Array): Uint8Array | undefined;
  /** BLAKE2s (RFC 7693) with 32 bytes of output over the parts in order. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-BLAKE2s, 32 bytes of output: the building block of HKDF. */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** Keyed BLAKE2s with 16 bytes of output; the key has 16 or 32 bytes. */
  mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** ChaCha20-Poly1305 (RFC 8439), 12-byte nonce; the answer is the ciphertext followed by its 16-byte tag. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array;
  /** The plaintext, or undefined if the tag does not match. */
  aeadOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined;
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), 24-byte nonce. */
  xaeadSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array;
  xaeadOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined;
  /** Unpredictable bytes. */
  random(length: number): Uint8Array;
}
