/** IP prefixes (RFC 4632, RFC 4291 §2.3): an address whose bits after `length` are zero. */

import { err, ok, type Result } from '@patronus/wire';
import {
  addressLength,
  compareAddresses,
  type Family,
  formatAddress,
  type IpAddress,
  parseAddress,
} from './address.ts';

/** Bits after `length` are zero. 4 or 16 bytes, network order; treat them as frozen. */
export interface Prefix {
  readonly family: Family;
  readonly bytes: Uint8Array;
  readonly length: number;
}

export type PrefixErrorCode = 'prefix-syntax' | 'prefix-address' | 'prefix-length' | 'prefix-host-bits';

/** Why a text is no prefix, in words for the person who wrote it. */
export interface PrefixError {
  readonly code: PrefixErrorCode;
  readonly message: string;
}

export type PrefixResult = Result<Prefix, PrefixError>;

/** Reads `10.1.0.0/16` or `2001:db8::/32`. Bits after the length must be zero; the error names the prefix meant. */
export function parsePrefix(text: string): PrefixResult {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  const slash = text.indexOf('/');
  if (slash < 0)
    return failure('prefix-syntax', `${shown} has no length: write it as ADDRESS/LENGTH, e.g. 10.1.0.0/16`);
  const address = parseAddress(text.slice(0, slash));
  if (address === undefined) {
    return failure('prefix-address', `${shown} does not begin with an IPv4 or IPv6 address: write e.g. 10.1.0.0/16`);
  }
  const lengthText = text.slice(slash + 1);
  const most = addressLength(address.family) * 8;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > most) {
    return failure('prefix-length', `${shown}: an IPv${address.family} prefix length is a number from 0 to ${most}`);
  }
  const prefix = prefixOf(address, Number(lengthText));
  if (!addressesMatch(prefix.bytes, address.bytes, most)) {
    const meant = formatPrefix(prefix);
    return failure(
      'prefix-host-bits',
      `${shown} is an address inside ${meant}: write ${meant} for the network, or ${formatAddress(address)}/${most} for this one address`,
    );
  }
  return ok(prefix);
}

function failure(code: PrefixErrorCode, message: string): PrefixResult {
  return err({ code, message });
}

/** The prefix of `length` bits around an address; later bits are cleared. Throws a RangeError on an impossible length. */
export function prefixOf(address: IpAddress, length: number): Prefix {
  if (!Number.isInteger(length) || length < 0 || length > addressLength(address.family) * 8) {
    throw new RangeError(`prefix length ${length} is impossible for IPv${address.family}`);
  }
  const bytes = Uint8Array.from(address.bytes);
  for (let at = 0; at < bytes.length; at++) {
    const kept = Math.min(8, Math.max(0, length - at * 8));
    bytes[at] = bytes[at]! & (0xff00 >>> kept) & 0xff;
  }
  return { family: address.family, bytes, length };
}

/** The prefix that holds this address alone (/32 or /128). */
export function hostPrefix(address: IpAddress): Prefix {
  return { family: address.family, bytes: address.bytes, length: addressLength(address.family) * 8 };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** Whether the address lies inside the prefix; never across families. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  return prefix.family === address.family && addressesMatch(prefix.bytes, address.bytes, prefix.length);
}

/** Whether every address of `inner` lies inside `outer` (equal prefixes cover each other). */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return (
    outer.family === inner.family &&
    outer.length <= inner.length &&
    addressesMatch(outer.bytes, inner.bytes, outer.length)
  );
}

/** Whether two prefixes share an address. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && addressesMatch(a.bytes, b.bytes, Math.min(a.length, b.length));
}

export function prefixesEqual(a: Prefix, b: Prefix): boolean {
  return a.length === b.length && prefixCovers(a, b);
}

/** Order for sorting: IPv4 first, then by address, shorter prefixes before the ones inside them. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(a, b) || a.length - b.length;
}

/** Whether the first `bits` bits agree. */
function addressesMatch(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >>> 3;
  for (let at = 0; at < whole; at++) if (a[at] !== b[at]) return false;
  const rest = bits & 7;
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}
