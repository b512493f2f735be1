/** BGP in the model: the fabric's own AS, the routers that gateways peer with, and what each site may originate. */

/** Of the private ones (RFC 6996), high enough to be nobody's habit. */
export const DEFAULT_FABRIC_AS = 4_200_000_000;
export const MAX_BGP_NEIGHBOURS = 64;
/** Of one site. */
export const MAX_BGP_ALLOWANCES = 256;
export const DEFAULT_HOLD_SECONDS = 90;
export const DEFAULT_MAX_PREFIXES = 10_000;
/** Of its most prefixes, the part from which a router is close to them. */
export const PREFIXES_WARN_AT = 0.8;
export const DEFAULT_RESTART_AFTER_SECONDS = 300;
/** TCP's MD5 option in Linux takes no more (RFC 2385 §4.5 leaves it open). Bytes of UTF-8. */
export const LONGEST_BGP_KEY = 80;

/** A prefix and what lies inside of it, up to the given length: `10.0.0.0/8` with 24 holds `10.1.2.0/24`. */
export interface PrefixRange {
  /** Canonical text. */
  readonly prefix: string;
  /** At least the prefix's own length. */
  readonly longest: number;
}

/** What passes in one direction, and what it gets on its way. */
export interface BgpPolicy {
  /** null: everything; none: nothing. */
  readonly prefixes: readonly PrefixRange[] | null;
  /** `65000:1` (RFC 1997), added to those that are there. */
  readonly communities: readonly string[];
  /** Higher is preferred; null: 100. Inwards only. */
  readonly localPreference: number | null;
}

/** A router outside of the fabric that one edge speaks BGP with. */
export interface BgpNeighbour {
  readonly id: string;
  readonly edgeId: string;
  readonly name: string;
  readonly address: string;
  readonly remoteAs: number;
  /** Where it is, one hop away; null: several. */
  readonly interface: string | null;
  /** TCP MD5 (RFC 2385). A secret; null: none. */
  readonly key: string | null;
  /** Waits for the router to call. */
  readonly passive: boolean;
  /** 0: no keepalives at all; else at least 3 (RFC 4271 §4.2). */
  readonly holdSeconds: number;
  /** null: a third of the negotiated hold time. */
  readonly keepaliveSeconds: number | null;
  /** The session ends above this (RFC 4486 §4). */
  readonly maxPrefixes: number;
  /** Until a router that brought more is called again. */
  readonly restartAfterSeconds: number;
  /** Only from one hop away (RFC 5082). */
  readonly gtsm: boolean;
  /** The session ends as soon as BFD says that the router is gone (RFC 5882 §4.3). */
  readonly bfd: boolean;
  /** null: nothing passes (RFC 8212). */
  readonly import: BgpPolicy | null;
  readonly export: BgpPolicy | null;
}

/** What a site may originate into the fabric, whatever its routers say. */
export interface BgpAllowance extends PrefixRange {
  readonly id: string;
  readonly siteId: string;
  /** Where several sites may originate it, the lowest is preferred; null: this site alone may. */
  readonly preference: number | null;
}

export interface BgpIntent {
  readonly as: number;
  /** Sites whose edges reflect to all others (RFC 4456); none: every edge speaks with every other. */
  readonly reflectors: readonly string[];
  readonly neighbours: readonly BgpNeighbour[];
  readonly allowances: readonly BgpAllowance[];
}
