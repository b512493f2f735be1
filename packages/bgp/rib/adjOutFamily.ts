/**
 * Adj-RIB-Out of one peer for one family: what it was told of each prefix, as numbers of wire forms, and what it has to be
 * told next. What it should have is looked up when it is written, so changes that came and went cost nothing.
 */
import type { ByteSets } from './byteSets.ts';
import { capacityFor, grown, LEAST } from './columns.ts';
import { Consumer } from './consumer.ts';
import type { ExportRules } from './exporting.ts';
import type { FamilyRib } from './familyRib.ts';
import type { PeerId } from './peers.ts';
import { type MessageBuffer, UpdatePacker } from './updatePacker.ts';

/** Prefixes looked at between two looks at the budget, most: bounds the time where all of them have nothing to tell. */
const MOST_LOOKED_AT = 4_096;

/** What was told of a prefix and has to be kept; how differs with and without path identifiers. */
export interface ToldPrefixes {
  /** Compares with what should be told; withdrawals are written at once, announcements go into the batch. */
  update(prefix: number, isAgain: boolean): void;
  isTold(prefix: number): boolean;
  /** Routes told. */
  readonly count: number;
  readonly bytes: number;
  clear(): void;
}

/** Announcements of one call, put together by attributes. */
export class Batch {
  readonly #wires: ByteSets;
  readonly #groups = new Map<number, number>();
  /** By item; `#nexts` of the last of a group is 0, so items count from 1. */
  #prefixes = new Uint32Array(LEAST);
  #pathIds = new Uint32Array(LEAST);
  #nexts = new Uint32Array(LEAST);
  #length = 0;
  /** By group, in order of their first item. */
  #wireOf: number[] = [];
  #firsts: number[] = [];
  #lasts: number[] = [];
  #lastWire = 0;
  #lastGroup = 0;
  /** About what it will take as messages. */
  bytes = 0;

  constructor(wires: ByteSets) {
    this.#wires = wires;
  }

  add(prefix: number, pathId: number, wire: number): void {
    this.#length += 1;
    const item = this.#length;
    if (item >= this.#nexts.length) this.#grow();
    this.#prefixes[item] = prefix;
    this.#pathIds[item] = pathId;
    this.#nexts[item] = 0;
    this.bytes += 8;
    const group = wire === this.#lastWire ? this.#lastGroup : this.#groups.get(wire);
    if (group === undefined) {
      this.#open(wire, item);
      return;
    }
    this.#nexts[this.#lasts[group]!] = item;
    this.#lasts[group] = item;
    this.#lastWire = wire;
    this.#lastGroup = group;
  }

  write(packer: UpdatePacker): void {
    for (let group = 0; group < this.#wireOf.length; group++) {
      const wire = this.#wireOf[group]!;
      for (let item = this.#firsts[group]!; item !== 0; item = this.#nexts[item]!) {
        packer.announce(this.#prefixes[item]!, this.#pathIds[item]!, wire);
      }
    }
    packer.flush();
    this.#groups.clear();
    this.#wireOf = [];
    this.#firsts = [];
    this.#lasts = [];
    this.#length = 0;
    this.#lastWire = 0;
    this.bytes = 0;
  }

  #open(wire: number, item: number): void {
    this.#lastWire = wire;
    this.#lastGroup = this.#wireOf.length;
    this.#groups.set(wire, this.#lastGroup);
    this.#wireOf.push(wire);
    this.#firsts.push(item);
    this.#lasts.push(item);
    this.bytes += this.#wires.lengthOf(wire) + 30;
  }

  #grow(): void {
    const capacity = capacityFor(this.#length + 1, this.#nexts.length);
    this.#prefixes = grown(this.#prefixes, capacity);
    this.#pathIds = grown(this.#pathIds, capacity);
    this.#nexts = grown(this.#nexts, capacity);
  }
}

/** One route for each prefix: the best. */
class ToldBests implements ToldPrefixes {
  readonly #parts: ToldParts;
  /** By prefix: the wire form; 0: nothing. */
  #told = new Uint32Array(LEAST);
  count = 0;

  constructor(parts: ToldParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#told.length * 4;
  }

  isTold(prefix: number): boolean {
    return (this.#told[prefix] ?? 0) !== 0;
  }

  update(prefix: number, isAgain: boolean): void {
    if (prefix >= this.#told.length) this.#told = grown(this.#told, capacityFor(prefix + 1, this.#told.length));
    const before = this.#told[prefix]!;
    const wire = wireFor(this.#parts, prefix, this.#parts.rib.bestOf(prefix));
    if (wire === before && !isAgain) return;
    if (wire !== 0) {
      this.#parts.batch.add(prefix, 0, wire);
      this.#parts.wires.acquire(wire);
    } else if (before !== 0) this.#parts.packer.withdraw(prefix, 0);
    if (before !== 0) this.#parts.wires.release(before);
    this.#told[prefix] = wire;
    this.count += (wire === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
  }

  clear(): void {
    for (const wire of this.#told) if (wire !== 0) this.#parts.wires.release(wire);
    this.#told = new Uint32Array(LEAST);
    this.count = 0;
  }
}

/** Every route of each prefix, with the number of its slot as the path identifier (RFC 7911). */
class ToldPaths implements ToldPrefixes {
  readonly #parts: ToldParts;
  /** By prefix: its first entry. */
  #firsts = new Uint32Array(LEAST);
  /** By entry. */
  #routes = new Uint32Array(LEAST);
  #told = new Uint32Array(LEAST);
  #nexts = new Uint32Array(LEAST);
  #free = 0;
  #used = 0;
  count = 0;

  constructor(parts: ToldParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#firsts.length * 4 + this.#nexts.length * 12;
  }

  isTold(prefix: number): boolean {
    return (this.#firsts[prefix] ?? 0) !== 0;
  }

  update(prefix: number, isAgain: boolean): void {
    if (prefix >= this.#firsts.length) this.#firsts = grown(this.#firsts, capacityFor(prefix + 1, this.#firsts.length));
    this.#withdrawOthers(prefix);
    for (let route = this.#parts.rib.firstOf(prefix); route !== 0; route = this.#parts.rib.nextOf(route)) {
      const wire = this.#wireOf(prefix, route);
      if (wire === 0) continue;
      const entry = this.#entryOf(prefix, route) || this.#takeEntry(prefix, route);
      const before = this.#told[entry]!;
      if (before === wire && !isAgain) continue;
      this.#parts.batch.add(prefix, route, wire);
      this.#parts.wires.acquire(wire);
      if (before !== 0) this.#parts.wires.release(before);
      this.#told[entry] = wire;
    }
  }

  clear(): void {
    for (let prefix = 0; prefix < this.#firsts.length; prefix++) {
      for (let entry = this.#firsts[prefix]!; entry !== 0; entry = this.#nexts[entry]!) {
        this.#parts.wires.release(this.#told[entry]!);
      }
    }
    this.#firsts = new Uint32Array(LEAST);
    this.#nexts = new Uint32Array(LEAST);
    this.#routes = new Uint32Array(LEAST);
    this.#told = new Uint32Array(LEAST);
    this.#free = 0;
    this.#used = 0;
    this.count = 0;
  }

  #wireOf(prefix: number, route: number): number {
    return this.#parts.rib.isEligible(route) ? wireFor(this.#parts, prefix, route) : 0;
  }

  /** What was told of routes that are no more, or must not be told any more. */
  #withdrawOthers(prefix: number): void {
    let before = 0;
    for (let entry = this.#firsts[prefix]!; entry !== 0; ) {
      const next = this.#nexts[entry]!;
      const route = this.#routes[entry]!;
      if (this.#isOf(prefix, route) && this.#wireOf(prefix, route) !== 0) before = entry;
      else {
        this.#parts.packer.withdraw(prefix, route);
        this.#parts.wires.release(this.#told[entry]!);
        this.#told[entry] = 0;
        if (before === 0) this.#firsts[prefix] = next;
        else this.#nexts[before] = next;
        this.#nexts[entry] = this.#free;
        this.#free = entry;
        this.count -= 1;
      }
      entry = next;
    }
  }

  /** Whether the slot holds a route of this prefix: it may have been used for another one since. */
  #isOf(prefix: number, wanted: number): boolean {
    let route = this.#parts.rib.firstOf(prefix);
    while (route !== 0 && route !== wanted) route = this.#parts.rib.nextOf(route);
    return route !== 0;
  }

  #entryOf(prefix: number, route: number): number {
    let entry = this.#firsts[prefix]!;
    while (entry !== 0 && this.#routes[entry] !== route) entry = this.#nexts[entry]!;
    return entry;
  }

  #takeEntry(prefix: number, route: number): number {
    let entry = this.#free;
    if (entry === 0) {
      this.#used += 1;
      entry = this.#used;
      if (entry >= this.#nexts.length) this.#growEntries();
    } else this.#free = this.#nexts[entry]!;
    this.#routes[entry] = route;
    this.#told[entry] = 0;
    this.#nexts[entry] = this.#firsts[prefix]!;
    this.#firsts[prefix] = entry;
    this.count += 1;
    return entry;
  }

  #growEntries(): void {
    const capacity = capacityFor(this.#used + 1, this.#nexts.length);
    this.#routes = grown(this.#routes, capacity);
    this.#told = grown(this.#told, capacity);
    this.#nexts = grown(this.#nexts, capacity);
  }
}

/** The wire form of a route for a peer; 0: it is not told. Nothing goes back to where it came from. */
function wireFor({ rib, rules, peer }: ToldParts, prefix: number, route: number): number {
  if (route === 0 || rib.peerOf(route) === peer) return 0;
  const id = rib.attributesOf(route);
  const source = rib.sourceOf(route);
  return rules.looksAtPrefixes ? rules.withPrefix(id, source, rib.prefixAt(prefix)) : rules.of(id, source);
}

interface ToldParts {
  readonly rib: FamilyRib;
  rules: ExportRules;
  readonly wires: ByteSets;
  readonly peer: PeerId;
  readonly packer: UpdatePacker;
  readonly batch: Batch;
}

export interface AdjOutFamilyOptions {
  readonly rib: FamilyRib;
  readonly rules: ExportRules;
  readonly wires: ByteSets;
  readonly peer: PeerId;
  readonly out: MessageBuffer;
  readonly mostMessageLength: number;
  readonly hasPathIds: boolean;
  readonly hasEnhancedRefresh: boolean;
}

export class AdjOutFamily {
  readonly #parts: ToldParts;
  readonly #consumer: Consumer;
  readonly #out: MessageBuffer;
  readonly #packer: UpdatePacker;
  readonly #batch: Batch;
  readonly #told: ToldPrefixes;
  readonly #hasEnhancedRefresh: boolean;
  #owesEndOfRib = true;
  #owesRefresh = false;
  #isRefreshing = false;

  constructor(options: AdjOutFamilyOptions) {
    const { rib, wires, out, mostMessageLength, hasPathIds, hasEnhancedRefresh } = options;
    this.#out = out;
    this.#hasEnhancedRefresh = hasEnhancedRefresh;
    this.#packer = new UpdatePacker(out, wires, rib.family, rib.prefixes, mostMessageLength, hasPathIds);
    this.#batch = new Batch(wires);
    this.#parts = { ...options, packer: this.#packer, batch: this.#batch };
    this.#told = hasPathIds ? new ToldPaths(this.#parts) : new ToldBests(this.#parts);
    this.#consumer = new Consumer(rib, hasPathIds);
    this.#consumer.tellAgain();
  }

  /** Routes told. */
  get count(): number {
    return this.#told.count;
  }

  get bytes(): number {
    return this.#told.bytes + this.#consumer.bytes;
  }

  /** Something is to be written. */
  get hasMore(): boolean {
    return this.#consumer.length > 0 || this.#owesEndOfRib || this.#owesRefresh || this.#isRefreshing;
  }

  isTold(prefix: number): boolean {
    return this.#told.isTold(prefix);
  }

  /** The peer wants to hear everything again (RFC 2918 §4). */
  refresh(): void {
    this.#owesRefresh = true;
  }

  get rules(): ExportRules {
    return this.#parts.rules;
  }

  /** Export rules have changed: everything is looked at, what differs is told. */
  follow(rules: ExportRules): void {
    this.#parts.rules = rules;
    const { rib } = this.#parts;
    for (let prefix = 1; prefix <= rib.prefixes.highest; prefix++) {
      if (rib.bestOf(prefix) !== 0) this.#consumer.notify(prefix, false);
    }
  }

  /** Writes until the buffer holds about `until` bytes (one message more at most), or as many prefixes were looked at. */
  write(until: number): void {
    this.#beginRefresh();
    const consumer = this.#consumer;
    for (let looked = 0; looked < MOST_LOOKED_AT && this.#out.length + this.#batch.bytes < until; looked++) {
      const prefix = consumer.take();
      if (prefix === 0) break;
      this.#told.update(prefix, consumer.isAgain(prefix));
      consumer.done(prefix, this.#told.isTold(prefix));
    }
    // Withdrawals are in the buffer already: they go before all that is announced.
    this.#packer.flush();
    this.#batch.write(this.#packer);
    this.#end();
  }

  close(): void {
    this.#consumer.close();
    this.#told.clear();
  }

  /** RFC 7313 §4: not before the End-of-RIB of what is told first, and one after the other. */
  #beginRefresh(): void {
    if (!this.#owesRefresh || this.#owesEndOfRib || this.#isRefreshing) return;
    this.#owesRefresh = false;
    this.#isRefreshing = true;
    if (this.#hasEnhancedRefresh) this.#packer.border('begin');
    this.#consumer.tellAgain();
  }

  #end(): void {
    if (this.#consumer.againCount > 0) return;
    if (this.#owesEndOfRib) this.#packer.endOfRib();
    else if (this.#isRefreshing && this.#hasEnhancedRefresh) this.#packer.border('end');
    else if (!this.#isRefreshing) return;
    this.#owesEndOfRib = false;
    this.#isRefreshing = false;
  }
}
