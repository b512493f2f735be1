/**
 * UPDATE (RFC 4271 §4.3, §6.3; errors as RFC 7606 revises them). What comes out says which routes are announced, which
 * are withdrawn, with which attributes, and what was wrong; or that the session has to end.
 */
import { ByteWriter, err, ok, type Result } from '@patronus/wire';
import { type Complaint, scanAttributes } from './attributes/scan.ts';
import { type AttributeContext, attributeCodecOf, Verdict } from './attributes/table.ts';
import {
  AttributeCode,
  Flag,
  type KnownCode,
  type PathAttribute,
  type Reach,
  type Unreach,
  type Value,
} from './attributes/values.ts';
import { type MessageError, messageError, Notice } from './errors.ts';
import { type FamilyKey, IPV4_UNICAST, prefixFamily } from './families.ts';
import { frame, MessageType } from './header.ts';
import { readPrefixes } from './nlri/prefixes.ts';

/** What both ends agreed on, as far as it changes how messages are read. */
export interface Negotiated extends AttributeContext {
  /** Families in which NLRI comes with path identifiers (RFC 7911 §3). */
  readonly addPath: ReadonlySet<FamilyKey>;
}

/** Where the three parts of an UPDATE's body lie. */
export interface UpdateLayout {
  readonly withdrawnOffset: number;
  readonly withdrawnLength: number;
  readonly attributesOffset: number;
  readonly attributesLength: number;
  readonly nlriOffset: number;
  readonly nlriLength: number;
}

export interface Update {
  /** IPv4 NLRI of the body's own fields, as bytes that have been checked. */
  readonly withdrawn: Uint8Array;
  readonly nlri: Uint8Array;
  /** All that stand, the multiprotocol ones among them. */
  readonly attributes: readonly PathAttribute[];
  readonly reach: Reach | undefined;
  readonly unreach: Unreach | undefined;
  /** accept, or withdraw: what is announced counts as withdrawn. */
  readonly verdict: Verdict;
  readonly complaints: readonly Complaint[];
  /** End-of-RIB of this family (RFC 4724 §2); undefined: it is none. */
  readonly endOfRib: FamilyKey | undefined;
}

const FIXED = 4;

/** The three lengths of the body have to fit (RFC 4271 §6.3, first paragraph). */
export function layoutOf(body: Uint8Array): UpdateLayout | undefined {
  if (body.length < FIXED) return undefined;
  const withdrawnLength = (body[0]! << 8) | body[1]!;
  if (withdrawnLength + FIXED > body.length) return undefined;
  const attributesOffset = withdrawnLength + FIXED;
  const attributesLength = (body[attributesOffset - 2]! << 8) | body[attributesOffset - 1]!;
  const nlriOffset = attributesOffset + attributesLength;
  if (nlriOffset > body.length) return undefined;
  return {
    ...{ withdrawnOffset: 2, withdrawnLength, attributesOffset, attributesLength },
    ...{ nlriOffset, nlriLength: body.length - nlriOffset },
  };
}

/** Reads the body of an UPDATE. An error is a session that has to be reset. */
export function decodeUpdate(body: Uint8Array, negotiated: Negotiated): Result<Update, MessageError> {
  const layout = layoutOf(body);
  if (layout === undefined)
    return err(messageError(Notice.malformedAttributeList, 'the lengths of its parts do not fit'));
  const withdrawn = body.subarray(layout.withdrawnOffset, layout.withdrawnOffset + layout.withdrawnLength);
  const nlri = body.subarray(layout.nlriOffset);
  const { attributes, complaints } = scanAttributes(body, layout.attributesOffset, layout.attributesLength, negotiated);
  const reach = attributeValue(attributes, AttributeCode.mpReach);
  const unreach = attributeValue(attributes, AttributeCode.mpUnreach);
  const all = [
    ...complaints,
    ...missing(attributes, nlri.length > 0, reach),
    ...badNextHop(reach),
    ...badNlri(withdrawn, nlri, reach, unreach, negotiated),
  ];
  const reset = all.find(({ verdict }) => verdict === Verdict.reset);
  if (reset !== undefined) return err(messageError(reset.notice, `${reset.reason} (${reset.clause})`, reset.data));
  const isWithdrawn = all.some(({ verdict }) => verdict === Verdict.withdraw);
  // RFC 7606 §5.2: with nothing to withdraw, such an UPDATE cannot have been meant to say anything else.
  const endOfRib = isWithdrawn ? undefined : endOfRibOf(layout, attributes, unreach);
  return ok({
    ...{ withdrawn: withdrawn.slice(), nlri: nlri.slice(), attributes, reach, unreach, endOfRib },
    verdict: isWithdrawn ? Verdict.withdraw : Verdict.accept,
    complaints: all,
  });
}

/** The attribute's value, where it is there. */
export function attributeValue<Code extends KnownCode>(
  attributes: readonly PathAttribute[],
  code: Code,
): Value<Code> | undefined {
  return attributes.find((one) => one.code === code)?.value as Value<Code> | undefined;
}

/** RFC 7606 §3 d: well-known mandatory attributes of an UPDATE that announces anything. */
function missing(attributes: readonly PathAttribute[], hasNlri: boolean, reach: Reach | undefined): Complaint[] {
  const isFlow = reach !== undefined && (reach.family & 0xff) >= 133;
  const needed: KnownCode[] = [];
  if (hasNlri) needed.push(AttributeCode.origin, AttributeCode.asPath, AttributeCode.nextHop);
  else if (reach !== undefined && reach.nlri.length > 0 && !isFlow)
    needed.push(AttributeCode.origin, AttributeCode.asPath);
  return needed
    .filter((code) => !attributes.some((one) => one.code === code))
    .map((code) => ({
      verdict: Verdict.withdraw,
      attribute: code,
      clause: 'RFC 7606 §3 d',
      reason: `${attributeCodecOf(code)!.name} is missing`,
      notice: Notice.missingWellKnown,
      data: Uint8Array.of(code),
    }));
}

/**
 * Lengths a next hop can have for the families whose prefixes we read (RFC 4760 §3, 2545 §3, 8950 §3). One of the other
 * family is a matter of what was agreed on, not of finding the NLRI.
 */
const nextHopLengths: Readonly<Record<4 | 6, readonly number[]>> = { 4: [4, 16, 32], 6: [4, 16, 32] };

/** RFC 7606 §7.11: with a next hop of an impossible length nobody knows where the NLRI begins. */
function badNextHop(reach: Reach | undefined): Complaint[] {
  const family = reach && prefixFamily(reach.family);
  if (reach === undefined || family === undefined || nextHopLengths[family].includes(reach.nextHop.length)) return [];
  return [networkField(AttributeCode.mpReach, `next hop of ${reach.nextHop.length} bytes`, 'RFC 7606 §7.11')];
}

/** RFC 7606 §5.3: a prefix that cannot be read. */
function badNlri(
  withdrawn: Uint8Array,
  nlri: Uint8Array,
  reach: Reach | undefined,
  unreach: Unreach | undefined,
  { addPath }: Negotiated,
): Complaint[] {
  const parts: readonly (readonly [number | null, string, FamilyKey, Uint8Array])[] = [
    [null, 'withdrawn routes', IPV4_UNICAST, withdrawn],
    [null, 'NLRI', IPV4_UNICAST, nlri],
    ...(reach === undefined ? [] : [[AttributeCode.mpReach, 'MP_REACH_NLRI', reach.family, reach.nlri] as const]),
    ...(unreach === undefined
      ? []
      : [[AttributeCode.mpUnreach, 'MP_UNREACH_NLRI', unreach.family, unreach.nlri] as const]),
  ];
  return parts.flatMap(([attribute, name, key, bytes]) => {
    const family = prefixFamily(key);
    if (family === undefined) return [];
    if (readPrefixes(bytes, 0, bytes.length, family, addPath.has(key), ignore)) return [];
    return [networkField(attribute, `${name}: a prefix that is too long, or that runs over the end`, 'RFC 7606 §5.3')];
  });
}

function ignore(): void {
  // Only whether it can be read is asked.
}

function networkField(attribute: number | null, reason: string, clause: string): Complaint {
  return {
    ...{ verdict: Verdict.reset, attribute, clause, reason },
    ...{ notice: Notice.invalidNetworkField, data: new Uint8Array(0) },
  };
}

/** RFC 4724 §2: an UPDATE with nothing in it for IPv4 unicast, with an empty MP_UNREACH_NLRI alone for others. */
function endOfRibOf(
  { withdrawnLength, attributesLength, nlriLength }: UpdateLayout,
  attributes: readonly PathAttribute[],
  unreach: Unreach | undefined,
): FamilyKey | undefined {
  if (withdrawnLength > 0 || nlriLength > 0) return undefined;
  if (attributesLength === 0) return IPV4_UNICAST;
  return attributes.length === 1 && unreach !== undefined && unreach.nlri.length === 0 ? unreach.family : undefined;
}

/** Writes one attribute: flags, code, length in one byte or two, value. */
export function encodeAttribute(attribute: PathAttribute, writer: ByteWriter, context: AttributeContext): void {
  const value = new ByteWriter();
  if (attribute.code === 'unknown') value.bytes(attribute.value);
  else attributeCodecOf(attribute.code)!.encode(attribute.value as never, value, context);
  const isLong = value.length > 255 || (attribute.flags & Flag.extendedLength) !== 0;
  writer.u8(isLong ? attribute.flags | Flag.extendedLength : attribute.flags);
  writer.u8(attribute.code === 'unknown' ? attribute.number : attribute.code);
  if (isLong) writer.u16(value.length);
  else writer.u8(value.length);
  writer.bytes(value.view());
}

/** An attribute we make ourselves, with the flags of its kind. */
export function attribute<Code extends KnownCode>(code: Code, value: Value<Code>): PathAttribute {
  return { code, flags: attributeCodecOf(code)!.flags, value } as PathAttribute;
}

/** The whole message. Attributes are written in the order given; the caller keeps them sorted by code (RFC 4271 §5). */
export function encodeUpdate(
  { withdrawn, nlri, attributes }: Pick<Update, 'withdrawn' | 'nlri' | 'attributes'>,
  context: AttributeContext,
): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter();
  body.u16(withdrawn.length);
  body.bytes(withdrawn);
  const length = body.reserve(2);
  for (const one of attributes) encodeAttribute(one, body, context);
  body.patchU16(length, body.length - length - 2);
  body.bytes(nlri);
  return frame(MessageType.update, body.view());
}
