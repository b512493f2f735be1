/**
 * Addresses that DNS answers gave for the names of applications: how a flow is known at its first packet, before it says
 * a name itself. A table of fixed size; what does not fit takes the place of what would expire first.
 */
import type { Family } from '@patronus/net';
import { type ApplicationMatcher, type ApplicationNumbers, NO_APPLICATIONS } from '../matcher.ts';
import { DnsAnswerReader } from './dnsAnswer.ts';

/** Clients go on using an address for a while after its time; and nobody's answer is believed for ever. */
const LEAST_LIFE_MS = 60_000;
const MOST_LIFE_MS = 3_600_000;
/** Neighbouring slots that are tried for an address. */
const PROBES = 8;

/** One address that an answer gave: for owners who fill tables of their own with it. */
export interface LearntAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly applications: ApplicationNumbers;
  readonly lifeMs: number;
}

export class AddressNames {
  readonly #reader = new DnsAnswerReader();
  readonly #size: number;
  readonly #addresses: Uint8Array;
  readonly #families: Uint8Array;
  readonly #expiresMs: Float64Array;
  readonly #answers: ApplicationNumbers[];
  #matcher: ApplicationMatcher;

  /** `size`: a power of two. */
  constructor(matcher: ApplicationMatcher, size = 8192) {
    this.#matcher = matcher;
    this.#size = size;
    this.#addresses = new Uint8Array(size * 16);
    this.#families = new Uint8Array(size);
    this.#expiresMs = new Float64Array(size);
    this.#answers = new Array(size).fill(NO_APPLICATIONS);
  }

  /** From now on by another list; what was learnt by the old one is forgotten. */
  follow(matcher: ApplicationMatcher): void {
    this.#matcher = matcher;
    this.#families.fill(0);
    this.#answers.fill(NO_APPLICATIONS);
  }

  /**
   * A DNS message from port 53, without its transport header. How many addresses it gave for applications; `told` hears
   * of each.
   */
  learn(
    bytes: Uint8Array,
    offset: number,
    length: number,
    nowMs: number,
    told?: (address: LearntAddress) => void,
  ): number {
    const reader = this.#reader;
    if (!this.#matcher.hasNames || !reader.read(bytes, offset, length)) return 0;
    const applications = this.#applicationsOfNames();
    if (applications.length === 0) return 0;
    const lifeMs = Math.min(MOST_LIFE_MS, Math.max(LEAST_LIFE_MS, reader.ttlSeconds * 1000));
    for (let at = 0; at < reader.addressCount; at++) {
      const family = reader.addressFamilies[at] as Family;
      const from = reader.addressOffsets[at]!;
      this.#put(family, bytes, from, applications, nowMs + lifeMs, nowMs);
      told?.({ family, bytes, offset: from, applications, lifeMs });
    }
    return reader.addressCount;
  }

  /** The applications whose name stands for the address at `offset`. Allocates nothing. */
  lookup(family: Family, bytes: Uint8Array, offset: number, nowMs: number): ApplicationNumbers {
    const slot = this.#find(family, bytes, offset);
    return slot >= 0 && this.#expiresMs[slot]! > nowMs ? this.#answers[slot]! : NO_APPLICATIONS;
  }

  /** What was asked for goes before what it leads to, which may be a name that many share. */
  #applicationsOfNames(): ApplicationNumbers {
    const { names, nameLengths, nameCount } = this.#reader;
    for (let at = 0; at < nameCount; at++) {
      const found = this.#matcher.byName(names[at]!, 0, nameLengths[at]!);
      if (found.length > 0) return found;
    }
    return NO_APPLICATIONS;
  }

  #put(
    family: Family,
    bytes: Uint8Array,
    offset: number,
    applications: ApplicationNumbers,
    expiresMs: number,
    nowMs: number,
  ): void {
    let slot = this.#find(family, bytes, offset);
    if (slot < 0) slot = this.#roomFor(family, bytes, offset, nowMs);
    this.#families[slot] = family;
    for (let at = 0; at < (family === 4 ? 4 : 16); at++) this.#addresses[slot * 16 + at] = bytes[offset + at]!;
    this.#expiresMs[slot] = expiresMs;
    this.#answers[slot] = applications;
  }

  #find(family: Family, bytes: Uint8Array, offset: number): number {
    const home = this.#homeOf(family, bytes, offset);
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (home + probe) & (this.#size - 1);
      if (this.#families[slot] === family && this.#holds(slot, family, bytes, offset)) return slot;
    }
    return -1;
  }

  #roomFor(family: Family, bytes: Uint8Array, offset: number, nowMs: number): number {
    const home = this.#homeOf(family, bytes, offset);
    let first = home;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (home + probe) & (this.#size - 1);
      if (this.#families[slot] === 0 || this.#expiresMs[slot]! <= nowMs) return slot;
      if (this.#expiresMs[slot]! < this.#expiresMs[first]!) first = slot;
    }
    return first;
  }

  #holds(slot: number, family: Family, bytes: Uint8Array, offset: number): boolean {
    for (let at = 0; at < (family === 4 ? 4 : 16); at++) {
      if (this.#addresses[slot * 16 + at] !== bytes[offset + at]) return false;
    }
    return true;
  }

  #homeOf(family: Family, bytes: Uint8Array, offset: number): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < (family === 4 ? 4 : 16); at++) hash = Math.imul(hash ^ bytes[offset + at]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#size - 1);
  }
}
