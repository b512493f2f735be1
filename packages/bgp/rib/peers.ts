/** What the RIB has to know of the neighbours that routes come from and go to. */
import type { PathAttribute } from '../codec/attributes/values.ts';
import type { Role } from '../codec/capabilities.ts';
import type { FamilyKey } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';

/** Number of a peer, 1…65,535. */
export type PeerId = number;

/** Rules of the owner's. Its answer is remembered for each set of attributes, unless it looks at prefixes too. */
export interface RoutePolicy {
  /** The answer depends on the prefix: it is asked for each route. */
  readonly looksAtPrefixes: boolean;
  /** On the way out: the answer depends on the peer that the route came from. */
  readonly looksAtSource?: boolean;
  /**
   * undefined: the route does not pass; the list that was given: it passes as it is. The next hop is in NEXT_HOP, or in
   * MP_REACH_NLRI, whose `nlri` is empty. `prefix` is there only if the policy looks at prefixes, `source` on the way out.
   */
  apply(
    attributes: readonly PathAttribute[],
    family: FamilyKey,
    prefix: NlriPrefix | undefined,
    source: PeerSettings | undefined,
  ): readonly PathAttribute[] | undefined;
}

/** All pass as they are, none pass, or what the policy says. */
export type PolicyChoice = RoutePolicy | 'accept' | 'reject';

export interface PeerSettings {
  /** Of another AS; of ours; of ours and our client as a route reflector (RFC 4456); ourselves: routes of our own. */
  readonly kind: 'external' | 'internal' | 'client' | 'local';
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** BGP identifier from its OPEN, 32 bits. */
  readonly identifier: number;
  readonly as: number;
  /** The AS that we are towards it. */
  readonly localAs: number;
  /** Without one nothing passes from or to an external peer (RFC 8212), everything for others. */
  readonly importPolicy?: PolicyChoice;
  readonly exportPolicy?: PolicyChoice;
  /** Our role towards it (RFC 9234 §4.1). */
  readonly role?: Role;
  /** How often our own AS may be in a path from it; 0 unless given. */
  readonly ownAsAllowed?: number;
  /** A path from an external peer begins with its AS (RFC 4271 §6.3); true unless given. Not so with route servers. */
  readonly isFirstAsEnforced?: boolean;
  /** It is a client of us as a route server: AS_PATH, NEXT_HOP and MED stay as they are (RFC 7947 §2.2). */
  readonly isRouteServerClient?: boolean;
  /**
   * What it is told as next hop: ourselves, or what the route has. Unless given ourselves for external peers, for others
   * what the route has (RFC 4271 §5.1.3, 4456 §10).
   */
  readonly nextHop?: 'self' | 'unchanged';
  /** We ourselves as a next hop, by kind of address: 4 bytes; 16, or 32 with a link-local one behind (RFC 2545 §3). */
  readonly ownNextHops: { readonly ipv4?: Uint8Array; readonly ipv6?: Uint8Array };
  /** AIGP is taken and told (RFC 7311 §3.2): true unless given for internal peers, false for external ones. */
  readonly hasAigp?: boolean;
}

/** What holds for one session with it, as far as it changes what it is told. */
export interface ExportSession {
  readonly families: ReadonlySet<FamilyKey>;
  readonly isFourOctetAs: boolean;
  /** Families in which we tell path identifiers (RFC 7911). */
  readonly addPathSend: ReadonlySet<FamilyKey>;
  /** Families in which an IPv6 next hop may be told with IPv4 prefixes (RFC 8950). */
  readonly extendedNextHop: ReadonlySet<FamilyKey>;
  /** 4,096 or 65,535 (RFC 8654). */
  readonly mostMessageLength: number;
  readonly hasEnhancedRefresh: boolean;
  /** It understands long-lived graceful restart (RFC 9494 §4.3). */
  readonly isLongLived: boolean;
}

const policyNumbers = new WeakMap<RoutePolicy, number>();
let policies = 0;

/** A name that two policies share only if they are one. */
export function policyName(policy: PolicyChoice): string {
  if (typeof policy === 'string') return policy;
  const known = policyNumbers.get(policy);
  if (known !== undefined) return String(known);
  policies += 1;
  policyNumbers.set(policy, policies);
  return String(policies);
}

export function importPolicyOf(peer: PeerSettings): PolicyChoice {
  return peer.importPolicy ?? (peer.kind === 'external' ? 'reject' : 'accept');
}

export function exportPolicyOf(peer: PeerSettings): PolicyChoice {
  return peer.exportPolicy ?? (peer.kind === 'external' ? 'reject' : 'accept');
}

export function looksAtPrefixes(policy: PolicyChoice): boolean {
  return typeof policy !== 'string' && policy.looksAtPrefixes;
}

export function hasAigp({ hasAigp: told, kind }: PeerSettings): boolean {
  return told ?? kind !== 'external';
}
