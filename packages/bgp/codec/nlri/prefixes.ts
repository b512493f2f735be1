/** Prefixes as NLRI (RFC 4271 §4.3), with the path identifier of RFC 7911 §3 before each where both ends agreed on it. */

/**
 * One destination: where its address bytes begin (as many as the length needs), and its length in bits. Bits behind the
 * length mean nothing and have to be cleared by whoever keeps it.
 */
export type PrefixVisitor = (pathId: number, length: number, offset: number) => void;

/**
 * Reads the prefixes between `offset` and `end`; false where one is longer than its family allows or runs over the end
 * (RFC 7606 §5.3). Visits those before it all the same. Allocates nothing.
 */
export function readPrefixes(
  bytes: Uint8Array,
  offset: number,
  end: number,
  family: 4 | 6,
  hasPathIds: boolean,
  visit: PrefixVisitor,
): boolean {
  const most = family === 4 ? 32 : 128;
  let at = offset;
  while (at < end) {
    let pathId = 0;
    if (hasPathIds) {
      if (at + 5 > end) return false;
      pathId = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      at += 4;
    }
    const length = bytes[at++]!;
    const octets = (length + 7) >>> 3;
    if (length > most || at + octets > end) return false;
    visit(pathId, length, at);
    at += octets;
  }
  return true;
}

export interface NlriPrefix {
  /** 0 where paths have no identifiers. */
  readonly pathId: number;
  readonly length: number;
  /** 4 or 16 bytes; bits behind the length are 0. */
  readonly address: Uint8Array;
}

/** The prefixes as values; undefined where `readPrefixes` says no. */
export function decodePrefixes(
  bytes: Uint8Array,
  offset: number,
  end: number,
  family: 4 | 6,
  hasPathIds: boolean,
): NlriPrefix[] | undefined {
  const prefixes: NlriPrefix[] = [];
  const isSound = readPrefixes(bytes, offset, end, family, hasPathIds, (pathId, length, start) => {
    const address = new Uint8Array(family === 4 ? 4 : 16);
    const octets = (length + 7) >>> 3;
    for (let at = 0; at < octets; at++) address[at] = bytes[start + at]!;
    const spare = octets * 8 - length;
    if (spare > 0) address[octets - 1]! &= 0xff << spare;
    prefixes.push({ pathId, length, address });
  });
  return isSound ? prefixes : undefined;
}

/** Bytes that a prefix takes. */
export function prefixSize(length: number, hasPathId: boolean): number {
  return (hasPathId ? 5 : 1) + ((length + 7) >>> 3);
}

/** Writes one prefix at `offset`; answers where the next one goes. There has to be room for `prefixSize`. */
export function writePrefix(
  bytes: Uint8Array,
  offset: number,
  { pathId, length, address }: NlriPrefix,
  hasPathId: boolean,
): number {
  let at = offset;
  if (hasPathId) {
    bytes[at++] = pathId >>> 24;
    bytes[at++] = pathId >>> 16;
    bytes[at++] = pathId >>> 8;
    bytes[at++] = pathId;
  }
  bytes[at++] = length;
  const octets = (length + 7) >>> 3;
  for (let byte = 0; byte < octets; byte++) bytes[at++] = address[byte]!;
  return at;
}
