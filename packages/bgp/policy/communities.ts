/**
 * Communities as text: standard (RFC 1997), extended (RFC 4360) and large (RFC 8092), exact or as patterns.
 *
 *     65001:100   no-export     65001:*   65001:100-199   *:666
 *     rt:65001:5  soo:10.0.0.1:7  rt:*:5  ext:0002fde900000005
 *     65001:1:2   65001:*:*
 */
import { fromHex } from '@patronus/wire';
import type { LargeCommunity } from '../codec/attributes/values.ts';

/** IANA's well-known communities. */
export const wellKnownCommunities: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff_0000,
  'accept-own': 0xffff_0001,
  'llgr-stale': 0xffff_0006,
  'no-llgr': 0xffff_0007,
  blackhole: 0xffff_029a,
  'no-export': 0xffff_ff01,
  'no-advertise': 0xffff_ff02,
  'no-export-subconfed': 0xffff_ff03,
  'no-peer': 0xffff_ff04,
};

type Range = readonly [number, number];

/** `parts` each have to lie in their range; `kind` says which attribute is looked at. */
export type CommunityPattern =
  | { readonly kind: 'standard'; readonly parts: readonly [Range, Range] }
  /** Type's low byte: 2 route target, 3 site of origin (RFC 4360 §4, §5). */
  | { readonly kind: 'extended'; readonly subtype: number; readonly parts: readonly [Range, Range] }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'large'; readonly parts: readonly [Range, Range, Range] };

/** Exact communities, by attribute. */
export interface Communities {
  readonly standard: readonly number[];
  readonly extended: readonly Uint8Array[];
  readonly large: readonly LargeCommunity[];
}

const subtypes: Readonly<Record<string, number>> = { rt: 2, soo: 3, ro: 3 };

/** undefined: it is none. */
export function parseCommunityPattern(text: string): CommunityPattern | undefined {
  const known = wellKnownCommunities[text];
  if (known !== undefined) return { kind: 'standard', parts: [only(known >>> 16), only(known & 0xffff)] };
  const parts = text.split(':');
  const [first = ''] = parts;
  if (first === 'ext' && parts.length === 2) {
    const bytes = fromHex(parts[1]!);
    return bytes?.length === 8 ? { kind: 'raw', bytes } : undefined;
  }
  const subtype = subtypes[first];
  if (subtype !== undefined && parts.length === 3) {
    const [global, local] = [range(parts[1]!, 0xffff_ffff) ?? ipv4(parts[1]!), range(parts[2]!, 0xffff_ffff)];
    return global && local && { kind: 'extended', subtype, parts: [global, local] };
  }
  if (parts.length === 2) {
    const [high, low] = parts.map((part) => range(part, 0xffff));
    return high && low && { kind: 'standard', parts: [high, low] };
  }
  if (parts.length !== 3) return undefined;
  const [global, local1, local2] = parts.map((part) => range(part, 0xffff_ffff));
  return global && local1 && local2 && { kind: 'large', parts: [global, local1, local2] };
}

function only(value: number): Range {
  return [value, value];
}

function range(text: string, most: number): Range | undefined {
  if (text === '*') return [0, most];
  const found = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (found === null) return undefined;
  const [low, high] = [Number(found[1]), Number(found[2] ?? found[1])];
  return high <= most && low <= high ? [low, high] : undefined;
}

function ipv4(text: string): Range | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  return only(octets.reduce((sum, octet) => sum * 256 + octet, 0));
}

const isIn = (value: number, [low, high]: Range): boolean => value >= low && value <= high;

/** Whether one community is what the pattern means. */
export function matchesStandard(pattern: CommunityPattern, value: number): boolean {
  return pattern.kind === 'standard' && isIn(value >>> 16, pattern.parts[0]) && isIn(value & 0xffff, pattern.parts[1]);
}

export function matchesLarge(pattern: CommunityPattern, { global, local1, local2 }: LargeCommunity): boolean {
  if (pattern.kind !== 'large') return false;
  const [first, second, third] = pattern.parts;
  return isIn(global, first) && isIn(local1, second) && isIn(local2, third);
}

/** Types 0 and 2 hold an AS number, 1 an IPv4 address (RFC 4360 §3, 5668); the transitive bit is not looked at. */
export function matchesExtended(pattern: CommunityPattern, bytes: Uint8Array): boolean {
  if (pattern.kind === 'raw') return pattern.bytes.every((byte, at) => byte === bytes[at]);
  if (pattern.kind !== 'extended' || bytes[1] !== pattern.subtype) return false;
  const type = bytes[0]! & 0xbf;
  if (type > 2) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const global = type === 0 ? view.getUint16(2) : view.getUint32(2);
  const local = type === 0 ? view.getUint32(4) : view.getUint16(6);
  return isIn(global, pattern.parts[0]) && isIn(local, pattern.parts[1]);
}

/** Exact communities of texts; the first that is a pattern, or nothing, comes back as the error. */
export function exactCommunities(texts: readonly string[]): Communities | { readonly wrong: string } {
  const standard: number[] = [];
  const extended: Uint8Array[] = [];
  const large: LargeCommunity[] = [];
  for (const text of texts) {
    const pattern = parseCommunityPattern(text);
    if (pattern === undefined) return { wrong: text };
    if (pattern.kind === 'raw') {
      extended.push(pattern.bytes);
      continue;
    }
    if (pattern.parts.some(([low, high]) => low !== high)) return { wrong: text };
    const [first = 0, second = 0, third = 0] = pattern.parts.map(([low]) => low);
    if (pattern.kind === 'standard') standard.push(((first << 16) | second) >>> 0);
    else if (pattern.kind === 'large') large.push({ global: first, local1: second, local2: third });
    else {
      const bytes = extendedBytes(pattern.subtype, text.split(':')[1]!.includes('.'), first, second);
      if (bytes === undefined) return { wrong: text };
      extended.push(bytes);
    }
  }
  return { standard, extended, large };
}

function extendedBytes(subtype: number, isAddress: boolean, global: number, local: number): Uint8Array | undefined {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  bytes[1] = subtype;
  if (!isAddress && global <= 0xffff) {
    view.setUint16(2, global);
    view.setUint32(4, local);
    return bytes;
  }
  if (local > 0xffff) return undefined;
  bytes[0] = isAddress ? 1 : 2;
  view.setUint32(2, global);
  view.setUint16(6, local);
  return bytes;
}
