/**
 * Reads the path attributes of an UPDATE one by one and judges each (RFC 7606 §3 and §4). Where an attribute's length
 * leaves the stretch that the message gave to all of them, nothing after it can be read; the NLRI behind the stretch is
 * found by the Total Path Attribute Length all the same, and its routes count as withdrawn.
 */
import { Notice } from '../errors.ts';
import { type AttributeContext, attributeCodecOf, readerOf, Verdict } from './table.ts';
import { AttributeCode, Flag, type PathAttribute } from './values.ts';

/** What was wrong with one attribute, and what follows from it. */
export interface Complaint {
  readonly verdict: Verdict;
  /** The attribute's number; null: the list itself. */
  readonly attribute: number | null;
  readonly clause: string;
  readonly reason: string;
  /** For a reset: code and subcode. */
  readonly notice: readonly [number, number];
  /** For a reset: the attribute as it came (RFC 4271 §6.3). */
  readonly data: Uint8Array;
}

export interface ScannedAttributes {
  /** Those that stand, in the order they came. */
  readonly attributes: readonly PathAttribute[];
  readonly complaints: readonly Complaint[];
}

const nothing = new Uint8Array(0);
const CATEGORY = Flag.optional | Flag.transitive;

/** Reads `length` bytes at `offset`. */
export function scanAttributes(
  bytes: Uint8Array,
  offset: number,
  length: number,
  context: AttributeContext,
): ScannedAttributes {
  const attributes: PathAttribute[] = [];
  const complaints: Complaint[] = [];
  const seen = new Set<number>();
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const headerLength = end - at >= 1 && (bytes[at]! & Flag.extendedLength) !== 0 ? 4 : 3;
    if (end - at < headerLength) {
      complaints.push(overrun(null, 'the last attribute has no room for its header'));
      break;
    }
    const flags = bytes[at]! & 0xf0;
    const code = bytes[at + 1]!;
    const valueLength = headerLength === 4 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    const start = at + headerLength;
    if (start + valueLength > end) {
      complaints.push(overrun(code, `its length of ${valueLength} runs over the attributes' end`));
      break;
    }
    const whole = bytes.subarray(at, start + valueLength);
    at = start + valueLength;
    if (seen.has(code)) {
      const complaint = repeated(code, whole);
      if (complaint !== undefined) complaints.push(complaint);
      continue;
    }
    seen.add(code);
    const judged = judge(code, flags, bytes.subarray(start, start + valueLength), whole, context);
    if (judged.attribute !== undefined) attributes.push(judged.attribute);
    if (judged.complaint !== undefined) complaints.push(judged.complaint);
  }
  return { attributes, complaints };
}

interface Judged {
  readonly attribute?: PathAttribute;
  readonly complaint?: Complaint;
}

function judge(code: number, flags: number, value: Uint8Array, whole: Uint8Array, context: AttributeContext): Judged {
  const codec = attributeCodecOf(code);
  if (codec === undefined) return unknown(code, flags, value, whole);
  const complaint = (verdict: Verdict, clause: string, reason: string, notice: readonly [number, number]): Judged => ({
    complaint: { verdict, attribute: code, clause, reason: `${codec.name}: ${reason}`, notice, data: whole.slice() },
  });
  if ((flags & CATEGORY) !== codec.flags) {
    // RFC 7606 §3 c; an MP attribute with wrong flags still tells where its NLRI is.
    const verdict = codec.malformed === Verdict.discard ? Verdict.discard : Verdict.withdraw;
    const told = complaint(
      verdict,
      'RFC 7606 §3 c',
      `flags 0x${flags.toString(16)} are not those of its kind`,
      Notice.attributeFlags,
    );
    const isMultiprotocol = code === AttributeCode.mpReach || code === AttributeCode.mpUnreach;
    return isMultiprotocol ? { ...told, ...read(code, flags, value, context) } : told;
  }
  if (codec.isInternalOnly === true && context.isExternal) {
    return complaint(Verdict.discard, codec.clause, 'an external peer has no say in it', Notice.optionalAttribute);
  }
  const result = read(code, flags, value, context);
  if (result.attribute !== undefined) return result;
  return complaint(codec.malformed, codec.clause, `malformed, ${value.length} bytes`, Notice.optionalAttribute);
}

function read(code: number, flags: number, value: Uint8Array, context: AttributeContext): Judged {
  const reader = readerOf(value);
  const decoded = attributeCodecOf(code)!.decode(reader, context);
  if (decoded === undefined || reader.failed || reader.remaining > 0) return {};
  return { attribute: { code, flags, value: decoded } as PathAttribute };
}

/** RFC 4271 §5 and §6.3: well-known ones have to be understood; optional ones need not. */
function unknown(code: number, flags: number, value: Uint8Array, whole: Uint8Array): Judged {
  if ((flags & Flag.optional) === 0) {
    return {
      complaint: {
        verdict: Verdict.reset,
        attribute: code,
        clause: 'RFC 4271 §6.3',
        reason: `attribute ${code} says that everybody knows it, and it is not known`,
        notice: Notice.unrecognizedWellKnown,
        data: whole.slice(),
      },
    };
  }
  return { attribute: { code: 'unknown', number: code, flags, value: value.slice() } };
}

/** RFC 7606 §3 g: of other attributes the first counts; with a second MP attribute nobody knows which NLRI is meant. */
function repeated(code: number, whole: Uint8Array): Complaint | undefined {
  const isMultiprotocol = code === AttributeCode.mpReach || code === AttributeCode.mpUnreach;
  return {
    verdict: isMultiprotocol ? Verdict.reset : Verdict.discard,
    attribute: code,
    clause: 'RFC 7606 §3 g',
    reason: `attribute ${code} is there more than once`,
    notice: Notice.malformedAttributeList,
    data: isMultiprotocol ? nothing : whole.slice(),
  };
}

function overrun(attribute: number | null, reason: string): Complaint {
  return {
    verdict: Verdict.withdraw,
    attribute,
    clause: 'RFC 7606 §4',
    reason: attribute === null ? reason : `attribute ${attribute}: ${reason}`,
    notice: Notice.malformedAttributeList,
    data: nothing,
  };
}
