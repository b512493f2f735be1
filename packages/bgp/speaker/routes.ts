/** The speaker's side of the RIB: what sessions do to it, what its peers are called there, routes of our own. */
import { type IpAddress, type Prefix, prefixCovers } from '@patronus/net';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, familyKey, prefixFamily } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import { attribute, type Negotiated } from '../codec/update.ts';
import { compilePolicy } from '../policy/compile.ts';
import { PolicyForRoutes } from '../policy/routePolicy.ts';
import type { OriginValidation } from '../policy/source.ts';
import type { FamilyRib } from '../rib/familyRib.ts';
import { UNREACHABLE } from '../rib/nextHops.ts';
import type { ExportSession, PeerSettings, PolicyChoice } from '../rib/peers.ts';
import type { Received } from '../rib/received.ts';
import { Rib } from '../rib/rib.ts';
import type { Watcher } from '../rib/watcher.ts';
import type { NegotiatedSession } from '../session/negotiation.ts';
import { ACCEPT, type NetworkConfiguration, REJECT, type SpeakerConfiguration } from './configuration.ts';
import { networkPlan } from './difference.ts';
import type { Neighbour } from './neighbour.ts';
import type { RouteReport } from './reports.ts';
import { routeReport } from './routeReport.ts';
import { type Tally, tallyRoutes } from './tally.ts';

/** What the machine around it knows. */
export interface RoutesOptions {
  readonly configuration: SpeakerConfiguration;
  /** Random, 32 bits. */
  readonly seed: number;
  /** undefined: the next hop cannot be reached. */
  readonly interiorCost: (nextHop: Uint8Array) => number | undefined;
  readonly isOwnAddress: (address: Uint8Array) => boolean;
  /** Our addresses by which the neighbours of this one of ours can reach us. */
  readonly ownNextHops: (local: IpAddress) => PeerSettings['ownNextHops'];
  /** RFC 6811; nothing is known unless given. */
  readonly validate?: (address: Uint8Array, length: number, originAs: number | undefined) => OriginValidation;
  /** Changes of best routes are kept for `changes`. */
  readonly wantsChanges: boolean;
}

/** A prefix and where its best route leads. */
export interface RouteChange {
  readonly prefix: Prefix;
  /** undefined: there is no route any more. */
  readonly nextHop: Uint8Array | undefined;
  /** That one, and those of routes equally good that are used at once; each once, at most `multipath`. */
  readonly nextHops: readonly Uint8Array[];
}

export interface RouteFilter {
  readonly family?: FamilyKey;
  /** This prefix, and what lies in it. */
  readonly within?: Prefix;
  readonly neighbour?: Neighbour;
  readonly isBestOnly: boolean;
}

/** IPv4 and IPv6, unicast and multicast. */
export const ribFamilies: readonly FamilyKey[] = [familyKey(1, 1), familyKey(2, 1), familyKey(1, 2), familyKey(2, 2)];
/** Routes that are looked at in one turn of work that was put off. */
const TURN_ROUTES = 20_000;

export class SpeakerRoutes {
  readonly rib: Rib;
  readonly #options: RoutesOptions;
  #watchers: readonly Watcher[] = [];
  #isWatched = false;
  readonly #own: number;
  readonly #names = new Map<number, string>();
  /** What was agreed on with each neighbour that has a peer in the RIB, the last time it was Established. */
  readonly #sessions = new Map<Neighbour, { readonly negotiated: NegotiatedSession; readonly local: IpAddress }>();
  /** Neighbours whose policies ask for origin validation. */
  readonly #validating = new Set<Neighbour>();
  #configuration: SpeakerConfiguration;

  constructor(options: RoutesOptions) {
    this.#options = options;
    const { configuration, seed, interiorCost, isOwnAddress } = options;
    const { identifier, clusterId } = configuration;
    this.#configuration = configuration;
    this.rib = new Rib({
      ...{ seed, identifier, isOwnAddress, families: ribFamilies },
      ...(clusterId === undefined ? {} : { clusterId }),
      interiorCost: (nextHop) => (isNobody(nextHop) ? 0 : (interiorCost(nextHop) ?? UNREACHABLE)),
    });
    this.#own = this.rib.addPeer(ourselves(configuration));
    this.#names.set(this.#own, 'local');
    for (const network of configuration.networks) this.#originate(network);
    this.watch(options.wantsChanges);
  }

  /** Whether changes of best routes are kept for `changes`; from now on, beginning with all there are. */
  watch(wantsChanges: boolean): void {
    this.#isWatched = wantsChanges;
    const isMultipath = (this.#configuration.multipath ?? 1) > 1;
    for (const watcher of this.#watchers) watcher.close();
    const watched = wantsChanges ? ribFamilies.filter((family) => (family & 0xff) === 1) : [];
    this.#watchers = watched.flatMap((family) => this.rib.watch(family, isMultipath) ?? []);
  }

  /** What we are, and routes of our own; neighbours' rules follow by `reroute`. */
  reconfigure(configuration: SpeakerConfiguration): void {
    const before = this.#configuration;
    const { as, identifier, clusterId, networks } = configuration;
    this.#configuration = configuration;
    if (before.as !== as || before.identifier !== identifier) {
      this.rib.changePeer(this.#own, ourselves(configuration));
    }
    this.rib.changeIdentity(identifier, clusterId);
    if ((before.multipath ?? 1) !== (configuration.multipath ?? 1)) this.watch(this.#isWatched);
    // Routes of our own bear our AS where a policy of theirs asks for it.
    const { withdrawn, announced } = networkPlan(before.as === as ? before.networks : [], networks);
    for (const { prefix } of withdrawn) this.rib.withdraw(this.#own, unicastOf(prefix), nlriOf(prefix));
    for (const network of announced) this.#originate(network);
  }

  /** Its policies, or what else its routes go by, have changed. */
  reroute(neighbour: Neighbour): void {
    const session = this.#sessions.get(neighbour);
    if (session === undefined) return;
    this.rib.changePeer(neighbour.peer, this.#settings(neighbour, session.negotiated, session.local));
  }

  /** What `validate` answers has changed: routes that policies judge by it are judged again, in `work`. */
  revalidate(): void {
    for (const { peer } of this.#validating) this.rib.reapplyPolicies(peer);
  }

  receive(neighbour: Neighbour, body: Uint8Array, negotiated: Negotiated): Received {
    return this.rib.receive(neighbour.peer, body, negotiated);
  }

  received({ peer }: Neighbour, family: FamilyKey): number {
    return peer === 0 ? 0 : this.rib.routesOf(peer, family);
  }

  /** Routes that it has been told. */
  sent({ peer }: Neighbour, family: FamilyKey): number {
    return this.rib.adjOut(peer)?.told(family) ?? 0;
  }

  established(neighbour: Neighbour, negotiated: NegotiatedSession, local: IpAddress): void {
    const settings = this.#settings(neighbour, negotiated, local);
    this.#sessions.set(neighbour, { negotiated, local });
    if (neighbour.peer === 0) neighbour.peer = this.rib.addPeer(settings);
    else this.rib.changePeer(neighbour.peer, settings);
    this.#names.set(neighbour.peer, neighbour.name);
    this.rib.openAdjOut(neighbour.peer, exportSession(negotiated));
  }

  /** Routes of `retained` families stay as stale ones; all others go. */
  down({ peer }: Neighbour, retained: readonly FamilyKey[]): void {
    this.rib.closeAdjOut(peer);
    for (const family of ribFamilies) {
      if (retained.includes(family)) this.rib.markStale(peer, family);
      else this.rib.forget(peer, family);
    }
  }

  /** Nothing of it stays. */
  forget(neighbour: Neighbour): void {
    if (neighbour.peer !== 0) this.rib.removePeer(neighbour.peer);
    this.#sessions.delete(neighbour);
    this.#validating.delete(neighbour);
    neighbour.peer = 0;
  }

  sweep({ peer }: Neighbour, family: FamilyKey): void {
    this.rib.sweepStale(peer, family);
  }

  longLivedStale({ peer }: Neighbour, family: FamilyKey): void {
    this.rib.markLongLivedStale(peer, family);
  }

  /** It asks for everything again, or tells the borders of its own answer (RFC 2918, 7313). */
  refreshed(neighbour: Neighbour, family: FamilyKey, refresh: 'request' | 'begin' | 'end'): void {
    if (refresh === 'request') this.tellAgain(neighbour, family);
    else if (refresh === 'begin') this.rib.beginRefresh(neighbour.peer, family);
    else this.rib.endRefresh(neighbour.peer, family);
  }

  tellAgain({ peer }: Neighbour, family: FamilyKey): void {
    this.rib.adjOut(peer)?.refresh(family);
  }

  hasUpdates({ peer }: Neighbour): boolean {
    return peer !== 0 && this.rib.adjOut(peer)?.hasMore === true;
  }

  nextUpdates({ peer }: Neighbour, mostBytes: number): Uint8Array {
    return this.rib.adjOut(peer)!.nextUpdates(mostBytes);
  }

  get hasWork(): boolean {
    return this.rib.hasWork;
  }

  /** Some of what was put off. */
  work(): void {
    this.rib.work(TURN_ROUTES);
  }

  nextHopsChanged(): void {
    this.rib.nextHopsChanged();
  }

  /** Changes of best routes since the last time, at most so many. */
  changes(most: number): readonly RouteChange[] {
    const changes: RouteChange[] = [];
    this.#watchers.forEach((watcher, at) => {
      if (changes.length >= most || !watcher.hasMore) return;
      const family = ribFamilies[at]!;
      const rib = this.rib.family(family)!;
      const of = prefixFamily(family)!;
      watcher.drain(most - changes.length, (slot, best) => {
        const { address, length } = rib.prefixAt(slot);
        const isOurs = best !== 0 && rib.peerOf(best) === this.#own;
        const nextHops = best === 0 || isOurs ? [] : this.#nextHopsOf(rib, slot, best);
        changes.push({ prefix: { family: of, bytes: address, length }, nextHop: nextHops[0], nextHops });
        return nextHops.length > 0;
      });
    });
    return changes;
  }

  /** Routes, told one by one. They may change in between: what is told was so when it was told. */
  *reports({ family, within, neighbour, isBestOnly }: RouteFilter): Generator<RouteReport> {
    const { validate } = this.#options;
    for (const key of ribFamilies) {
      const rib = this.rib.family(key);
      if (rib === undefined || (family !== undefined && family !== key)) continue;
      const of = prefixFamily(key)!;
      if (within !== undefined && within.family !== of) continue;
      for (let slot = 1; slot <= rib.prefixes.highest; slot++) {
        for (let route = rib.firstOf(slot); route !== 0; route = rib.nextOf(route)) {
          const isBest = rib.bestOf(slot) === route;
          if (isBestOnly && !isBest) continue;
          if (neighbour !== undefined && rib.peerOf(route) !== neighbour.peer) continue;
          const { address, length } = rib.prefixAt(slot);
          const prefix: Prefix = { family: of, bytes: address, length };
          if (within !== undefined && !prefixCovers(within, prefix)) continue;
          yield routeReport({
            rib: this.rib,
            family: rib,
            route,
            prefix,
            from: this.#names.get(rib.peerOf(route)) ?? '',
            validate,
          });
        }
      }
    }
  }

  /** By name of the neighbour: how many of its routes import lets in, and one that it does not. */
  tallies(): ReadonlyMap<string, Tally> {
    return tallyRoutes(this.rib, this.#names);
  }

  #nextHopsOf(rib: FamilyRib, slot: number, best: number): readonly Uint8Array[] {
    const { nextHops, nextHopIds } = this.rib.table;
    const { multipath = 1 } = this.#configuration;
    if (multipath === 1) return [nextHops.addressOf(nextHopIds[rib.attributesOf(best)]!)];
    const ids = new Set([best, ...rib.equalsOf(slot)].map((route) => nextHopIds[rib.attributesOf(route)]!));
    return [...ids].slice(0, multipath).map((id) => nextHops.addressOf(id));
  }

  #originate({ prefix, set }: NetworkConfiguration): void {
    const { as } = this.#configuration;
    const family = unicastOf(prefix);
    const nextHop = new Uint8Array(prefix.family === 4 ? 4 : 16);
    const reach = { family, nextHop, nlri: new Uint8Array(0) };
    const plain: PathAttribute[] = [
      ...[attribute(AttributeCode.origin, 'igp'), attribute(AttributeCode.asPath, [])],
      prefix.family === 4 ? attribute(AttributeCode.nextHop, nextHop) : attribute(AttributeCode.mpReach, reach),
    ];
    const policy = compilePolicy({ name: 'network', statements: [{ set, action: 'accept' }] });
    // The configuration has been checked.
    if (!policy.ok) return;
    const rules = new PolicyForRoutes(policy.value, { neighbour: { address: nextHop, as }, localAs: as });
    const attributes = rules.apply(plain, family, undefined) ?? plain;
    this.rib.announce(this.#own, family, nlriOf(prefix), attributes);
  }

  #settings(one: Neighbour, negotiated: NegotiatedSession, local: IpAddress): PeerSettings {
    const { configuration, address } = one;
    const { routes } = configuration;
    this.#validating.delete(one);
    const ownNextHops = this.#options.ownNextHops(local);
    const policyOf = (name: string | undefined): PolicyChoice | undefined => {
      if (name === undefined || name === ACCEPT || name === REJECT) return name;
      const policy = this.#configuration.policies.get(name);
      // The configuration has been checked; what is not there lets nothing pass.
      if (policy === undefined) return REJECT;
      const { validate } = this.#options;
      if (policy.looksAtValidation) this.#validating.add(one);
      const neighbour = { address: address.bytes, as: negotiated.peerAs };
      return new PolicyForRoutes(policy, {
        ...{ neighbour, localAs: negotiated.localAs, ownNextHops },
        ...(validate === undefined ? {} : { validate }),
      });
    };
    const [importPolicy, exportPolicy] = [policyOf(routes.import), policyOf(routes.export)];
    const internal = routes.isReflectorClient === true ? 'client' : 'internal';
    return {
      kind: negotiated.isExternal ? 'external' : internal,
      ...{ address: address.bytes, identifier: negotiated.peerIdentifier, as: negotiated.peerAs },
      ...{ localAs: negotiated.localAs, ownNextHops },
      ...(importPolicy === undefined ? {} : { importPolicy }),
      ...(exportPolicy === undefined ? {} : { exportPolicy }),
      ...(negotiated.roles.local === undefined ? {} : { role: negotiated.roles.local }),
      ...(routes.ownAsAllowed === undefined ? {} : { ownAsAllowed: routes.ownAsAllowed }),
      ...(routes.isFirstAsEnforced === undefined ? {} : { isFirstAsEnforced: routes.isFirstAsEnforced }),
      ...(routes.isRouteServerClient === undefined ? {} : { isRouteServerClient: routes.isRouteServerClient }),
      ...(routes.nextHop === undefined ? {} : { nextHop: routes.nextHop }),
      ...(routes.hasAigp === undefined ? {} : { hasAigp: routes.hasAigp }),
    };
  }
}

function ourselves({ as, identifier }: SpeakerConfiguration): PeerSettings {
  return { kind: 'local', address: new Uint8Array(4), identifier, as, localAs: as, ownNextHops: {} };
}

function unicastOf({ family }: Prefix): FamilyKey {
  return familyKey(family === 4 ? 1 : 2, 1);
}

function nlriOf({ length, bytes }: Prefix): NlriPrefix {
  return { pathId: 0, length, address: bytes };
}

function exportSession(negotiated: NegotiatedSession): ExportSession {
  const { families, isFourOctetAs, addPathSend, extendedNextHop, mostMessageLength, hasEnhancedRefresh } = negotiated;
  return {
    ...{ families, isFourOctetAs, addPathSend, extendedNextHop, mostMessageLength, hasEnhancedRefresh },
    isLongLived: negotiated.longLived !== undefined,
  };
}

/** All zero: ourselves. */
function isNobody(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0);
}
