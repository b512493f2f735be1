/** AS_PATH and AS4_PATH (RFC 4271 §4.3, RFC 6793 §3, RFC 5065 §3): segments of AS numbers, two or four bytes each. */
import type { ByteReader, ByteWriter } from '@patronus/wire';
import { type AsSegment, type SegmentType, segmentTypes } from './values.ts';

const MOST_NUMBERS = 255;

/** undefined: a type that is not known, an empty segment, or one that runs over (RFC 7606 §7.2). */
export function decodeAsPath(reader: ByteReader, isFourOctet: boolean): AsSegment[] | undefined {
  const segments: AsSegment[] = [];
  while (reader.remaining > 0) {
    const type = segmentTypes[reader.u8() as keyof typeof segmentTypes] as SegmentType | undefined;
    const count = reader.u8();
    if (type === undefined || count === 0) return undefined;
    const numbers = Array.from({ length: count }, () => (isFourOctet ? reader.u32() : reader.u16()));
    if (reader.failed) return undefined;
    segments.push({ type, numbers });
  }
  return segments;
}

const typeNumbers = new Map(
  Object.entries(segmentTypes).map(([number, name]) => [name as SegmentType, Number(number)]),
);

/** A segment with more numbers than one byte counts is written as several. */
export function encodeAsPath(segments: readonly AsSegment[], writer: ByteWriter, isFourOctet: boolean): void {
  for (const { type, numbers } of segments) {
    for (let first = 0; first < numbers.length; first += MOST_NUMBERS) {
      const part = numbers.slice(first, first + MOST_NUMBERS);
      writer.u8(typeNumbers.get(type)!);
      writer.u8(part.length);
      for (const number of part) {
        if (isFourOctet) writer.u32(number);
        else writer.u16(number > 0xffff ? AS_TRANS : number);
      }
    }
  }
}

/** RFC 6793 §3. */
const AS_TRANS = 23_456;

/** Length for comparing paths (RFC 4271 §9.1.2.2 a: a set counts one; RFC 5065 §5.3: confederations count nothing). */
export function asPathLength(segments: readonly AsSegment[]): number {
  return segments.reduce((sum, { type, numbers }) => {
    if (type === 'sequence') return sum + numbers.length;
    return type === 'set' ? sum + 1 : sum;
  }, 0);
}

/**
 * The path that an old peer's AS_PATH and the AS4_PATH beside it stand for (RFC 6793 §4.2.3): as much of the front of
 * the one as it is longer, then the other. An AS4_PATH that is longer says nothing.
 */
export function mergeAs4Path(path: readonly AsSegment[], as4Path: readonly AsSegment[]): readonly AsSegment[] {
  const plain = as4Path.filter(({ type }) => type === 'sequence' || type === 'set');
  let keep = asPathLength(path) - asPathLength(plain);
  if (keep < 0) return path;
  const front: AsSegment[] = [];
  for (const segment of path) {
    const isConfederation = segment.type.startsWith('confederation');
    if (keep === 0 && !isConfederation) break;
    if (isConfederation || segment.type === 'set') {
      front.push(segment);
      if (!isConfederation) keep -= 1;
      continue;
    }
    const numbers = segment.numbers.slice(0, keep);
    front.push({ type: segment.type, numbers });
    keep -= numbers.length;
  }
  return joinSequences([...front, ...plain]);
}

function joinSequences(segments: readonly AsSegment[]): AsSegment[] {
  const joined: AsSegment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    const fits = last?.type === 'sequence' && segment.type === 'sequence';
    if (fits && last.numbers.length + segment.numbers.length <= MOST_NUMBERS) {
      joined[joined.length - 1] = { type: 'sequence', numbers: [...last.numbers, ...segment.numbers] };
    } else joined.push(segment);
  }
  return joined;
}
