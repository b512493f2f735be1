/** Domain names as text and as bytes: one spelling, so that equal names are equal. */

/** RFC 1035 §2.3.4: 255 octets on the wire, which are 253 characters. */
export const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * Lower case, no dot at the end, no `*.` in front; undefined for what is no host name (RFC 1123 §2.1, and `_`, which
 * services use). Names of other scripts are expected in their ASCII form (RFC 5890 A-labels), as they travel.
 */
export function canonicalName(text: string): string | undefined {
  const name = text.trim().toLowerCase().replace(/^\*\./, '').replace(/\.$/, '');
  if (name.length === 0 || name.length > LONGEST_NAME) return undefined;
  const isName = name
    .split('.')
    .every((label) => label.length <= LONGEST_LABEL && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label));
  // An address in a name's place is none: 192.0.2.1 is not below `2.1`.
  return isName && !/^[0-9.]+$/.test(name) ? name : undefined;
}

/** A letter in lower case; anything that no host name holds: 0. */
export function nameByte(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte | 0x20;
  const isPart =
    (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e || byte === 0x5f;
  return isPart ? byte : 0;
}
