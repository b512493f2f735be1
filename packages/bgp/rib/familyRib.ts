/**
 * The routes of one address family: Adj-RIB-In of every peer and Loc-RIB in one table. A prefix is a slot, a route is a
 * slot, both are columns of numbers; the routes of a prefix are a chain. Each change decides that prefix anew, and tells
 * the consumers (`consumer.ts`) which prefix it was. Nothing here knows how attributes look or what a session is.
 */
import type { FamilyKey } from '../codec/families.ts';
import { prefixFamily } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import type { AttributeTable } from './attributeTable.ts';
import { capacityFor, grown, LEAST, SMALL } from './columns.ts';
import type { Consumer } from './consumer.ts';
import { type DecisionSettings, type DecisionView, decide, type Elimination, type Outcome } from './decision.ts';
import type { Source } from './exporting.ts';
import { UNREACHABLE } from './nextHops.ts';
import type { PeerId } from './peers.ts';
import { PrefixTable } from './prefixTable.ts';

/** What is noted of a route, as bits. */
export const Mark = {
  /** Its peer restarts (RFC 4724 §4.2). */
  restartStale: 1,
  /** Its peer has begun to tell everything again (RFC 7313 §4). */
  refreshStale: 2,
  /** It was stale for longer than the restart time (RFC 9494 §4.2). */
  longLivedStale: 4,
  /** It goes with the next sweep. */
  condemned: 8,
} as const;

export class FamilyRib implements DecisionView {
  readonly family: FamilyKey;
  readonly prefixes: PrefixTable;
  readonly table: AttributeTable;
  readonly settings: DecisionSettings;
  existingBest = 0;
  readonly #sources: readonly (Source | undefined)[];
  readonly #consumers: Consumer[] = [];

  /** By prefix: its first route, its best one; how many consumers need the slot still. 0: none. */
  #firsts = new Uint32Array(LEAST);
  #bests = new Uint32Array(LEAST);
  #holds = new Uint16Array(LEAST);

  /** By route. */
  #prefixOf = new Uint32Array(LEAST);
  /** The next route of the prefix; of a free slot the next free one. */
  #nexts = new Uint32Array(LEAST);
  /** 0: the slot is free. */
  #peerOf = new Uint16Array(LEAST);
  #pathIds = new Uint32Array(LEAST);
  /** The set that the peer sent, and the one that it is chosen by; 0: import let it not pass. */
  #received = new Uint32Array(LEAST);
  #accepted = new Uint32Array(LEAST);
  #marks = new Uint8Array(LEAST);
  #freeRoute = 0;
  #usedRoutes = 0;
  #routeCount = 0;
  readonly #countOf: number[] = [];

  #candidates = new Uint32Array(LEAST);
  readonly #outcome: Outcome = { best: 0, decidedBy: undefined, equals: 0 };

  constructor(
    family: FamilyKey,
    seed: number,
    table: AttributeTable,
    settings: DecisionSettings,
    sources: readonly (Source | undefined)[],
  ) {
    this.family = family;
    this.prefixes = new PrefixTable(prefixFamily(family) ?? 4, seed);
    this.table = table;
    this.settings = settings;
    this.#sources = sources;
  }

  get routeCount(): number {
    return this.#routeCount;
  }

  /** The highest route slot that was ever used. */
  get highestRoute(): number {
    return this.#usedRoutes;
  }

  /** Bytes that the tables take. */
  get bytes(): number {
    return this.prefixes.bytes + this.#firsts.length * 10 + this.#nexts.length * 23;
  }

  routesOf(peer: PeerId): number {
    return this.#countOf[peer] ?? 0;
  }

  attributesOf(route: number): number {
    return this.#accepted[route]!;
  }

  receivedOf(route: number): number {
    return this.#received[route]!;
  }

  sourceOf(route: number): Source {
    return this.#sources[this.#peerOf[route]!]!;
  }

  peerOf(route: number): PeerId {
    return this.#peerOf[route]!;
  }

  pathIdOf(route: number): number {
    return this.#pathIds[route]!;
  }

  marksOf(route: number): number {
    return this.#marks[route]!;
  }

  prefixOf(route: number): number {
    return this.#prefixOf[route]!;
  }

  /** The best route of a prefix; 0: none. */
  bestOf(prefix: number): number {
    return prefix < this.#bests.length ? this.#bests[prefix]! : 0;
  }

  /** The first route of a prefix, whether it can be chosen or not; 0: none. */
  firstOf(prefix: number): number {
    return prefix < this.#firsts.length ? this.#firsts[prefix]! : 0;
  }

  nextOf(route: number): number {
    return this.#nexts[route]!;
  }

  /** Whether it may be chosen: import let it pass, and its next hop can be reached (RFC 4271 §9.1.2.1). */
  isEligible(route: number): boolean {
    const id = this.#accepted[route]!;
    return id !== 0 && this.table.nextHops.costOf(this.table.nextHopIds[id]!) !== UNREACHABLE;
  }

  /** The prefix as a value. */
  prefixAt(prefix: number, pathId = 0): NlriPrefix {
    return { pathId, length: this.prefixes.lengthOf(prefix), address: this.prefixes.addressOf(prefix) };
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.push(consumer);
  }

  removeConsumer(consumer: Consumer): void {
    const at = this.#consumers.indexOf(consumer);
    if (at >= 0) this.#consumers.splice(at, 1);
  }

  /** The prefix in the hand of `prefixes`, with a slot of its own. */
  prefixSlot(): number {
    const slot = this.prefixes.findOrAdd();
    if (slot >= this.#firsts.length) this.#growPrefixes();
    return slot;
  }

  /** A route as a peer announces it: in place of the one with the same path identifier, if there is one. */
  learn(peer: PeerId, prefix: number, pathId: number, received: number, accepted: number): void {
    let route = this.#find(peer, prefix, pathId);
    if (route === 0) {
      route = this.#takeRoute(peer, prefix, pathId);
    } else {
      this.#marks[route] = 0;
      if (this.#received[route] === received && this.#accepted[route] === accepted) return;
      const { sets } = this.table;
      sets.release(this.#received[route]!);
      if (this.#accepted[route] !== 0) sets.release(this.#accepted[route]!);
    }
    this.table.sets.acquire(received);
    if (accepted !== 0) this.table.sets.acquire(accepted);
    this.#received[route] = received;
    this.#accepted[route] = accepted;
    this.decide(prefix, route);
  }

  /** It is chosen by other attributes from now on: policy has changed, or it became long-lived stale. */
  accept(route: number, accepted: number): void {
    const before = this.#accepted[route]!;
    if (before === accepted) return;
    if (accepted !== 0) this.table.sets.acquire(accepted);
    this.#accepted[route] = accepted;
    if (before !== 0) this.table.sets.release(before);
    this.decide(this.#prefixOf[route]!, route);
  }

  withdraw(peer: PeerId, prefix: number, pathId: number): void {
    const route = this.#find(peer, prefix, pathId);
    if (route !== 0) this.remove(route);
  }

  remove(route: number): void {
    const prefix = this.#prefixOf[route]!;
    const { sets } = this.table;
    sets.release(this.#received[route]!);
    if (this.#accepted[route] !== 0) sets.release(this.#accepted[route]!);
    this.#unchain(prefix, route);
    this.#countOf[this.#peerOf[route]!]! -= 1;
    this.#routeCount -= 1;
    this.#peerOf[route] = 0;
    this.#nexts[route] = this.#freeRoute;
    this.#freeRoute = route;
    this.decide(prefix, route);
    this.#freeIfUnused(prefix);
    if (this.#routeCount === 0 && this.#nexts.length > SMALL) this.#resetRoutes();
  }

  mark(route: number, mark: number): void {
    this.#marks[route]! |= mark;
  }

  unmark(route: number, mark: number): void {
    this.#marks[route]! &= ~mark;
  }

  /** Marks all routes of a peer that bear every one of `bearing`. */
  markAll(peer: PeerId, mark: number, bearing = 0): void {
    if (this.routesOf(peer) === 0) return;
    const [peers, marks] = [this.#peerOf, this.#marks];
    for (let route = 1; route <= this.#usedRoutes; route++) {
      if (peers[route] === peer && (marks[route]! & bearing) === bearing) marks[route]! |= mark;
    }
  }

  /** Chooses the prefix's best route again, after `changed` has changed, come or gone. */
  decide(prefix: number, changed: number): void {
    const before = this.#bests[prefix]!;
    const first = this.#firsts[prefix]!;
    let best = 0;
    if (first !== 0 && this.#nexts[first] === 0) best = this.isEligible(first) ? first : 0;
    else if (first !== 0) best = this.#choose(prefix);
    this.#bests[prefix] = best;
    const isOther = best !== before || best === changed;
    for (const consumer of this.#consumers)
      if (isOther || consumer.wantsEveryRoute) consumer.notify(prefix, best === 0);
  }

  /** Routes that may be used together, the best first; valid until the next decision. */
  equalsOf(prefix: number): Uint32Array {
    this.#choose(prefix);
    return this.#candidates.subarray(0, this.#outcome.equals);
  }

  /** Decides once more, and tells which step left each of the others out. */
  explain(prefix: number, eliminated: Elimination): Outcome {
    this.#choose(prefix, eliminated);
    return this.#outcome;
  }

  /** A consumer needs the slot, even without routes. */
  hold(prefix: number): void {
    this.#holds[prefix]!++;
  }

  unhold(prefix: number): void {
    this.#holds[prefix]!--;
    this.#freeIfUnused(prefix);
  }

  #choose(prefix: number, eliminated?: Elimination): number {
    let count = 0;
    for (let route = this.#firsts[prefix]!; route !== 0; route = this.#nexts[route]!) {
      if (!this.isEligible(route)) continue;
      if (count === this.#candidates.length) this.#candidates = grown(this.#candidates, count * 2);
      this.#candidates[count++] = route;
    }
    this.existingBest = this.#bests[prefix]!;
    decide(this, this.#candidates, count, this.#outcome, eliminated);
    return this.#outcome.best;
  }

  #find(peer: PeerId, prefix: number, pathId: number): number {
    let route = this.#firsts[prefix]!;
    while (route !== 0 && (this.#peerOf[route] !== peer || this.#pathIds[route] !== pathId)) {
      route = this.#nexts[route]!;
    }
    return route;
  }

  #takeRoute(peer: PeerId, prefix: number, pathId: number): number {
    let route = this.#freeRoute;
    if (route === 0) {
      this.#usedRoutes += 1;
      route = this.#usedRoutes;
      if (route >= this.#nexts.length) this.#growRoutes();
    } else this.#freeRoute = this.#nexts[route]!;
    this.#peerOf[route] = peer;
    this.#prefixOf[route] = prefix;
    this.#pathIds[route] = pathId;
    this.#marks[route] = 0;
    this.#nexts[route] = this.#firsts[prefix]!;
    this.#firsts[prefix] = route;
    this.#countOf[peer] = this.routesOf(peer) + 1;
    this.#routeCount += 1;
    return route;
  }

  #unchain(prefix: number, route: number): void {
    let at = this.#firsts[prefix]!;
    if (at === route) {
      this.#firsts[prefix] = this.#nexts[route]!;
      return;
    }
    while (this.#nexts[at] !== route) at = this.#nexts[at]!;
    this.#nexts[at] = this.#nexts[route]!;
  }

  #freeIfUnused(prefix: number): void {
    if (this.#firsts[prefix] !== 0 || this.#holds[prefix] !== 0) return;
    this.prefixes.remove(prefix);
    if (this.prefixes.count > 0 || this.#firsts.length <= SMALL) return;
    this.#firsts = new Uint32Array(LEAST);
    this.#bests = new Uint32Array(LEAST);
    this.#holds = new Uint16Array(LEAST);
  }

  #growPrefixes(): void {
    const { capacity } = this.prefixes;
    this.#firsts = grown(this.#firsts, capacity);
    this.#bests = grown(this.#bests, capacity);
    this.#holds = grown(this.#holds, capacity);
  }

  #growRoutes(): void {
    const capacity = capacityFor(this.#usedRoutes + 1, this.#nexts.length);
    this.#prefixOf = grown(this.#prefixOf, capacity);
    this.#nexts = grown(this.#nexts, capacity);
    this.#peerOf = grown(this.#peerOf, capacity);
    this.#pathIds = grown(this.#pathIds, capacity);
    this.#received = grown(this.#received, capacity);
    this.#accepted = grown(this.#accepted, capacity);
    this.#marks = grown(this.#marks, capacity);
  }

  /** The last route has gone: the memory goes back. */
  #resetRoutes(): void {
    this.#prefixOf = new Uint32Array(LEAST);
    this.#nexts = new Uint32Array(LEAST);
    this.#peerOf = new Uint16Array(LEAST);
    this.#pathIds = new Uint32Array(LEAST);
    this.#received = new Uint32Array(LEAST);
    this.#accepted = new Uint32Array(LEAST);
    this.#marks = new Uint8Array(LEAST);
    this.#freeRoute = 0;
    this.#usedRoutes = 0;
  }
}
