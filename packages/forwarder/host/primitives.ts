/**
 * WireGuard's cryptography for the real machine: X25519, BLAKE2s and ChaCha20-Poly1305 of the OpenSSL inside Node, keyed
 * BLAKE2s and XChaCha20-Poly1305 by our own kernels (Node has neither; every stranger's datagram costs some of both).
 */
import {
  blake2s,
  hmacBlake2s,
  openChaCha20Poly1305,
  sealChaCha20Poly1305,
  systemRandom,
  X25519Key,
} from '@patronus/system/linux';
import type { Primitives, PrivateKey } from '@patronus/wireguard';
import type { Kernels } from '../kernels/index.ts';
import { HASH_INPUT_LENGTH, Layout, type PacketMemory } from '../memory.ts';
import { xchacha20Poly1305 } from './xchacha.ts';

class HostKey implements PrivateKey {
  readonly key: X25519Key;

  constructor(raw: Uint8Array) {
    this.key = new X25519Key(raw);
  }

  get publicKey(): Uint8Array {
    return this.key.publicKey;
  }
}

export function hostPrimitives(memory: PacketMemory, kernels: Kernels): Primitives {
  const random = (length: number) => systemRandom.bytes(length);
  return {
    privateKey: (bytes) => new HostKey(bytes),
    generatePrivateKey: () => new HostKey(random(32)),
    x25519: (own, theirs) => (own as HostKey).key.sharedSecret(theirs, false),
    hash: (...parts) => blake2s(joined(parts)),
    hmac: (key, ...parts) => hmacBlake2s(key, joined(parts)),
    mac: (key, ...parts) => keyedHash(memory, kernels, key, joined(parts)),
    aeadSeal: sealChaCha20Poly1305,
    aeadOpen: openChaCha20Poly1305,
    ...xchacha20Poly1305(memory, kernels),
    random,
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** BLAKE2s with a key and 16 bytes of output. */
function keyedHash({ bytes }: PacketMemory, kernels: Kernels, key: Uint8Array, input: Uint8Array): Uint8Array {
  if (input.length > HASH_INPUT_LENGTH)
    throw new RangeError(`a MAC is made over a handshake message, not ${input.length} bytes`);
  bytes.set(key, Layout.hashKey);
  bytes.set(input, Layout.hashInput);
  kernels.blake2s(Layout.hashOutput, 16, Layout.hashKey, key.length, Layout.hashInput, input.length);
  return bytes.slice(Layout.hashOutput, Layout.hashOutput + 16);
}
