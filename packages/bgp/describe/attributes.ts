/** Path attributes as plain values that JSON can hold, spelled the way operators write them. */
import { addressFromBytes, formatAddress } from '@patronus/net';
import { toHex } from '@patronus/wire';
import { attributeCodecOf } from '../codec/attributes/table.ts';
import { type AsSegment, AttributeCode, type LargeCommunity, type PathAttribute } from '../codec/attributes/values.ts';
import { familyName } from '../codec/families.ts';
import type { Json } from './json.ts';

/** RFC 1997, 3765, 7611, 7999, 8326, 9494: communities with a name (IANA, BGP Well-known Communities). */
const wellKnownCommunities: Readonly<Record<number, string>> = {
  4294901760: 'graceful-shutdown',
  4294901761: 'accept-own',
  4294901766: 'llgr-stale',
  4294901767: 'no-llgr',
  4294902426: 'blackhole',
  4294967041: 'no-export',
  4294967042: 'no-advertise',
  4294967043: 'no-export-subconfed',
  4294967044: 'no-peer',
};

/** `65001:20`, or its name. */
export function communityText(community: number): string {
  return wellKnownCommunities[community] ?? `${community >>> 16}:${community & 0xffff}`;
}

/** `65001:1:2`. */
export function largeCommunityText({ global, local1, local2 }: LargeCommunity): string {
  return `${global}:${local1}:${local2}`;
}

/** Route target and site of origin of RFC 4360 §4 and §5, with numbers of either size (RFC 5668); others as hex. */
export function extendedCommunityText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = { 2: 'target', 3: 'origin' }[bytes[1] ?? 0];
  const type = bytes[0]! & 0xbf;
  if (bytes.length !== 8 || kind === undefined || type > 2) return `0x${toHex(bytes)}`;
  if (type === 0) return `${kind}:${view.getUint16(2)}:${view.getUint32(4)}`;
  const administrator = type === 1 ? dotted(view.getUint32(2)) : String(view.getUint32(2));
  return `${kind}:${administrator}:${view.getUint16(6)}`;
}

/** `64500 64501 {64502,64503}`; confederations in round and square brackets (RFC 5065 §3). */
export function asPathText(segments: readonly AsSegment[]): string {
  return segments
    .map(({ type, numbers }) => {
      if (type === 'sequence') return numbers.join(' ');
      if (type === 'set') return `{${numbers.join(',')}}`;
      return type === 'confederation-sequence' ? `(${numbers.join(' ')})` : `[${numbers.join(',')}]`;
    })
    .join(' ');
}

/** A BGP identifier or cluster: 32 bits, written like an IPv4 address. */
export function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** One address, or a global one and the link-local one behind it (RFC 2545 §3); other lengths as hex; none (RFC 8955 §4). */
export function nextHopText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  if (bytes.length === 32) return `${nextHopText(bytes.subarray(0, 16))} ${nextHopText(bytes.subarray(16))}`;
  const address = addressFromBytes(bytes);
  return address === undefined ? `0x${toHex(bytes)}` : formatAddress(address);
}

/** Its value. NLRI of the multiprotocol attributes is told beside the attributes, not in them. */
export function describeAttribute(attribute: PathAttribute): readonly [name: string, value: Json] {
  if (attribute.code === 'unknown') {
    const flags = `0x${attribute.flags.toString(16)}`;
    return [`attribute-${attribute.number}`, { flags, value: toHex(attribute.value) }];
  }
  return [attributeName(attribute.code), plainValue(attribute)];
}

/** `as-path` for AS_PATH. */
export function attributeName(code: number): string {
  const codec = attributeCodecOf(code);
  return codec === undefined ? `attribute-${code}` : codec.name.toLowerCase().replaceAll('_', '-');
}

function plainValue(attribute: Exclude<PathAttribute, { code: 'unknown' }>): Json {
  switch (attribute.code) {
    case AttributeCode.asPath:
    case AttributeCode.as4Path:
      return asPathText(attribute.value);
    case AttributeCode.nextHop:
      return nextHopText(attribute.value);
    case AttributeCode.atomicAggregate:
      return true;
    case AttributeCode.aggregator:
    case AttributeCode.as4Aggregator:
      return { as: attribute.value.as, address: nextHopText(attribute.value.address) };
    case AttributeCode.communities:
      return attribute.value.map(communityText);
    case AttributeCode.originatorId:
      return dotted(attribute.value);
    case AttributeCode.clusterList:
      return attribute.value.map(dotted);
    case AttributeCode.mpReach:
      return { family: familyName(attribute.value.family), nextHop: nextHopText(attribute.value.nextHop) };
    case AttributeCode.mpUnreach:
      return { family: familyName(attribute.value.family) };
    case AttributeCode.extendedCommunities:
      return attribute.value.map(extendedCommunityText);
    case AttributeCode.ipv6ExtendedCommunities:
      return attribute.value.map((bytes) => `0x${toHex(bytes)}`);
    case AttributeCode.aigp:
      return attribute.value.metric === null ? null : String(attribute.value.metric);
    case AttributeCode.largeCommunities:
      return attribute.value.map(largeCommunityText);
    default:
      return attribute.value;
  }
}
