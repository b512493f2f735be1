/**
 * Whose the later fragments of a packet are. Only the first fragment shows ports, so its flow is remembered by what all of
 * them have in common: segment, addresses, protocol and identification (RFC 791 §3.2, RFC 8200 §4.5). Bounded: a newer
 * packet takes the place of an older one, whose later fragments are then judged by addresses and protocol alone.
 */
import type { PacketView } from '@patronus/net';
import { NO_ENTRY } from './flows.ts';

/** Packets in pieces at once. A power of two. */
const SLOTS = 1_024;
const KEY_WORDS = 10;
/** Receivers give up after 15 s to 60 s (RFC 1122 §3.3.2, RFC 8200 §4.5). */
const LIVES_MS = 30_000;

export class FragmentTable {
  readonly #keys = new Uint32Array(SLOTS * KEY_WORDS);
  readonly #entries = new Int32Array(SLOTS).fill(NO_ENTRY);
  readonly #stamps = new Uint32Array(SLOTS);
  readonly #orders = new Uint8Array(SLOTS);
  readonly #seenMs = new Float64Array(SLOTS);
  readonly #key = new Uint32Array(KEY_WORDS);
  readonly #seed: number;
  /** Direction that the fragments of the packet last found go in their flow. */
  order: 0 | 1 = 0;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** A first fragment, of the flow at `entry`, whose stamp tells when it becomes another flow's. */
  remember(segment: number, packet: PacketView, entry: number, stamp: number, order: 0 | 1, nowMs: number): void {
    const slot = this.#locate(segment, packet);
    this.#keys.set(this.#key, slot * KEY_WORDS);
    this.#entries[slot] = entry;
    this.#stamps[slot] = stamp;
    this.#orders[slot] = order;
    this.#seenMs[slot] = nowMs;
  }

  /** The entry of a later fragment's flow, or NO_ENTRY. `stamps` are the flow table's. */
  lookup(segment: number, packet: PacketView, stamps: Uint32Array, nowMs: number): number {
    const slot = this.#locate(segment, packet);
    const entry = this.#entries[slot]!;
    if (entry === NO_ENTRY || nowMs - this.#seenMs[slot]! > LIVES_MS) return NO_ENTRY;
    if (stamps[entry] !== this.#stamps[slot]) return NO_ENTRY;
    for (let word = 0; word < KEY_WORDS; word++) {
      if (this.#keys[slot * KEY_WORDS + word] !== this.#key[word]) return NO_ENTRY;
    }
    this.order = this.#orders[slot] as 0 | 1;
    return entry;
  }

  #locate(segment: number, packet: PacketView): number {
    const key = this.#key;
    const { bytes, sourceOffset, destinationOffset, family, fragmentId } = packet;
    key[0] = (segment << 16) | (family << 8) | packet.protocol;
    key[1] = fragmentId;
    const words = family === 4 ? 1 : 4;
    for (let word = 0; word < 4; word++) {
      key[2 + word] = word < words ? wordAt(bytes, sourceOffset + word * 4) : 0;
      key[6 + word] = word < words ? wordAt(bytes, destinationOffset + word * 4) : 0;
    }
    let hash = this.#seed;
    for (let word = 0; word < KEY_WORDS; word++) {
      hash = Math.imul(hash ^ key[word]!, 0x9e3779b1);
      hash = (hash << 15) | (hash >>> 17);
    }
    return (hash ^ (hash >>> 15)) & (SLOTS - 1);
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
