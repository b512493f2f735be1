import { randomBytes } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** `site_` and twelve random letters: 60 bits, never reused. */
export function newId(kind: 'site' | 'edge' | 'uplink' | 'peer' | 'class' | 'user' | 'token' | 'alarm'): string {
  return `${kind}_${Array.from(randomBytes(12), (byte) => alphabet[byte & 31]).join('')}`;
}

/** 256 random bits in base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
