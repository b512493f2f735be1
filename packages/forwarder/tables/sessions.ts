/**
 * Sessions by the index that their packets carry, and the copies of their keys in the packet memory, where the kernels
 * read them. A lookup allocates nothing: open addressing over typed arrays.
 */
import type { CounterGaps } from '@patronus/steering/measurement';
import type { Keypair } from '@patronus/wireguard';
import type { Link } from '../links.ts';
import { MOST_SESSIONS, type PacketMemory, sessionKeysOffset } from '../memory.ts';

/** A keypair at work on one link. */
export interface Session {
  readonly slot: number;
  readonly link: Link;
  readonly keypair: Keypair;
  /** Where its 32-byte keys lie. */
  readonly sendKeyOffset: number;
  readonly receiveKeyOffset: number;
  /** Of a tunnel: what of its counters arrived. */
  readonly gaps: CounterGaps | undefined;
}

const EMPTY = -1;
/** Twice the sessions, so that chains stay short. */
const BUCKETS = MOST_SESSIONS * 2;

export class SessionTable {
  readonly #memory: PacketMemory;
  readonly #sessions: (Session | undefined)[] = new Array(MOST_SESSIONS).fill(undefined);
  readonly #byKeypair = new Map<Keypair, Session>();
  readonly #free: number[] = Array.from({ length: MOST_SESSIONS }, (_, at) => MOST_SESSIONS - 1 - at);
  /** Session slot at each bucket, or EMPTY. */
  readonly #buckets = new Int32Array(BUCKETS).fill(EMPTY);

  /** Sessions made since the start. */
  made = 0;

  constructor(memory: PacketMemory) {
    this.#memory = memory;
  }

  get size(): number {
    return this.#byKeypair.size;
  }

  /** Takes the keypair in; undefined when all slots are used. */
  add(link: Link, keypair: Keypair): Session | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    const sendKeyOffset = sessionKeysOffset(slot);
    const gaps = link.measurement?.gaps.open();
    const session: Session = { slot, link, keypair, sendKeyOffset, receiveKeyOffset: sendKeyOffset + 32, gaps };
    this.#memory.bytes.set(keypair.sendKey, session.sendKeyOffset);
    this.#memory.bytes.set(keypair.receiveKey, session.receiveKeyOffset);
    this.made += 1;
    this.#sessions[slot] = session;
    this.#byKeypair.set(keypair, session);
    this.#place(slot, bucketOf(link.socket, keypair.localIndex));
    return session;
  }

  /** Forgets the keypair and wipes the copies of its keys. */
  remove(keypair: Keypair): void {
    const session = this.#byKeypair.get(keypair);
    if (session === undefined) return;
    this.#byKeypair.delete(keypair);
    if (session.gaps !== undefined) session.link.measurement?.gaps.close(session.gaps);
    this.#sessions[session.slot] = undefined;
    this.#memory.bytes.fill(0, session.sendKeyOffset, session.sendKeyOffset + 64);
    this.#free.push(session.slot);
    this.#rehash();
  }

  of(keypair: Keypair): Session | undefined {
    return this.#byKeypair.get(keypair);
  }

  /** The session that a packet which came to `socket` for `receiverIndex` belongs to. */
  find(socket: number, receiverIndex: number): Session | undefined {
    let bucket = bucketOf(socket, receiverIndex);
    for (let slot = this.#buckets[bucket]!; slot !== EMPTY; slot = this.#buckets[bucket]!) {
      const session = this.#sessions[slot]!;
      if (session.keypair.localIndex === receiverIndex && session.link.socket === socket) return session;
      bucket = (bucket + 1) % BUCKETS;
    }
    return undefined;
  }

  #place(slot: number, start: number): void {
    let bucket = start;
    while (this.#buckets[bucket] !== EMPTY) bucket = (bucket + 1) % BUCKETS;
    this.#buckets[bucket] = slot;
  }

  /** Sessions go a few times in two minutes, packets come a million times a second: removal may be the slow one. */
  #rehash(): void {
    this.#buckets.fill(EMPTY);
    for (const session of this.#byKeypair.values()) {
      this.#place(session.slot, bucketOf(session.link.socket, session.keypair.localIndex));
    }
  }
}

/** Indices are random, so their low bits serve. */
function bucketOf(socket: number, receiverIndex: number): number {
  return ((receiverIndex ^ Math.imul(socket, 0x9e3779b1)) >>> 0) % BUCKETS;
}
