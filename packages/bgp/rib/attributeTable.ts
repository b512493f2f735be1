/**
 * Sets of path attributes, each kept once as canonical bytes (`canonical.ts`) under a number, and beside them what
 * comparing routes needs, so that the decision process reads numbers in columns and decodes nothing.
 */
import { ByteWriter } from '@patronus/wire';
import { noKeys, quickScan, Trait } from '../codec/attributes/quickScan.ts';
import type { PathAttribute } from '../codec/attributes/values.ts';
import { ByteSets } from './byteSets.ts';
import { canonicalBytes, decodeCanonical } from './canonical.ts';
import { grown, LEAST } from './columns.ts';
import type { NextHops } from './nextHops.ts';

export class AttributeTable {
  readonly sets: ByteSets;
  readonly nextHops: NextHops;
  /** What a route without LOCAL_PREF counts as (RFC 4271 §9.1.1). */
  readonly defaultLocalPreference: number;
  readonly #keys = noKeys();
  readonly #writer = new ByteWriter(4_096);
  #decodedId = 0;
  #decodedGeneration = 0;
  #decoded: readonly PathAttribute[] = [];

  traits = new Uint16Array(LEAST);
  origins = new Uint8Array(LEAST);
  meds = new Uint32Array(LEAST);
  localPreferences = new Uint32Array(LEAST);
  asPathLengths = new Uint16Array(LEAST);
  neighbourAses = new Uint32Array(LEAST);
  originatorIds = new Uint32Array(LEAST);
  clusterListLengths = new Uint16Array(LEAST);
  aigpHighs = new Uint32Array(LEAST);
  aigpLows = new Uint32Array(LEAST);
  nextHopIds = new Uint32Array(LEAST);

  constructor(seed: number, nextHops: NextHops, defaultLocalPreference: number) {
    this.sets = new ByteSets(seed);
    this.nextHops = nextHops;
    this.defaultLocalPreference = defaultLocalPreference;
  }

  get bytes(): number {
    return this.sets.bytes + this.traits.length * 37;
  }

  /** The number of a set that is in canonical order; 0: something about it has to be looked at with more care. */
  internCanonical(bytes: Uint8Array, offset: number, length: number): number {
    const found = this.sets.find(bytes, offset, length);
    if (found !== 0) return found;
    if (!quickScan(bytes, offset, length, this.#keys)) return 0;
    const id = this.sets.intern(bytes, offset, length);
    this.#note(id, bytes);
    return id;
  }

  /** The number of a set of values. They have to be sound: what a policy made, or what `decodeUpdate` let stand. */
  internValues(attributes: readonly PathAttribute[], isFor: 'body' | 'reach', isFourOctetAs: boolean): number {
    canonicalBytes(attributes, isFor, isFourOctetAs, this.#writer);
    const bytes = this.#writer.view();
    return this.internCanonical(bytes, 0, bytes.length);
  }

  /** The values of a set; the last one asked for is kept. */
  valuesOf(id: number): readonly PathAttribute[] {
    const generation = this.sets.generationOf(id);
    if (this.#decodedId !== id || this.#decodedGeneration !== generation) {
      this.#decoded = decodeCanonical(this.sets.bytesOf(id));
      this.#decodedId = id;
      this.#decodedGeneration = generation;
    }
    return this.#decoded;
  }

  has(id: number, traits: number): boolean {
    return (this.traits[id]! & traits) === traits;
  }

  /** Frees what no route refers to. */
  collect(): void {
    this.sets.collect(this.#freed);
  }

  readonly #freed = (id: number) => this.nextHops.release(this.nextHopIds[id]!);

  #note(id: number, bytes: Uint8Array): void {
    if (id >= this.traits.length) this.#grow();
    const keys = this.#keys;
    const { traits } = keys;
    this.traits[id] = traits;
    this.origins[id] = keys.origin;
    // RFC 4271 §9.1.2.2 c: without it, the lowest value possible.
    this.meds[id] = (traits & Trait.med) === 0 ? 0 : keys.med;
    this.localPreferences[id] =
      (traits & Trait.localPreference) === 0 ? this.defaultLocalPreference : keys.localPreference;
    this.asPathLengths[id] = keys.asPathLength;
    this.neighbourAses[id] = keys.neighbourAs;
    this.originatorIds[id] = keys.originatorId;
    this.clusterListLengths[id] = keys.clusterListLength;
    this.aigpHighs[id] = keys.aigpHigh;
    this.aigpLows[id] = keys.aigpLow;
    this.nextHopIds[id] = this.nextHops.acquire(bytes, keys.nextHopOffset, keys.nextHopLength);
  }

  #grow(): void {
    const capacity = this.sets.capacity;
    this.traits = grown(this.traits, capacity);
    this.origins = grown(this.origins, capacity);
    this.meds = grown(this.meds, capacity);
    this.localPreferences = grown(this.localPreferences, capacity);
    this.asPathLengths = grown(this.asPathLengths, capacity);
    this.neighbourAses = grown(this.neighbourAses, capacity);
    this.originatorIds = grown(this.originatorIds, capacity);
    this.clusterListLengths = grown(this.clusterListLengths, capacity);
    this.aigpHighs = grown(this.aigpHighs, capacity);
    this.aigpLows = grown(this.aigpLows, capacity);
    this.nextHopIds = grown(this.nextHopIds, capacity);
  }
}
