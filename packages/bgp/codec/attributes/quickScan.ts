/**
 * Path attributes judged in one pass without an object for any of them, for the many that are in order. What it takes
 * `scanAttributes` takes too, without a complaint; of all else it says only that it has not decided. It reads what
 * comparing routes needs (RFC 4271 §9.1.2.2) on its way.
 */
import { AttributeCode, Flag } from './values.ts';

/** What is known of a set of attributes, as bits. */
export const Trait = {
  med: 1,
  localPreference: 2,
  aigp: 4,
  /** RFC 1997: NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED. */
  noExport: 8,
  noAdvertise: 16,
  noExportSubconfed: 32,
  /** RFC 9494 §4. */
  longLivedStale: 64,
  noLongLived: 128,
  /** LOCAL_PREF, ORIGINATOR_ID or CLUSTER_LIST: not for the eyes of external peers. */
  internal: 256,
  originator: 512,
  onlyToCustomer: 1_024,
  origin: 2_048,
  asPath: 4_096,
  nextHop: 8_192,
  reach: 16_384,
} as const;

/** Filled by `quickScan`. */
export interface ScannedKeys {
  traits: number;
  /** 0 igp, 1 egp, 2 incomplete. */
  origin: number;
  med: number;
  localPreference: number;
  /** As RFC 4271 §9.1.2.2 a counts; RFC 5065 §5.3. */
  asPathLength: number;
  /** The AS that the route came from (RFC 4271 §9.1.2.2 c); 0: it began in ours. */
  neighbourAs: number;
  originatorId: number;
  clusterListLength: number;
  onlyToCustomer: number;
  /** The metric's halves, where there is one. */
  aigpHigh: number;
  aigpLow: number;
  /** Where NEXT_HOP, or the next hop within MP_REACH_NLRI, lies. */
  nextHopOffset: number;
  nextHopLength: number;
  asPathOffset: number;
  asPathBytes: number;
  communitiesOffset: number;
  communitiesBytes: number;
}

export function noKeys(): ScannedKeys {
  return {
    ...{ traits: 0, origin: 0, med: 0, localPreference: 0, asPathLength: 0, neighbourAs: 0, originatorId: 0 },
    ...{ clusterListLength: 0, onlyToCustomer: 0, aigpHigh: 0, aigpLow: 0, nextHopOffset: 0, nextHopLength: 0 },
    ...{ asPathOffset: 0, asPathBytes: 0, communitiesOffset: 0, communitiesBytes: 0 },
  };
}

const CATEGORY = Flag.optional | Flag.transitive;
const wellKnown = Flag.transitive;
const optional = Flag.optional;
const optionalTransitive = Flag.optional | Flag.transitive;

/** Flags that each known attribute must have, by code; 0: not known. `scanAttributes` has them in its table. */
const flagsOf = new Uint8Array(256);
for (const code of [1, 2, 3, 5, 6]) flagsOf[code] = wellKnown;
for (const code of [4, 9, 10, 14, 15, 26]) flagsOf[code] = optional;
for (const code of [7, 8, 16, 17, 18, 25, 32, 35]) flagsOf[code] = optionalTransitive;

/**
 * Reads `length` bytes of attributes as an internal peer with AS numbers of four bytes sends them. True: all in order,
 * each there once, and `keys` are theirs. Where it meets anything else, AS4_PATH among it, it answers false.
 */
export function quickScan(bytes: Uint8Array, offset: number, length: number, keys: ScannedKeys): boolean {
  keys.traits = 0;
  keys.asPathLength = 0;
  keys.neighbourAs = 0;
  keys.clusterListLength = 0;
  keys.originatorId = 0;
  keys.asPathBytes = 0;
  keys.communitiesBytes = 0;
  keys.nextHopLength = 0;
  const end = offset + length;
  let seenLow = 0;
  let seenRest = '';
  for (let at = offset; at < end; ) {
    if (end - at < 3) return false;
    const flags = bytes[at]! & 0xf0;
    const code = bytes[at + 1]!;
    const isLong = (flags & Flag.extendedLength) !== 0;
    if (isLong && end - at < 4) return false;
    const valueLength = isLong ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    const start = at + (isLong ? 4 : 3);
    at = start + valueLength;
    if (at > end) return false;
    if (code < 32) {
      if ((seenLow & (1 << code)) !== 0) return false;
      seenLow |= 1 << code;
    } else {
      const mark = String.fromCharCode(code);
      if (seenRest.includes(mark)) return false;
      seenRest += mark;
    }
    const expected = flagsOf[code]!;
    if (expected === 0) {
      if ((flags & Flag.optional) === 0) return false;
    } else if ((flags & CATEGORY) !== expected || !readKnown(code, bytes, start, valueLength, keys)) return false;
  }
  return true;
}

function readKnown(code: number, bytes: Uint8Array, start: number, length: number, keys: ScannedKeys): boolean {
  switch (code) {
    case AttributeCode.origin:
      keys.origin = bytes[start]!;
      keys.traits |= Trait.origin;
      return length === 1 && keys.origin <= 2;
    case AttributeCode.asPath:
      return readAsPath(bytes, start, length, keys);
    case AttributeCode.nextHop:
      keys.nextHopOffset = start;
      keys.nextHopLength = length;
      keys.traits |= Trait.nextHop;
      return length === 4;
    case AttributeCode.multiExitDiscriminator:
      keys.med = numberAt(bytes, start);
      keys.traits |= Trait.med;
      return length === 4;
    case AttributeCode.localPreference:
      keys.localPreference = numberAt(bytes, start);
      keys.traits |= Trait.localPreference | Trait.internal;
      return length === 4;
    case AttributeCode.atomicAggregate:
      return length === 0;
    case AttributeCode.aggregator:
      return length === 8 && numberAt(bytes, start) !== 0;
    case AttributeCode.communities:
      return readCommunities(bytes, start, length, keys);
    case AttributeCode.originatorId:
      keys.originatorId = numberAt(bytes, start);
      keys.traits |= Trait.originator | Trait.internal;
      return length === 4;
    case AttributeCode.clusterList:
      keys.clusterListLength = length >>> 2;
      keys.traits |= Trait.internal;
      return length > 0 && (length & 3) === 0;
    case AttributeCode.mpReach:
      return readReach(bytes, start, length, keys);
    case AttributeCode.extendedCommunities:
      return length > 0 && (length & 7) === 0;
    case AttributeCode.ipv6ExtendedCommunities:
      return length > 0 && length % 20 === 0;
    case AttributeCode.aigp:
      return readAigp(bytes, start, length, keys);
    case AttributeCode.largeCommunities:
      return length > 0 && length % 12 === 0;
    case AttributeCode.onlyToCustomer:
      keys.onlyToCustomer = numberAt(bytes, start);
      keys.traits |= Trait.onlyToCustomer;
      return length === 4;
    default:
      // MP_UNREACH_NLRI, AS4_PATH and AS4_AGGREGATOR are for those who know what to make of them.
      return false;
  }
}

function readAsPath(bytes: Uint8Array, start: number, length: number, keys: ScannedKeys): boolean {
  keys.traits |= Trait.asPath;
  keys.asPathOffset = start;
  keys.asPathBytes = length;
  const end = start + length;
  let isFirst = true;
  for (let at = start; at < end; ) {
    if (end - at < 2) return false;
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    if (type < 1 || type > 4 || count === 0 || at + 2 + 4 * count > end) return false;
    if (type <= 2) {
      // A set counts one; the neighbour is the first AS of a path that begins with a sequence.
      keys.asPathLength += type === 2 ? count : 1;
      if (isFirst && type === 2) keys.neighbourAs = numberAt(bytes, at + 2);
      isFirst = false;
    }
    at += 2 + 4 * count;
  }
  return true;
}

function readCommunities(bytes: Uint8Array, start: number, length: number, keys: ScannedKeys): boolean {
  keys.communitiesOffset = start;
  keys.communitiesBytes = length;
  if (length === 0 || (length & 3) !== 0) return false;
  for (let at = start; at < start + length; at += 4) {
    if (bytes[at] !== 0xff || bytes[at + 1] !== 0xff) continue;
    keys.traits |= wellKnownCommunities[(bytes[at + 2]! << 8) | bytes[at + 3]!] ?? 0;
  }
  return true;
}

/** The low half of those that begin with 65535 (RFC 1997, RFC 9494 §4.1). */
const wellKnownCommunities: Readonly<Record<number, number>> = {
  65281: Trait.noExport,
  65282: Trait.noAdvertise,
  65283: Trait.noExportSubconfed,
  6: Trait.longLivedStale,
  7: Trait.noLongLived,
};

/** Lengths of next hops as `decodeUpdate` takes them, and no NLRI behind: whoever calls has cut it off. */
function readReach(bytes: Uint8Array, start: number, length: number, keys: ScannedKeys): boolean {
  if (length < 5) return false;
  const nextHopLength = bytes[start + 3]!;
  keys.nextHopOffset = start + 4;
  keys.nextHopLength = nextHopLength;
  keys.traits |= Trait.reach;
  return length === 5 + nextHopLength && (nextHopLength === 4 || nextHopLength === 16 || nextHopLength === 32);
}

/** RFC 7311 §3: TLVs; the first of type 1 is the metric. */
function readAigp(bytes: Uint8Array, start: number, length: number, keys: ScannedKeys): boolean {
  const end = start + length;
  for (let at = start; at < end; ) {
    if (end - at < 3) return false;
    const type = bytes[at]!;
    const size = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (size < 3 || at + size > end || (type === 1 && size !== 11)) return false;
    if (type === 1 && (keys.traits & Trait.aigp) === 0) {
      keys.aigpHigh = numberAt(bytes, at + 3);
      keys.aigpLow = numberAt(bytes, at + 7);
      keys.traits |= Trait.aigp;
    }
    at += size;
  }
  return true;
}

export function numberAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
