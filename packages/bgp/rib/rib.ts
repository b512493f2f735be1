/**
 * The routing information bases of a speaker (RFC 4271 §3.2, §9) as one calculation: Adj-RIB-In of every peer, Loc-RIB, and
 * an Adj-RIB-Out for each. No I/O, no clock.
 *
 *   const rib = new Rib({ seed, identifier, families: [IPV4_UNICAST] });
 *   const peer = rib.addPeer(settings);                  a neighbour, from its configuration and its OPEN
 *   const out = rib.openAdjOut(peer, session);           Established: it is told everything, then End-of-RIB
 *   rib.receive(peer, body, negotiated);                 the body of an UPDATE: error, End-of-RIB, or nothing to say
 *   while (out.hasMore) send(out.nextUpdates(65_536));   whenever the connection has room
 *   const watcher = rib.watch(IPV4_UNICAST);             best routes for a forwarder
 *   rib.work(10_000);                                    some of what was put off; true: there is more
 *
 * When the session ends: `closeAdjOut(peer)`, then `forget(peer)`, or for a graceful restart `markStale(peer, family)`,
 * later `markLongLivedStale` and `sweepStale`. `beginRefresh` and `endRefresh` are BoRR and EoRR from the peer. All of
 * these only mark; routes go, a few at a time, in `work`.
 *
 * A prefix is named by its slot, a route by its own; both are numbers that stay while there is a route, or while somebody
 * still has to be told that there is none. Standards: RFC 4271 §9, 1997, 2545, 2918, 4360 §6, 4456, 4724 §4, 5004, 6793,
 * 7311, 7313, 7606 §2, 7911, 7947 §2.2, 8212, 8950, 9234 §5, 9494 §4.
 */

import { numberAt, Trait } from '../codec/attributes/quickScan.ts';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, prefixFamily } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import type { Negotiated } from '../codec/update.ts';
import { AdjOut } from './adjOut.ts';
import { AdjOutFamily } from './adjOutFamily.ts';
import { AttributeTable } from './attributeTable.ts';
import { ByteSets } from './byteSets.ts';
import type { DecisionSettings } from './decision.ts';
import { type Explanation, explain } from './explanation.ts';
import type { Source } from './exporting.ts';
import { FamilyRib, Mark } from './familyRib.ts';
import type { ImportRules, OwnIdentity } from './importing.ts';
import { type InteriorCost, NextHops } from './nextHops.ts';
import type { ExportSession, PeerId, PeerSettings } from './peers.ts';
import { type Received, type RouteSink, UpdateReader } from './received.ts';
import { RuleGroups } from './ruleGroups.ts';
import { MessageBuffer } from './updatePacker.ts';
import { Watcher } from './watcher.ts';
import { Work } from './work.ts';

export interface RibOptions extends OwnIdentity {
  /** Random, 32 bits: keeps others from aiming at one place of the hash tables. */
  readonly seed: number;
  /** Families of prefixes that routes are kept of; others are passed over. */
  readonly families: readonly FamilyKey[];
  readonly decision?: DecisionSettings;
  /** What it costs to get to a next hop; 0 for all unless given. Asked once for each; again by `nextHopsChanged`. */
  readonly interiorCost?: InteriorCost;
  /** Of a route without LOCAL_PREF; 100 unless given. */
  readonly defaultLocalPreference?: number;
}

export class Rib {
  readonly table: AttributeTable;
  readonly #wires: ByteSets;
  readonly #nextHops: NextHops;
  readonly #families = new Map<FamilyKey, FamilyRib>();
  readonly #sources: (Source | undefined)[] = [undefined];
  readonly #adjOuts = new Map<PeerId, { readonly out: AdjOut; readonly session: ExportSession }>();
  readonly #groups: RuleGroups;
  readonly #reader: UpdateReader;
  readonly #work = new Work();
  readonly #sink: RouteSink;
  /** The peer whose UPDATE is being read. */
  #speaking: PeerId = 0;

  constructor(options: RibOptions) {
    const { seed, interiorCost = () => 0, defaultLocalPreference = 100 } = options;
    this.#nextHops = new NextHops(interiorCost);
    this.table = new AttributeTable(seed, this.#nextHops, defaultLocalPreference);
    this.#wires = new ByteSets(seed);
    this.#groups = new RuleGroups(this.table, this.#wires, options);
    this.#reader = new UpdateReader(this.table);
    for (const family of options.families) {
      if (prefixFamily(family) === undefined) continue;
      this.#families.set(family, new FamilyRib(family, seed, this.table, options.decision ?? {}, this.#sources));
    }
    this.#sink = {
      withdraw: (family, bytes, offset, end, hasPathIds) => this.#withdraw(family, bytes, offset, end, hasPathIds),
      announce: (family, bytes, offset, end, hasPathIds, set) =>
        this.#announce(family, bytes, offset, end, hasPathIds, set),
    };
  }

  /** Bytes that its tables take, without those of the Adj-RIBs-Out. */
  get bytes(): number {
    let bytes = this.table.bytes + this.#wires.bytes;
    for (const family of this.#families.values()) bytes += family.bytes;
    return bytes;
  }

  /** Distinct sets of attributes that routes have. */
  get attributeSets(): number {
    return this.table.sets.count;
  }

  /** UPDATEs that were read with more care than most need. */
  get slowUpdates(): number {
    return this.#reader.slowCount;
  }

  /** The table of a family; undefined: no routes are kept of it. */
  family(family: FamilyKey): FamilyRib | undefined {
    return this.#families.get(family);
  }

  addPeer(settings: PeerSettings): PeerId {
    let id = this.#sources.indexOf(undefined, 1);
    if (id < 0) id = this.#sources.length;
    if (id > 0xffff) throw new RangeError('a RIB has room for 65,535 peers');
    this.#sources[id] = { id, settings };
    this.#groups.forgetSource(id);
    return id;
  }

  settingsOf(peer: PeerId): PeerSettings | undefined {
    return this.#sources[peer]?.settings;
  }

  /** Its configuration or its OPEN says something else now; routes and Adj-RIB-Out follow, in `work` and `nextUpdates`. */
  changePeer(peer: PeerId, settings: PeerSettings): void {
    if (this.#sources[peer] === undefined) return;
    this.#groups.leaveImport(peer);
    this.#sources[peer] = { id: peer, settings };
    this.#groups.forgetSource(peer);
    this.reapplyPolicies(peer);
  }

  /** We are somebody else to reflectors and their clients: all routes follow, in `work` and `nextUpdates`. */
  changeIdentity(identifier: number, clusterId?: number): void {
    if (!this.#groups.changeIdentity(identifier, clusterId)) return;
    for (const source of this.#sources) if (source !== undefined) this.reapplyPolicies(source.id);
  }

  /**
   * What its policies answer has changed, or what they ask (origin validation): its routes pass import again, in `work`,
   * and what it was told is held against export.
   */
  reapplyPolicies(peer: PeerId): void {
    this.#groups.forgetAnswers(peer);
    for (const rib of this.#families.values()) {
      if (rib.routesOf(peer) > 0) {
        this.#work.add(rib, (route) => {
          if (rib.peerOf(route) === peer) this.#acceptAgain(rib, route);
        });
      }
    }
    const open = this.#adjOuts.get(peer);
    if (open === undefined) return;
    const { settings } = this.#sources[peer]!;
    for (const [family, adjOut] of open.out.families()) {
      adjOut.rules.users -= 1;
      adjOut.follow(this.#groups.joinExport(settings, open.session, family));
    }
  }

  /** All of it goes: what it was told at once, its routes in `work`, and then its number. */
  removePeer(peer: PeerId): void {
    this.closeAdjOut(peer);
    this.forget(peer);
    this.#work.afterwards(() => {
      this.#groups.leaveImport(peer);
      this.#groups.forgetSource(peer);
      this.#sources[peer] = undefined;
    });
  }

  /** Reads the body of an UPDATE. An error ends the session with its NOTIFICATION; nothing has changed then. */
  receive(peer: PeerId, body: Uint8Array, negotiated: Negotiated): Received {
    this.#speaking = peer;
    const received = this.#reader.read(body, negotiated, this.#sink);
    this.table.collect();
    return received;
  }

  /** A route of our own, or of a source that is no session. The next hop is in NEXT_HOP or MP_REACH_NLRI; all zero: ourselves. */
  announce(peer: PeerId, family: FamilyKey, prefix: NlriPrefix, attributes: readonly PathAttribute[]): void {
    const rib = this.#families.get(family);
    if (rib === undefined) return;
    const isReach = attributes.some(({ code }) => code === AttributeCode.mpReach);
    const set = this.table.internValues(attributes, isReach ? 'reach' : 'body', true);
    if (set === 0) throw new Error('the attributes of a route of our own are not sound');
    rib.prefixes.read(prefix.address, 0, prefix.length);
    const slot = rib.prefixSlot();
    const rules = this.#groups.importRules(this.#sources[peer]!, family);
    const ruled = rules.of(set);
    const accepted = rules.looksAtPrefixes ? rules.withPrefix(ruled, prefix) : ruled;
    rib.learn(peer, slot, prefix.pathId, set, accepted);
    this.table.collect();
  }

  withdraw(peer: PeerId, family: FamilyKey, prefix: NlriPrefix): void {
    const rib = this.#families.get(family);
    const slot = this.find(family, prefix);
    if (rib === undefined || slot === 0) return;
    rib.withdraw(peer, slot, prefix.pathId);
    this.table.collect();
  }

  /** The prefix's slot; 0: nothing is known of it. */
  find(family: FamilyKey, { address, length }: Pick<NlriPrefix, 'address' | 'length'>): number {
    const rib = this.#families.get(family);
    if (rib === undefined) return 0;
    rib.prefixes.read(address, 0, length);
    return rib.prefixes.find();
  }

  /** Routes that the peer has announced by now (for its limits), whether they passed import or not. */
  routesOf(peer: PeerId, family: FamilyKey): number {
    return this.#families.get(family)?.routesOf(peer) ?? 0;
  }

  /** The peer's routes go, of one family or of all. */
  forget(peer: PeerId, family?: FamilyKey): void {
    for (const rib of this.#each(family)) {
      rib.markAll(peer, Mark.condemned);
      this.#sweep(rib, peer);
    }
  }

  /** The peer restarts: its routes stay in use, and those that were stale from the last time go (RFC 4724 §4.2). */
  markStale(peer: PeerId, family: FamilyKey): void {
    for (const rib of this.#each(family)) {
      rib.markAll(peer, Mark.condemned, Mark.restartStale);
      this.#sweep(rib, peer);
      rib.markAll(peer, Mark.restartStale);
    }
  }

  /** What the peer did not announce again goes. */
  sweepStale(peer: PeerId, family: FamilyKey): void {
    for (const rib of this.#each(family)) {
      rib.markAll(peer, Mark.condemned, Mark.restartStale);
      this.#sweep(rib, peer);
    }
  }

  /** Stale for longer: least preferred and marked LLGR_STALE, but for what says NO_LLGR, which goes (RFC 9494 §4.2). */
  markLongLivedStale(peer: PeerId, family: FamilyKey): void {
    for (const rib of this.#each(family)) {
      rib.markAll(peer, Mark.longLivedStale, Mark.restartStale);
      this.#work.add(rib, (route) => {
        if (rib.peerOf(route) === peer && (rib.marksOf(route) & Mark.longLivedStale) !== 0) {
          this.#acceptAgain(rib, route);
        }
      });
    }
  }

  /** BoRR: what the peer does not announce again until EoRR is gone (RFC 7313 §4). */
  beginRefresh(peer: PeerId, family: FamilyKey): void {
    for (const rib of this.#each(family)) rib.markAll(peer, Mark.refreshStale);
  }

  /** EoRR, or the time for it is over. */
  endRefresh(peer: PeerId, family: FamilyKey): void {
    for (const rib of this.#each(family)) {
      rib.markAll(peer, Mark.condemned, Mark.refreshStale);
      this.#sweep(rib, peer);
    }
  }

  /** The session is Established: from now on the peer is told. */
  openAdjOut(peer: PeerId, session: ExportSession): AdjOut {
    this.closeAdjOut(peer);
    const { settings } = this.#sources[peer]!;
    const out = new MessageBuffer();
    const families = new Map<FamilyKey, AdjOutFamily>();
    for (const [family, rib] of this.#families) {
      if (!session.families.has(family)) continue;
      const adjOut = new AdjOutFamily({
        ...{ rib, rules: this.#groups.joinExport(settings, session, family), wires: this.#wires, peer, out },
        mostMessageLength: session.mostMessageLength,
        hasPathIds: session.addPathSend.has(family),
        hasEnhancedRefresh: session.hasEnhancedRefresh,
      });
      families.set(family, adjOut);
    }
    const adjOut = new AdjOut(families, out, this.#wires);
    this.#adjOuts.set(peer, { out: adjOut, session });
    return adjOut;
  }

  adjOut(peer: PeerId): AdjOut | undefined {
    return this.#adjOuts.get(peer)?.out;
  }

  closeAdjOut(peer: PeerId): void {
    this.#adjOuts.get(peer)?.out.close();
    this.#adjOuts.delete(peer);
    this.#groups.tidy();
  }

  /** Changes of best routes from now on, beginning with all there are. `wantsEqual`: also of those equally good. */
  watch(family: FamilyKey, wantsEqual = false): Watcher | undefined {
    const rib = this.#families.get(family);
    return rib === undefined ? undefined : new Watcher(rib, wantsEqual);
  }

  /** Asks for the cost of every next hop again; what depends on those that changed is decided again, in `work`. */
  nextHopsChanged(): void {
    const changed = this.#nextHops.refresh();
    if (changed.size === 0) return;
    for (const rib of this.#families.values()) {
      this.#work.add(rib, (route) => {
        const set = rib.attributesOf(route);
        if (set !== 0 && changed.has(this.table.nextHopIds[set]!)) rib.decide(rib.prefixOf(route), route);
      });
    }
  }

  get hasWork(): boolean {
    return this.#work.hasMore;
  }

  /** Goes on with what was put off: looks at so many routes. True: there is more. */
  work(mostRoutes: number): boolean {
    const hasMore = this.#work.run(mostRoutes);
    this.table.collect();
    return hasMore;
  }

  /** Which rule keeps a route from being chosen; undefined: none of the protocol's. */
  importRefusal(family: FamilyKey, route: number): { readonly name: string; readonly clause: string } | undefined {
    const rib = this.#families.get(family)!;
    return this.#groups.importRules(rib.sourceOf(route), family).refusal(rib.receivedOf(route));
  }

  /** Why the best route of a prefix is the best, and what was against the others; undefined: nothing is known of it. */
  explain(family: FamilyKey, prefix: Pick<NlriPrefix, 'address' | 'length'>): Explanation | undefined {
    const rib = this.#families.get(family);
    const slot = this.find(family, prefix);
    if (rib === undefined || slot === 0) return undefined;
    return explain(rib, slot, (route) => this.importRefusal(family, route));
  }

  #each(family: FamilyKey | undefined): Iterable<FamilyRib> {
    if (family === undefined) return this.#families.values();
    const rib = this.#families.get(family);
    return rib === undefined ? [] : [rib];
  }

  #sweep(rib: FamilyRib, peer: PeerId): void {
    if (rib.routesOf(peer) === 0) return;
    this.#work.add(rib, (route) => {
      if (rib.peerOf(route) === peer && (rib.marksOf(route) & Mark.condemned) !== 0) rib.remove(route);
    });
  }

  #acceptAgain(rib: FamilyRib, route: number): void {
    const rules = this.#groups.importRules(rib.sourceOf(route), rib.family);
    const accepted = this.#judge(rib, rules, route);
    if ((rib.marksOf(route) & Mark.longLivedStale) === 0 || accepted === 0) rib.accept(route, accepted);
    else if (this.table.has(accepted, Trait.noLongLived)) rib.remove(route);
    else rib.accept(route, this.#groups.longLivedStale(accepted));
  }

  #judge(rib: FamilyRib, rules: ImportRules, route: number): number {
    const ruled = rules.of(rib.receivedOf(route));
    if (!rules.looksAtPrefixes) return ruled;
    return rules.withPrefix(ruled, rib.prefixAt(rib.prefixOf(route), rib.pathIdOf(route)));
  }

  #withdraw(family: FamilyKey, bytes: Uint8Array, offset: number, end: number, hasPathIds: boolean): void {
    const rib = this.#families.get(family);
    if (rib === undefined) return;
    const { prefixes } = rib;
    for (let at = offset; at < end; ) {
      const pathId = hasPathIds ? numberAt(bytes, at) : 0;
      if (hasPathIds) at += 4;
      const length = bytes[at]!;
      prefixes.read(bytes, at + 1, length);
      const slot = prefixes.find();
      if (slot !== 0) rib.withdraw(this.#speaking, slot, pathId);
      at += 1 + ((length + 7) >>> 3);
    }
  }

  #announce(family: FamilyKey, bytes: Uint8Array, offset: number, end: number, hasPathIds: boolean, set: number): void {
    const rib = this.#families.get(family);
    if (rib === undefined) return;
    const rules = this.#groups.importRules(this.#sources[this.#speaking]!, family);
    const ruled = rules.of(set);
    const { prefixes } = rib;
    for (let at = offset; at < end; ) {
      const pathId = hasPathIds ? numberAt(bytes, at) : 0;
      if (hasPathIds) at += 4;
      const length = bytes[at]!;
      prefixes.read(bytes, at + 1, length);
      const slot = rib.prefixSlot();
      const accepted = rules.looksAtPrefixes ? rules.withPrefix(ruled, rib.prefixAt(slot, pathId)) : ruled;
      rib.learn(this.#speaking, slot, pathId, set, accepted);
      at += 1 + ((length + 7) >>> 3);
    }
  }
}
