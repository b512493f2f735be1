/**
 * What becomes of a route that a peer announced before it may be chosen: rules of the protocol, each with its clause, then
 * the owner's policy. Worked out once for each set of attributes; only a policy that looks at prefixes is asked each time.
 */
import { noKeys, numberAt, quickScan, type ScannedKeys, Trait } from '../codec/attributes/quickScan.ts';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, Safi } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import { attribute } from '../codec/update.ts';
import type { AttributeTable } from './attributeTable.ts';
import { hasAigp, importPolicyOf, looksAtPrefixes, type PeerSettings, type PolicyChoice } from './peers.ts';
import { REJECTED, Transform } from './transform.ts';

/** What the speaker itself is. */
export interface OwnIdentity {
  /** BGP identifier, 32 bits. */
  readonly identifier: number;
  /** RFC 4456 §7; the identifier unless given. */
  readonly clusterId?: number;
  /** Addresses that as a next hop would point back at us (RFC 4271 §6.3). */
  readonly isOwnAddress?: (address: Uint8Array) => boolean;
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly keys: ScannedKeys;
  readonly peer: PeerSettings;
  readonly own: OwnIdentity;
  readonly isUnicast: boolean;
}

interface ImportRule {
  readonly name: string;
  readonly clause: string;
  readonly refuses: (candidate: Candidate) => boolean;
}

const isExternal = ({ kind }: PeerSettings) => kind === 'external';

/** In this order; the first that refuses is the reason that is told. */
const rules: readonly ImportRule[] = [
  {
    name: 'own AS in the path',
    clause: 'RFC 4271 §9.1.2',
    refuses: ({ bytes, keys, peer }) => timesInPath(bytes, keys, peer.localAs) > (peer.ownAsAllowed ?? 0),
  },
  {
    name: 'AS 0 in the path',
    clause: 'RFC 7607 §2',
    refuses: ({ bytes, keys }) => timesInPath(bytes, keys, 0) > 0,
  },
  {
    name: "the path does not begin with the peer's AS",
    clause: 'RFC 4271 §6.3',
    refuses: ({ keys, peer }) => isExternal(peer) && peer.isFirstAsEnforced !== false && keys.neighbourAs !== peer.as,
  },
  {
    name: 'we are its originator',
    clause: 'RFC 4456 §8',
    refuses: ({ keys, own }) => (keys.traits & Trait.originator) !== 0 && keys.originatorId === own.identifier,
  },
  { name: 'it was in our cluster before', clause: 'RFC 4456 §8', refuses: hasOwnCluster },
  { name: 'its next hop cannot be one', clause: 'RFC 4271 §6.3', refuses: hasImpossibleNextHop },
  {
    name: 'a leak: it came up from a customer though it was for customers only',
    clause: 'RFC 9234 §5',
    refuses: ({ keys, peer, isUnicast }) =>
      hasRole(peer, isUnicast, 'provider', 'route-server') && (keys.traits & Trait.onlyToCustomer) !== 0,
  },
  {
    name: 'a leak: a peer passed on what was for customers only',
    clause: 'RFC 9234 §5',
    refuses: ({ keys, peer, isUnicast }) =>
      hasRole(peer, isUnicast, 'peer') && (keys.traits & Trait.onlyToCustomer) !== 0 && keys.onlyToCustomer !== peer.as,
  },
];

function hasRole(peer: PeerSettings, isUnicast: boolean, ...roles: readonly PeerSettings['role'][]): boolean {
  return isUnicast && isExternal(peer) && peer.role !== undefined && roles.includes(peer.role);
}

function timesInPath(bytes: Uint8Array, { asPathOffset, asPathBytes }: ScannedKeys, as: number): number {
  let times = 0;
  for (let at = asPathOffset; at < asPathOffset + asPathBytes; ) {
    const behind = at + 2 + 4 * bytes[at + 1]!;
    for (let number = at + 2; number < behind; number += 4) if (numberAt(bytes, number) === as) times += 1;
    at = behind;
  }
  return times;
}

function hasOwnCluster({ bytes, offset, keys, own }: Candidate): boolean {
  if (keys.clusterListLength === 0) return false;
  const clusterId = own.clusterId ?? own.identifier;
  let at = offset;
  while (bytes[at + 1] !== AttributeCode.clusterList) at += attributeSize(bytes, at);
  const start = at + ((bytes[at]! & 0x10) === 0 ? 3 : 4);
  for (let one = 0; one < keys.clusterListLength; one++) {
    if (numberAt(bytes, start + 4 * one) === clusterId) return true;
  }
  return false;
}

function attributeSize(bytes: Uint8Array, at: number): number {
  return (bytes[at]! & 0x10) === 0 ? 3 + bytes[at + 2]! : 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
}

/** Ours, or no address of a host: unspecified, loopback, multicast (of IPv4 also what is above). */
function hasImpossibleNextHop({ bytes, keys, own }: Candidate): boolean {
  const nextHop = bytes.subarray(keys.nextHopOffset, keys.nextHopOffset + Math.min(16, keys.nextHopLength));
  if (own.isOwnAddress?.(nextHop) === true) return true;
  const first = nextHop[0]!;
  if (nextHop.length === 4) return first === 0 || first === 127 || first >= 224;
  return first === 0xff || nextHop.every((byte, at) => byte === 0 || (at === 15 && byte === 1));
}

export class ImportRules {
  readonly #table: AttributeTable;
  readonly #peer: PeerSettings;
  readonly #own: OwnIdentity;
  readonly #family: FamilyKey;
  readonly #policy: PolicyChoice;
  readonly #keys = noKeys();
  readonly #transform: Transform;
  #lastAnswer: readonly PathAttribute[] | undefined;
  #lastSet = REJECTED as number;
  #lastGeneration = 0;
  /** The policy is asked for each prefix. */
  readonly looksAtPrefixes: boolean;

  constructor(table: AttributeTable, peer: PeerSettings, own: OwnIdentity, family: FamilyKey) {
    this.#table = table;
    this.#peer = peer;
    this.#own = own;
    this.#family = family;
    this.#policy = importPolicyOf(peer);
    this.looksAtPrefixes = looksAtPrefixes(this.#policy);
    this.#transform = new Transform(table.sets, table.sets, (id) => {
      const ruled = this.#ruled(id);
      return ruled === REJECTED || this.looksAtPrefixes ? ruled : this.#judged(ruled, undefined);
    });
  }

  /** The set that the route is chosen by; `REJECTED`. Where policy looks at prefixes, `withPrefix` follows. */
  of(id: number): number {
    return this.#transform.of(id);
  }

  withPrefix(id: number, prefix: NlriPrefix): number {
    return id === REJECTED ? REJECTED : this.#judged(id, prefix);
  }

  /** Which rule refused it; undefined: none of them, so if it was refused, by the policy. */
  refusal(id: number): { readonly name: string; readonly clause: string } | undefined {
    if (this.#peer.kind === 'local') return undefined;
    const { sets } = this.#table;
    const candidate = {
      ...{ bytes: sets.pageOf(id), offset: sets.offsetOf(id), keys: this.#keys, peer: this.#peer, own: this.#own },
      isUnicast: (this.#family & 0xff) === Safi.unicast,
    };
    quickScan(candidate.bytes, candidate.offset, sets.lengthOf(id), this.#keys);
    return rules.find(({ refuses }) => refuses(candidate));
  }

  forget(): void {
    this.#transform.forget();
  }

  #ruled(id: number): number {
    if (this.refusal(id) !== undefined) return REJECTED;
    const traits = this.#table.traits[id]!;
    // RFC 9234 §5: what comes down from a provider, a peer or a route server is marked, if they did not do it.
    const isMarked =
      (traits & Trait.onlyToCustomer) === 0 &&
      hasRole(this.#peer, (this.#family & 0xff) === Safi.unicast, 'customer', 'peer', 'route-server-client');
    const isStripped = (traits & Trait.aigp) !== 0 && !hasAigp(this.#peer);
    if (!isMarked && !isStripped) return id;
    // RFC 7311 §3.2: as if it had not been there.
    const values = this.#table.valuesOf(id).filter(({ code }) => !isStripped || code !== AttributeCode.aigp);
    const marks = isMarked ? [attribute(AttributeCode.onlyToCustomer, this.#peer.as)] : [];
    return this.#interned([...values, ...marks]);
  }

  #judged(id: number, prefix: NlriPrefix | undefined): number {
    if (this.#policy === 'accept') return id;
    if (this.#policy === 'reject') return REJECTED;
    const values = this.#table.valuesOf(id);
    const answer = this.#policy.apply(values, this.#family, prefix, undefined);
    if (answer === values) return id;
    if (answer === undefined) return REJECTED;
    // One decision is one list: routes of one UPDATE are not put into bytes one by one.
    const { sets } = this.#table;
    if (answer !== this.#lastAnswer || sets.generationOf(this.#lastSet) !== this.#lastGeneration) {
      this.#lastSet = this.#interned(answer);
      this.#lastGeneration = sets.generationOf(this.#lastSet);
      this.#lastAnswer = answer;
    }
    return this.#lastSet;
  }

  #interned(values: readonly PathAttribute[]): number {
    const isReach = values.some(({ code }) => code === AttributeCode.mpReach);
    return this.#table.internValues(values, isReach ? 'reach' : 'body', true);
  }
}
