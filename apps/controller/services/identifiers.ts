import { randomBytes } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

type Kind =
  | 'site'
  | 'edge'
  | 'uplink'
  | 'peer'
  | 'policy'
  | 'sla'
  | 'application'
  | 'user'
  | 'token'
  | 'alarm'
  | 'bfd'
  | 'bgp'
  | 'allowance';

/** `site_` and twelve random letters: 60 bits, never reused. */
export function newId(kind: Kind): string {
  return `${kind}_${Array.from(randomBytes(12), (byte) => alphabet[byte & 31]).join('')}`;
}

/** 256 random bits in base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
