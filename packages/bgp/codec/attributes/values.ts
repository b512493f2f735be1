/** Path attributes as values (RFC 4271 §5 and those who added to it). */
import type { FamilyKey } from '../families.ts';

export const AttributeCode = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  multiExitDiscriminator: 4,
  localPreference: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  ipv6ExtendedCommunities: 25,
  aigp: 26,
  largeCommunities: 32,
  onlyToCustomer: 35,
} as const;

export const origins = ['igp', 'egp', 'incomplete'] as const;
export type Origin = (typeof origins)[number];

/** RFC 4271 §4.3, RFC 5065 §3. */
export const segmentTypes = { 1: 'set', 2: 'sequence', 3: 'confederation-sequence', 4: 'confederation-set' } as const;
export type SegmentType = (typeof segmentTypes)[keyof typeof segmentTypes];

export interface AsSegment {
  readonly type: SegmentType;
  readonly numbers: readonly number[];
}

export interface Aggregator {
  readonly as: number;
  /** IPv4, 4 bytes. */
  readonly address: Uint8Array;
}

/** Routes of one family that can be reached (RFC 4760 §3). */
export interface Reach {
  readonly family: FamilyKey;
  /** As it came: 4, 16, 32 bytes (global and link-local), or with a route distinguisher. */
  readonly nextHop: Uint8Array;
  readonly nlri: Uint8Array;
}

export interface Unreach {
  readonly family: FamilyKey;
  readonly nlri: Uint8Array;
}

/** RFC 8092 §3. */
export interface LargeCommunity {
  readonly global: number;
  readonly local1: number;
  readonly local2: number;
}

interface ValueOf {
  1: Origin;
  2: readonly AsSegment[];
  3: Uint8Array;
  4: number;
  5: number;
  6: null;
  7: Aggregator;
  /** 32 bits each. */
  8: readonly number[];
  9: number;
  10: readonly number[];
  14: Reach;
  15: Unreach;
  /** 8 bytes each (RFC 4360 §2). */
  16: readonly Uint8Array[];
  17: readonly AsSegment[];
  18: Aggregator;
  /** 20 bytes each (RFC 5701 §2). */
  25: readonly Uint8Array[];
  /** The metric of the first AIGP TLV; null: none (RFC 7311 §3). The attribute goes on as the bytes it is. */
  26: { readonly metric: bigint | null; readonly bytes: Uint8Array };
  32: readonly LargeCommunity[];
  35: number;
}

/** Codes that are understood. */
export type KnownCode = keyof ValueOf;

/** `flags`: the high four bits as they came (RFC 4271 §4.3): an attribute that is read and written stays the same bytes. */
export type PathAttribute =
  | { [Code in KnownCode]: { readonly code: Code; readonly flags: number; readonly value: ValueOf[Code] } }[KnownCode]
  | UnknownAttribute;

/** Not in the table. `passedOn` says what becomes of it (RFC 4271 §5). */
export interface UnknownAttribute {
  readonly code: 'unknown';
  readonly number: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

export type Value<Code extends KnownCode> = ValueOf[Code];

export const Flag = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

/**
 * What a speaker that does not know an attribute tells others of it (RFC 4271 §5): a transitive one with the partial bit,
 * one that is not transitive not at all.
 */
export function passedOn(attribute: UnknownAttribute): UnknownAttribute | undefined {
  if ((attribute.flags & Flag.transitive) === 0) return undefined;
  return { ...attribute, flags: attribute.flags | Flag.partial };
}
