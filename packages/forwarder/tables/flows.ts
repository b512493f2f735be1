/**
 * The flow table: which path group a conversation uses, by segment and 5-tuple. Flows stick to their group; groups
 * switch between tunnels. Bounded by construction: sets of eight ways, in which a new flow replaces the one that was
 * quiet longest. A lost entry costs a new look at the routes, nothing else.
 *
 * Everything lies in typed arrays, so a packet allocates nothing. The hash is seeded, so that nobody outside can choose
 * flows that all fall into one set.
 */
import type { PacketView } from '@patronus/net';

const WAYS = 8;
/** Segment and protocol, both ports, source, destination: 40 bytes. */
const KEY_WORDS = 10;

/** No entry, or one that is no longer valid. */
export const NO_GROUP = -1;
export const NO_ENTRY = -1;

export class FlowTable {
  readonly #sets: number;
  readonly #keys: Uint32Array;
  readonly #groups: Int32Array;
  readonly #lastUsedMs: Float64Array;
  /** Entries of an earlier epoch count as absent, so that forgetting all of them costs nothing. */
  readonly #epochs: Uint32Array;
  readonly #seed: number;
  readonly #key = new Uint32Array(KEY_WORDS);
  /** By entry: the flow's policy class, and what compression learned of it (sampling.ts; 0 to begin with). */
  readonly classes: Int16Array;
  readonly samples: Uint16Array;
  #epoch = 1;
  #entry = NO_ENTRY;

  /** `capacity` flows, rounded up to a power of two, at least 8; `seed` is random. */
  constructor(capacity: number, seed: number) {
    this.#sets = 2 ** Math.max(0, Math.ceil(Math.log2(capacity / WAYS)));
    const entries = this.#sets * WAYS;
    this.#keys = new Uint32Array(entries * KEY_WORDS);
    this.#groups = new Int32Array(entries).fill(NO_GROUP);
    this.#lastUsedMs = new Float64Array(entries).fill(Number.NEGATIVE_INFINITY);
    this.#epochs = new Uint32Array(entries);
    this.classes = new Int16Array(entries);
    this.samples = new Uint16Array(entries);
    this.#seed = seed >>> 0;
  }

  /** The entry of the flow that was last looked up or remembered, NO_ENTRY when there is none. */
  get entry(): number {
    return this.#entry;
  }

  get capacity(): number {
    return this.#groups.length;
  }

  /** The group of this packet's flow, or NO_GROUP. Its entry counts as used now. */
  lookup(segment: number, packet: PacketView, nowMs: number): number {
    const first = this.#locate(segment, packet);
    const way = this.#find(first);
    this.#entry = way;
    if (way < 0) return NO_GROUP;
    this.#lastUsedMs[way] = nowMs;
    return this.#groups[way]!;
  }

  /**
   * Remembers the group and class of this packet's flow, in place of what was known or of the quietest flow of its set.
   */
  remember(segment: number, packet: PacketView, group: number, trafficClass: number, nowMs: number): void {
    const first = this.#locate(segment, packet);
    let way = this.#find(first);
    if (way < 0) {
      way = this.#quietest(first);
      this.#keys.set(this.#key, way * KEY_WORDS);
      this.#epochs[way] = this.#epoch;
      this.samples[way] = 0;
    }
    this.#entry = way;
    this.classes[way] = trafficClass;
    this.#groups[way] = group;
    this.#lastUsedMs[way] = nowMs;
  }

  /** Forgets every flow: routes have changed. */
  forgetAll(): void {
    this.#epoch = (this.#epoch + 1) >>> 0;
    if (this.#epoch !== 0) return;
    // After 2^32 changes the numbers begin again; only then do old entries have to be wiped.
    this.#epochs.fill(0);
    this.#epoch = 1;
  }

  /** Writes the packet's key to `#key` and answers the first way of its set. */
  #locate(segment: number, packet: PacketView): number {
    const key = this.#key;
    const { bytes, sourceOffset, destinationOffset } = packet;
    key[0] = (segment << 16) | (packet.family << 8) | packet.protocol;
    key[1] = (packet.sourcePort << 16) | packet.destinationPort;
    if (packet.family === 4) {
      key[2] = wordAt(bytes, sourceOffset);
      key[6] = wordAt(bytes, destinationOffset);
      key[3] = key[4] = key[5] = key[7] = key[8] = key[9] = 0;
    } else {
      for (let word = 0; word < 4; word++) {
        key[2 + word] = wordAt(bytes, sourceOffset + word * 4);
        key[6 + word] = wordAt(bytes, destinationOffset + word * 4);
      }
    }
    return (this.#hash() & (this.#sets - 1)) * WAYS;
  }

  /** One multiplication and one rotation a word, then MurmurHash3's finish. */
  #hash(): number {
    let hash = this.#seed;
    for (let word = 0; word < KEY_WORDS; word++) {
      hash = Math.imul(hash ^ this.#key[word]!, 0x9e3779b1);
      hash = (hash << 13) | (hash >>> 19);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #find(first: number): number {
    for (let way = first; way < first + WAYS; way++) {
      if (this.#epochs[way] === this.#epoch && this.#matches(way * KEY_WORDS)) return way;
    }
    return -1;
  }

  #matches(at: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++) if (this.#keys[at + word] !== this.#key[word]) return false;
    return true;
  }

  #quietest(first: number): number {
    let quietest = first;
    for (let way = first; way < first + WAYS; way++) {
      if (this.#epochs[way] !== this.#epoch) return way;
      if (this.#lastUsedMs[way]! < this.#lastUsedMs[quietest]!) quietest = way;
    }
    return quietest;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
