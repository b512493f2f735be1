/**
 * The form in which the RIB keeps path attributes: sorted by code, AS numbers of four bytes, nothing that only matters on
 * one session (RFC 6793 §4.2.3), MP_REACH_NLRI last and without its NLRI, so that only family and next hop are left of
 * it. What a well-behaved peer sends is in this form already, and is taken as the bytes it is.
 */
import type { ByteWriter } from '@patronus/wire';
import { mergeAs4Path } from '../codec/attributes/asPath.ts';
import { scanAttributes } from '../codec/attributes/scan.ts';
import type { AttributeContext } from '../codec/attributes/table.ts';
import { AttributeCode, Flag, type PathAttribute } from '../codec/attributes/values.ts';
import { attributeValue, encodeAttribute } from '../codec/update.ts';

const AS_TRANS = 23_456;

/** How canonical bytes are read and written. */
export const CANONICAL: AttributeContext = { isFourOctetAs: true, isExternal: false };

export function numberOf(attribute: PathAttribute): number {
  return attribute.code === 'unknown' ? attribute.number : attribute.code;
}

/** Canonical order: by code, MP_REACH_NLRI last. */
export function byCode(one: PathAttribute, other: PathAttribute): number {
  return rank(numberOf(one)) - rank(numberOf(other));
}

function rank(code: number): number {
  return code === AttributeCode.mpReach ? 256 : code;
}

/**
 * Writes attributes in canonical form. `isFor`: what of them is meant: routes of the UPDATE's own NLRI, or those of
 * MP_REACH_NLRI (in which NEXT_HOP means nothing, RFC 4760 §3).
 */
export function canonicalBytes(
  attributes: readonly PathAttribute[],
  isFor: 'body' | 'reach',
  isFourOctetAs: boolean,
  writer: ByteWriter,
): void {
  const left = isFourOctetAs ? attributes : mergeOldSpeaker(attributes);
  const unwanted = isFor === 'body' ? AttributeCode.mpReach : AttributeCode.nextHop;
  writer.reset();
  for (const one of left.toSorted(byCode)) {
    const code = numberOf(one);
    if (code === unwanted || isOfOneSession(code)) continue;
    if (one.code === AttributeCode.mpReach) writeReach(one.value.family, one.value.nextHop, writer);
    else encodeAttribute(one, writer, CANONICAL);
  }
}

function isOfOneSession(code: number): boolean {
  return code === AttributeCode.mpUnreach || code === AttributeCode.as4Path || code === AttributeCode.as4Aggregator;
}

function writeReach(family: number, nextHop: Uint8Array, writer: ByteWriter): void {
  writer.u8(Flag.optional);
  writer.u8(AttributeCode.mpReach);
  writer.u8(5 + nextHop.length);
  writer.u16(family >>> 8);
  writer.u8(family & 0xff);
  writer.u8(nextHop.length);
  writer.bytes(nextHop);
  writer.u8(0);
}

/** RFC 6793 §4.2.3: what a speaker of two-byte AS numbers passed on stands for. */
function mergeOldSpeaker(attributes: readonly PathAttribute[]): readonly PathAttribute[] {
  const aggregator = attributeValue(attributes, AttributeCode.aggregator);
  const as4Aggregator = attributeValue(attributes, AttributeCode.as4Aggregator);
  const as4Path = attributeValue(attributes, AttributeCode.as4Path);
  // Somebody on the way aggregated without knowing of the longer numbers: they no longer fit.
  const isOutdated = as4Aggregator !== undefined && aggregator !== undefined && aggregator.as !== AS_TRANS;
  if (isOutdated) return attributes;
  return attributes.map((one): PathAttribute => {
    if (one.code === AttributeCode.asPath && as4Path !== undefined) {
      return { ...one, value: mergeAs4Path(one.value, as4Path) };
    }
    if (one.code === AttributeCode.aggregator && as4Aggregator !== undefined) return { ...one, value: as4Aggregator };
    return one;
  });
}

/** Canonical bytes as values. They were in order when they were kept. */
export function decodeCanonical(bytes: Uint8Array): readonly PathAttribute[] {
  return scanAttributes(bytes, 0, bytes.length, CANONICAL).attributes;
}
