/**
 * What a peer is told of a route: whether at all, then the owner's policy, then the attributes as the protocol wants
 * them for this kind of peer. Peers of equal settings share one `ExportRules` (an update group), which works once for
 * each set of attributes and kind of source. What comes out is wire form, interned: one byte with the next hop's length,
 * the next hop for MP_REACH_NLRI (none: the NLRI goes into the UPDATE's body), then all other attributes.
 */
import { Trait } from '../codec/attributes/quickScan.ts';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST, prefixFamily, Safi } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import type { AttributeTable } from './attributeTable.ts';
import type { ByteSets } from './byteSets.ts';
import type { OwnIdentity } from './importing.ts';
import { type ExportSession, exportPolicyOf, looksAtPrefixes, type PeerSettings, type PolicyChoice } from './peers.ts';
import { REJECTED, Transform } from './transform.ts';
import { WireWriter } from './wireForm.ts';

/** A peer and its number. */
export interface Source {
  readonly id: number;
  readonly settings: PeerSettings;
}

interface Passage {
  readonly traits: number;
  readonly source: PeerSettings;
  readonly target: PeerSettings;
  readonly session: ExportSession;
  readonly isUnicast: boolean;
}

interface ExportRule {
  readonly name: string;
  readonly clause: string;
  readonly refuses: (passage: Passage) => boolean;
}

const rules: readonly ExportRule[] = [
  { name: 'NO_ADVERTISE', clause: 'RFC 1997', refuses: ({ traits }) => (traits & Trait.noAdvertise) !== 0 },
  {
    name: 'NO_EXPORT',
    clause: 'RFC 1997',
    refuses: ({ traits, target }) =>
      target.kind === 'external' && (traits & (Trait.noExport | Trait.noExportSubconfed)) !== 0,
  },
  {
    name: 'from one internal peer to another, neither of which is a client',
    clause: 'RFC 4271 §9.2, RFC 4456 §6',
    refuses: ({ source, target }) => source.kind === 'internal' && target.kind === 'internal',
  },
  {
    name: 'ONLY_TO_CUSTOMER',
    clause: 'RFC 9234 §5',
    refuses: ({ traits, target, isUnicast }) =>
      isUnicast &&
      target.kind === 'external' &&
      (traits & Trait.onlyToCustomer) !== 0 &&
      (target.role === 'customer' || target.role === 'peer' || target.role === 'route-server-client'),
  },
  {
    name: 'long-lived stale, and the peer knows nothing of that',
    clause: 'RFC 9494 §4.3',
    refuses: ({ traits, session }) => (traits & Trait.longLivedStale) !== 0 && !session.isLongLived,
  },
  { name: 'a peer that is ourselves', clause: '', refuses: ({ target }) => target.kind === 'local' },
];

/** Most that a message needs beside a wire form: header, lengths, MP_REACH_NLRI's head, one prefix with its identifier. */
const FRAME = 19 + 4 + 9 + 22;

export class ExportRules {
  readonly #table: AttributeTable;
  readonly #wires: ByteSets;
  readonly #target: PeerSettings;
  readonly #session: ExportSession;
  readonly #family: FamilyKey;
  readonly #policy: PolicyChoice;
  readonly #writer: WireWriter;
  readonly #transforms = new Map<string, Transform>();
  /** By the number of the source; found by its kind in `#transforms` once. */
  readonly #bySource: (Transform | undefined)[] = [];
  readonly looksAtPrefixes: boolean;
  /** Peers that use it now. */
  users = 0;

  constructor(
    table: AttributeTable,
    wires: ByteSets,
    own: OwnIdentity,
    target: PeerSettings,
    session: ExportSession,
    family: FamilyKey,
  ) {
    this.#table = table;
    this.#wires = wires;
    this.#target = target;
    this.#session = session;
    this.#family = family;
    this.#policy = exportPolicyOf(target);
    this.#writer = new WireWriter(table, own, target, session.isFourOctetAs);
    this.looksAtPrefixes = looksAtPrefixes(this.#policy);
  }

  /** The wire form of a route with these attributes from this source; `REJECTED`. Only where no policy looks at prefixes. */
  of(id: number, source: Source): number {
    const transform = this.#bySource[source.id] ?? this.#transformFor(source);
    return transform.of(id);
  }

  withPrefix(id: number, source: Source, prefix: NlriPrefix): number {
    return this.#told(id, source.settings, prefix);
  }

  /** The source's number has come to mean another peer. */
  forgetSource(id: number): void {
    this.#bySource[id] = undefined;
  }

  forget(): void {
    for (const transform of this.#transforms.values()) transform.forget();
  }

  /** Which rule keeps it back; undefined: none of them. */
  refusal(id: number, source: PeerSettings): { readonly name: string; readonly clause: string } | undefined {
    const passage = {
      ...{ traits: this.#table.traits[id]!, source, target: this.#target, session: this.#session },
      isUnicast: (this.#family & 0xff) === Safi.unicast,
    };
    return rules.find(({ refuses }) => refuses(passage));
  }

  #transformFor(source: Source): Transform {
    const { settings } = source;
    const isReflected = settings.kind === 'internal' || settings.kind === 'client';
    const looksAtSource = typeof this.#policy !== 'string' && this.#policy.looksAtSource === true;
    const key = `${settings.kind} ${isReflected ? settings.identifier : ''} ${looksAtSource ? source.id : ''}`;
    let transform = this.#transforms.get(key);
    if (transform === undefined) {
      transform = new Transform(this.#table.sets, this.#wires, (id) => this.#told(id, settings, undefined));
      this.#transforms.set(key, transform);
    }
    this.#bySource[source.id] = transform;
    return transform;
  }

  #told(id: number, source: PeerSettings, prefix: NlriPrefix | undefined): number {
    if (this.refusal(id, source) !== undefined) return REJECTED;
    const { sets } = this.#table;
    let [page, offset, length] = [sets.pageOf(id), sets.offsetOf(id), sets.lengthOf(id)];
    const nextHop = this.#nextHop(id, source);
    if (nextHop === undefined) return REJECTED;
    let told = nextHop;
    const keepsMed = source.kind === 'local' || this.#target.isRouteServerClient === true || !this.#isExternal;
    if (this.#policy === 'reject') return REJECTED;
    if (this.#policy !== 'accept') {
      const values = this.#prepared(id, nextHop, keepsMed);
      const answer = this.#policy.apply(values, this.#family, prefix, source);
      if (answer === undefined) return REJECTED;
      page = this.#writer.canonical(answer);
      offset = 0;
      length = page.length;
      told = nextHopOf(answer) ?? nextHop;
    }
    if (!this.#canTell(told)) return REJECTED;
    const isInBody = this.#family === IPV4_UNICAST && told.length === 4;
    const wire = this.#writer.write(page, offset, length, {
      ...{ source, nextHop: told, isInBody },
      keepsMed: keepsMed || this.#policy !== 'accept',
      addedMetric: nextHop === this.#ownNextHop() ? this.#table.nextHops.costOf(this.#table.nextHopIds[id]!) : 0,
    });
    // RFC 8654 §4: what no message of this session has room for is not told.
    if (wire.length + FRAME > this.#session.mostMessageLength) return REJECTED;
    return this.#wires.intern(wire, 0, wire.length);
  }

  get #isExternal(): boolean {
    return this.#target.kind === 'external';
  }

  /** RFC 4271 §5.1.3; undefined: there is none that could be told. */
  #nextHop(id: number, source: PeerSettings): Uint8Array | undefined {
    const { nextHop, isRouteServerClient } = this.#target;
    const present = this.#table.nextHops.addressOf(this.#table.nextHopIds[id]!);
    const isOurs = source.kind === 'local' && present.every((byte) => byte === 0);
    const isSelf = nextHop === 'self' || (nextHop === undefined && this.#isExternal && isRouteServerClient !== true);
    return isSelf || isOurs ? this.#ownNextHop() : present;
  }

  #ownNextHop(): Uint8Array | undefined {
    const { ipv4, ipv6 } = this.#target.ownNextHops;
    if (prefixFamily(this.#family) === 6) return ipv6;
    return ipv4 ?? (this.#session.extendedNextHop.has(this.#family) ? ipv6 : undefined);
  }

  /** RFC 8950 §4: an IPv6 next hop with IPv4 prefixes only where that was agreed on; never the other way round. */
  #canTell(nextHop: Uint8Array): boolean {
    if (prefixFamily(this.#family) === 6) return nextHop.length >= 16;
    return nextHop.length === 4 || this.#session.extendedNextHop.has(this.#family);
  }

  /** What the policy sees: the next hop that will be told unless it says another, no MED of another AS (RFC 4271 §5.1.4). */
  #prepared(id: number, nextHop: Uint8Array, keepsMed: boolean): readonly PathAttribute[] {
    return this.#table.valuesOf(id).flatMap((one): PathAttribute[] => {
      if (one.code === AttributeCode.multiExitDiscriminator && !keepsMed) return [];
      if (one.code === AttributeCode.nextHop && nextHop.length === 4) return [{ ...one, value: nextHop }];
      if (one.code === AttributeCode.nextHop) return [reach(this.#family, nextHop)];
      if (one.code === AttributeCode.mpReach) return [reach(this.#family, nextHop)];
      return [one];
    });
  }
}

function reach(family: FamilyKey, nextHop: Uint8Array): PathAttribute {
  return { code: AttributeCode.mpReach, flags: 0x80, value: { family, nextHop, nlri: new Uint8Array(0) } };
}

function nextHopOf(attributes: readonly PathAttribute[]): Uint8Array | undefined {
  for (const one of attributes) {
    if (one.code === AttributeCode.nextHop) return one.value;
    if (one.code === AttributeCode.mpReach) return one.value.nextHop;
  }
  return undefined;
}
