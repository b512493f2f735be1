/** IP addresses as values: a family and its bytes in network order. */

export type Family = 4 | 6;

/** 4 bytes for family 4, 16 for family 6, network order. Treat the bytes as frozen: they are shared, not copied. */
export interface IpAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** Length of an address of this family, in bytes. */
export function addressLength(family: Family): 4 | 16 {
  return family === 4 ? 4 : 16;
}

/** The address that these 4 or 16 bytes spell; undefined for any other length. The bytes are kept, not copied. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length === 4) return { family: 4, bytes };
  if (bytes.length === 16) return { family: 6, bytes };
  return undefined;
}

/**
 * Reads `192.0.2.1` or `2001:db8::1` (RFC 4291 §2.2, also `::ffff:192.0.2.1`).
 * Strict: no leading zeros in IPv4 (some read them as octal), no zone, no spaces.
 */
export function parseAddress(text: string): IpAddress | undefined {
  // 45 characters is the longest spelling there is; longer input is not worth looking at.
  if (text.length > 45) return undefined;
  if (text.includes(':')) return parseIpv6(text);
  const bytes = new Uint8Array(4);
  return readIpv4Into(text, bytes, 0) ? { family: 4, bytes } : undefined;
}

function readIpv4Into(text: string, out: Uint8Array, at: number): boolean {
  const parts = text.split('.');
  if (parts.length !== 4) return false;
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return false;
    const value = Number(part);
    if (value > 255) return false;
    out[at + index] = value;
  }
  return true;
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0]!, halves.length === 1);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? { family: 6, bytes: Uint8Array.from(head) } : undefined;
  const tail = readGroups(halves[1]!, true);
  // "::" stands for one group or more (RFC 4291 §2.2).
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return { family: 6, bytes };
}

/** The bytes of `a:b:c`; the last group may be a dotted IPv4 address where `mayEndInIpv4`. */
function readGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  const bytes: number[] = [];
  if (text === '') return bytes;
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (mayEndInIpv4 && index === groups.length - 1 && group.includes('.')) {
      const embedded = new Uint8Array(4);
      if (!readIpv4Into(group, embedded, 0)) return undefined;
      bytes.push(...embedded);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >>> 8, value & 0xff);
  }
  return bytes;
}

/** The one canonical spelling of an address (RFC 5952 §4; IPv4-mapped ones as `::ffff:192.0.2.1`, §5). */
export function formatAddress(address: IpAddress): string {
  const { bytes } = address;
  if (address.family === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  if (isIpv4Mapped(bytes)) return `::ffff:${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!);
  const run = longestZeroRun(groups);
  const spell = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return spell(groups);
  return `${spell(groups.slice(0, run.start))}::${spell(groups.slice(run.start + run.length))}`;
}

function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let at = 0; at <= groups.length; at++) {
    if (at < groups.length && groups[at] === 0) continue;
    if (at - start > best.length) best = { start, length: at - start };
    start = at + 1;
  }
  return best;
}

/** Order for sorting: IPv4 before IPv6, then by value. Negative, zero or positive. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let at = 0; at < a.bytes.length; at++) {
    const difference = a.bytes[at]! - b.bytes[at]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

export function addressesEqual(a: IpAddress, b: IpAddress): boolean {
  return compareAddresses(a, b) === 0;
}
