/** A policy as it is written: plain data, from YAML or JSON. Every list of alternatives matches when one of them does. */

/** RFC 6811 §2. */
export type OriginValidation = 'valid' | 'invalid' | 'not-found';

export interface MatchSource {
  /** `ipv4 unicast`, `ipv6 unicast`, … */
  readonly families?: readonly string[];
  /** `10.0.0.0/8`, `10.0.0.0/8+`, `10.0.0.0/8{16,24}`, `10.0.0.0/8 ge 16 le 24`; prefixSet.ts. */
  readonly prefixes?: readonly string[];
  /** Names of sets that are defined beside the policies. */
  readonly prefixSets?: readonly string[];
  /** asPathPattern.ts. */
  readonly asPath?: readonly string[];
  /** Steps of the path, both ends counted: `3`, `2-5`, `10-`. */
  readonly asPathLength?: string;
  /** The AS that originated the route: `65001`, `64512-65534`. */
  readonly originAs?: readonly string[];
  /** One of them is there; communities.ts. */
  readonly communities?: readonly string[];
  /** Each of them is there. */
  readonly allCommunities?: readonly string[];
  /** Addresses, or prefixes, of the neighbour that the route comes from (import) or goes to (export). */
  readonly neighbours?: readonly string[];
  readonly neighbourAs?: readonly string[];
  readonly validation?: readonly OriginValidation[];
  /** Prefixes in which the next hop lies. */
  readonly nextHops?: readonly string[];
  readonly med?: string;
  readonly localPreference?: string;
  readonly origin?: readonly ('igp' | 'egp' | 'incomplete')[];
}

export interface SetSource {
  readonly localPreference?: number;
  /** A number; `+10`, `-10` of what is there; `remove`. */
  readonly med?: number | string;
  readonly origin?: 'igp' | 'egp' | 'incomplete';
  /** Takes all communities away first. */
  readonly replaceCommunities?: readonly string[];
  /** Patterns. */
  readonly removeCommunities?: readonly string[];
  readonly addCommunities?: readonly string[];
  /** An AS, `self` for ours, or `last` for the first of the path, so many times. */
  readonly prepend?: { readonly as: number | 'self' | 'last'; readonly times: number };
  /** An address, or `self`. */
  readonly nextHop?: string;
}

export interface StatementSource {
  readonly name?: string;
  readonly match?: MatchSource;
  readonly set?: SetSource;
  /** `continue`, unless given: what is set holds, and the next statement looks at it. */
  readonly action?: 'accept' | 'reject' | 'continue';
}

export interface PolicySource {
  readonly name: string;
  readonly statements: readonly StatementSource[];
  /** What becomes of a route that no statement decides; `reject` unless given. */
  readonly otherwise?: 'accept' | 'reject';
}

/** What is wrong, and where. */
export interface PolicyError {
  readonly policy: string;
  /** Its name, or `#1` for the first one; null: the policy itself. */
  readonly statement: string | null;
  /** `match.asPath`, `set.med`. */
  readonly field: string;
  readonly message: string;
}
