/**
 * Fast cryptographic primitives of the OpenSSL inside Node, for WireGuard handshakes and signatures. Node has neither
 * keyed BLAKE2s nor XChaCha20: those stay with whoever needs them.
 */

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';

type Bytes = Uint8Array<ArrayBufferLike>;

/** DER before the raw key (RFC 8410 §7 and §4). Importing a raw key costs as much as using it, hence the caches. */
const x25519PrivateDer = Buffer.from('302e020100300506032b656e04220420', 'hex');
const x25519PublicDer = Buffer.from('302a300506032b656e032100', 'hex');
const ed25519PrivateDer = Buffer.from('302e020100300506032b657004220420', 'hex');
const ed25519PublicDer = Buffer.from('302a300506032b6570032100', 'hex');

const CACHED_KEYS = 4096;
const TAG_BYTES = 16;

/** Raw 32-byte keys, base64 as map key → imported key. The oldest goes when full. */
function keyCache(make: (raw: Bytes) => KeyObject): (raw: Bytes) => KeyObject {
  const cache = new Map<string, KeyObject>();
  return (raw) => {
    const name = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1');
    const known = cache.get(name);
    if (known !== undefined) return known;
    const key = make(raw);
    if (cache.size >= CACHED_KEYS) cache.delete(cache.keys().next().value!);
    cache.set(name, key);
    return key;
  };
}

function privateKey(der: Buffer, raw: Bytes): KeyObject {
  return createPrivateKey({ key: Buffer.concat([der, keyBytes(raw)]), format: 'der', type: 'pkcs8' });
}

function publicKey(der: Buffer, raw: Bytes): KeyObject {
  return createPublicKey({ key: Buffer.concat([der, keyBytes(raw)]), format: 'der', type: 'spki' });
}

function keyBytes(raw: Bytes): Bytes {
  if (raw.length !== 32) throw new RangeError(`a key has 32 bytes, not ${raw.length}`);
  return raw;
}

function rawPublic(key: KeyObject): Uint8Array<ArrayBuffer> {
  return copied(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
}

/** Buffers may lie in Node's shared pool; a copy of its own may be kept and handed on. */
function copied(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

const publicX25519 = keyCache((raw) => publicKey(x25519PublicDer, raw));
const publicEd25519 = keyCache((raw) => publicKey(ed25519PublicDer, raw));

/** One X25519 private key (RFC 7748), imported once. */
export class X25519Key {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly #key: KeyObject;

  /** 32 bytes; clamping is done on use, as the RFC says. */
  constructor(raw: Bytes) {
    this.#key = privateKey(x25519PrivateDer, raw);
    this.publicKey = rawPublic(this.#key);
  }

  /** The shared secret; undefined for a peer's key of small order (all zeros among them), which OpenSSL refuses. */
  sharedSecret(peer: Bytes, peerIsLasting = true): Uint8Array<ArrayBuffer> | undefined {
    try {
      // Ephemeral keys are used once or twice: caching them would only push lasting ones out.
      const key = peerIsLasting ? publicX25519(peer) : publicKey(x25519PublicDer, peer);
      return copied(diffieHellman({ privateKey: this.#key, publicKey: key }));
    } catch {
      return undefined;
    }
  }
}

/** One Ed25519 private key (RFC 8032), imported once. */
export class Ed25519Key {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly #key: KeyObject;

  constructor(raw: Bytes) {
    this.#key = privateKey(ed25519PrivateDer, raw);
    this.publicKey = rawPublic(this.#key);
  }

  sign(message: Bytes): Uint8Array<ArrayBuffer> {
    return copied(sign(null, message, this.#key));
  }
}

/** Whether the 64-byte signature is by the owner of the 32-byte public key; false for malformed ones too. */
export function verifyEd25519(signer: Bytes, message: Bytes, signature: Bytes): boolean {
  if (signer.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, message, publicEd25519(signer), signature);
  } catch {
    return false;
  }
}

/** ChaCha20-Poly1305 (RFC 8439): ciphertext with its 16-byte tag behind. Key 32 bytes, nonce 12. */
export function sealChaCha20Poly1305(
  key: Bytes,
  nonce: Bytes,
  plain: Bytes,
  associated: Bytes,
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated, { plaintextLength: plain.length });
  const sealed = new Uint8Array(new ArrayBuffer(plain.length + TAG_BYTES));
  sealed.set(cipher.update(plain), 0);
  cipher.final();
  sealed.set(cipher.getAuthTag(), plain.length);
  return sealed;
}

/** The plain text, or undefined when anything was changed. */
export function openChaCha20Poly1305(
  key: Bytes,
  nonce: Bytes,
  sealed: Bytes,
  associated: Bytes,
): Uint8Array<ArrayBuffer> | undefined {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return copied(plain);
}

/** BLAKE2s-256 without a key (RFC 7693), over the parts in order. */
export function blake2s(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  return copied(hash('blake2s256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer'));
}

const BLOCK_BYTES = 64;

/**
 * HMAC with BLAKE2s-256 (RFC 2104 §2), as WireGuard's key derivation uses it (not the same as keyed BLAKE2s).
 * Built from two one-shot hashes: OpenSSL's own HMAC object takes about four times as long as these together.
 */
export function hmacBlake2s(key: Bytes, ...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const short = key.length > BLOCK_BYTES ? blake2s(key) : key;
  return blake2s(padded(short, 0x5c), blake2s(padded(short, 0x36), ...parts));
}

function padded(key: Bytes, pad: number): Bytes {
  const block = Buffer.alloc(BLOCK_BYTES, pad);
  for (let at = 0; at < key.length; at++) block[at]! ^= key[at]!;
  return block;
}

/** Comparison whose time tells nothing about where two equally long values differ. */
export function equalInConstantTime(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
