/**
 * One WireGuard key pair an uplink, made here and never leaving the machine, and the highest handshake timestamp each
 * has used: peers refuse older ones, so a machine that boots in 1970 has to go on from there (hardening, fault 17).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import { EdgeError } from '../errors.ts';
import { readJsonOrNone, readWhole, writeJson, writeWhole } from '../state/files.ts';
import type { StatePaths } from '../state/paths.ts';

/** Base64, as WireGuard writes keys. */
export interface WireguardKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

const stored = z.object({ privateKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/) });
/** What stands before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410 §7). */
const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The uplink's key; made and stored on first use. */
export function uplinkKey(paths: StatePaths, uplinkId: string): WireguardKey {
  const path = paths.uplinkKey(uplinkId);
  const known = readJsonOrNone(path, stored);
  if (known !== undefined) return { privateKey: known.privateKey, publicKey: publicKeyOf(known.privateKey) };
  const { d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const privateKey = Buffer.from(d!, 'base64url').toString('base64');
  writeJson(path, { privateKey });
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

export function publicKeyOf(privateKey: string): string {
  const der = Buffer.concat([pkcs8Header, Buffer.from(privateKey, 'base64')]);
  const { x } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
  return Buffer.from(x!, 'base64url').toString('base64');
}

const label = /^[0-9a-f]{24}$/;

/** TAI64N as 24 hex digits; null when the uplink never made a handshake. */
export function readTimestampFloor(paths: StatePaths, uplinkId: string): string | null {
  const text = readWhole(paths.timestampFloor(uplinkId))?.trim();
  return text !== undefined && label.test(text) ? text : null;
}

/** Keeps a label that is higher than what is kept; on disk when it returns. */
export function raiseTimestampFloor(paths: StatePaths, uplinkId: string, next: string): void {
  if (!label.test(next)) throw new EdgeError('BAD_TIMESTAMP', `${next} is no handshake timestamp`);
  // Fixed width and lower case: the order of the texts is the order of the times.
  if (next > (readTimestampFloor(paths, uplinkId) ?? '')) writeWhole(paths.timestampFloor(uplinkId), `${next}\n`);
}
