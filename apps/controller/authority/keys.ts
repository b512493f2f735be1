/** Private keys on disk: made once, readable by the controller alone. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The key in the file; made and written when there is none. */
export function loadKey(file: string, kind: 'p256' | 'ed25519'): KeyObject {
  if (existsSync(file)) return createPrivateKey(readFileSync(file));
  const { privateKey } =
    kind === 'p256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  writePrivately(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  return privateKey;
}

/** Whole or not at all, mode 0600. */
export function writePrivately(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The same P-256 key as WebCrypto wants it. */
export async function asCryptoKeyPair(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, true, ['sign']),
    webcrypto.subtle.importKey('spki', spkiOf(key), algorithm, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

/** SubjectPublicKeyInfo, DER. */
export function spkiOf(key: KeyObject): Buffer<ArrayBuffer> {
  return Buffer.from(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}
