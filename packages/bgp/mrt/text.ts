/** MRT records as lines of text: a route a line, fields between bars, as `bgpdump -m` writes them. */
import { addressFromBytes, formatAddress, formatPrefix, prefixOf } from '@patronus/net';
import { scanAttributes } from '../codec/attributes/scan.ts';
import { type AsSegment, AttributeCode, type PathAttribute, type Reach } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST, prefixFamily } from '../codec/families.ts';
import { HEADER_LENGTH, MessageType } from '../codec/header.ts';
import { decodePrefixes, type NlriPrefix } from '../codec/nlri/prefixes.ts';
import { attributeValue, decodeUpdate, type Negotiated, type Update } from '../codec/update.ts';
import type { MrtMessage, MrtRecord, MrtRoute } from './records.ts';

/** The lines of a record; none for messages that carry no routes. */
export function textLines(record: MrtRecord): string[] {
  switch (record.kind) {
    case 'route':
      return routeLine(record);
    case 'message':
      return messageLines(record);
    case 'state': {
      const { time, peer, from, to } = record;
      return [`BGP4MP|${time}|STATE|${formatAddress(peer.address)}|${peer.as}|${from}|${to}`];
    }
    case 'fault':
      return [];
  }
}

function routeLine({ time, format, peer, prefix, attributes: bytes, isFourOctetAs }: MrtRoute): string[] {
  const scanned = scanAttributes(bytes, 0, bytes.length, { isFourOctetAs, isExternal: false, isRecorded: true });
  const shown = formatNlri({ pathId: 0, length: prefix.length, address: prefix.address });
  return [
    `${format}|${time}|B|${formatAddress(peer.address)}|${peer.as}|${shown}|${attributeFields(scanned.attributes, undefined)}`,
  ];
}

function messageLines({ time, peer, isFourOctetAs, hasPathIds, message }: MrtMessage): string[] {
  if (message.length < HEADER_LENGTH || message[18] !== MessageType.update) return [];
  const addPath: ReadonlySet<FamilyKey> = hasPathIds ? everyFamily : new Set();
  const negotiated: Negotiated = { isFourOctetAs, isExternal: false, isRecorded: true, addPath };
  const read = decodeUpdate(message.subarray(HEADER_LENGTH), negotiated);
  if (!read.ok) return [];
  const start = (kind: string) => `BGP4MP|${time}|${kind}|${formatAddress(peer.address)}|${peer.as}|`;
  return [
    ...withdrawals(read.value, addPath).map((one) => start('W') + one),
    ...announcements(read.value, addPath).map((one) => start('A') + one),
  ];
}

/** Where a record says that NLRI comes with identifiers, it means all of it (RFC 8050 §3). */
const everyFamily: ReadonlySet<FamilyKey> = { has: () => true } as unknown as ReadonlySet<FamilyKey>;

function withdrawals({ withdrawn, unreach }: Update, addPath: ReadonlySet<FamilyKey>): string[] {
  return [
    ...nlriOf(IPV4_UNICAST, withdrawn, addPath),
    ...(unreach === undefined ? [] : nlriOf(unreach.family, unreach.nlri, addPath)),
  ].map(formatNlri);
}

function announcements({ nlri, reach, attributes }: Update, addPath: ReadonlySet<FamilyKey>): string[] {
  const line = (nextHopOf: Reach | undefined) => {
    const fields = attributeFields(attributes, nextHopOf);
    return (prefix: NlriPrefix) => `${formatNlri(prefix)}|${fields}`;
  };
  return [
    ...nlriOf(IPV4_UNICAST, nlri, addPath).map(line(undefined)),
    ...(reach === undefined ? [] : nlriOf(reach.family, reach.nlri, addPath).map(line(reach))),
  ];
}

function nlriOf(family: FamilyKey, bytes: Uint8Array, addPath: ReadonlySet<FamilyKey>): NlriPrefix[] {
  const of = prefixFamily(family);
  return of === undefined ? [] : (decodePrefixes(bytes, 0, bytes.length, of, addPath.has(family)) ?? []);
}

function formatNlri({ address, length }: NlriPrefix): string {
  return formatPrefix(prefixOf(addressFromBytes(address)!, length));
}

/** From the path on: path|origin|next hop|local preference|MED|communities|atomic|aggregator|. */
function attributeFields(attributes: readonly PathAttribute[], reach: Reach | undefined): string {
  const aggregator = attributeValue(attributes, AttributeCode.aggregator);
  const isAtomic = attributes.some(({ code }) => code === AttributeCode.atomicAggregate);
  const fields = [
    (attributeValue(attributes, AttributeCode.asPath) ?? []).map(segmentText).join(' '),
    (attributeValue(attributes, AttributeCode.origin) ?? 'incomplete').toUpperCase(),
    nextHopText(reach?.nextHop ?? attributeValue(attributes, AttributeCode.nextHop)),
    String(attributeValue(attributes, AttributeCode.localPreference) ?? 0),
    String(attributeValue(attributes, AttributeCode.multiExitDiscriminator) ?? 0),
    (attributeValue(attributes, AttributeCode.communities) ?? []).map(communityText).join(' '),
    isAtomic ? 'AG' : 'NAG',
    aggregator === undefined ? '' : `${aggregator.as} ${formatAddress(addressFromBytes(aggregator.address)!)}`,
    '',
  ];
  return fields.join('|');
}

function segmentText({ type, numbers }: AsSegment): string {
  if (type === 'sequence') return numbers.join(' ');
  if (type === 'set') return `{${numbers.join(',')}}`;
  return type === 'confederation-sequence' ? `(${numbers.join(' ')})` : `[${numbers.join(',')}]`;
}

/** A link-local address behind the global one is not shown. */
function nextHopText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const address = addressFromBytes(bytes.length === 32 ? bytes.subarray(0, 16) : bytes);
  return address === undefined ? '' : formatAddress(address);
}

/** RFC 1997's names, as the format has them. */
const wellKnown: Readonly<Record<number, string>> = {
  4294967041: 'no-export',
  4294967042: 'no-advertise',
  4294967043: 'local-AS',
};

function communityText(community: number): string {
  return wellKnown[community] ?? `${community >>> 16}:${community & 0xffff}`;
}
