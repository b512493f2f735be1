import type { SessionKeys } from '../noise/response.ts';
import { ReplayWindow } from '../replay.ts';
import { REJECT_AFTER_MESSAGES, REJECT_AFTER_TIME, REKEY_AFTER_MESSAGES, REKEY_AFTER_TIME } from './constants.ts';
import type { Peer } from './peer.ts';

/**
 * The two keys of one session, with its send counter and replay window. The packet path works on it directly:
 * it seals with `sendKey`, `remoteIndex` and `nextCounter()`, and opens with `receiveKey` and `replay`.
 */
export class Keypair {
  readonly peer: Peer;
  /** What the other end writes into the receiver field: how we find this session. */
  readonly localIndex: number;
  readonly remoteIndex: number;
  /** 32 bytes each, all zero once the keypair is retired. */
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly isInitiator: boolean;
  /** Milliseconds, on the owner's monotonic clock. */
  readonly createdAt: number;
  readonly replay = new ReplayWindow();
  #sent = 0;
  #isRetired = false;

  constructor(peer: Peer, localIndex: number, keys: SessionKeys, isInitiator: boolean, createdAt: number) {
    this.peer = peer;
    this.localIndex = localIndex;
    this.remoteIndex = keys.remoteIndex;
    this.sendKey = keys.sendKey;
    this.receiveKey = keys.receiveKey;
    this.isInitiator = isInitiator;
    this.createdAt = createdAt;
  }

  /** Messages sealed so far. */
  get sent(): number {
    return this.#sent;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Takes `count` counters and returns the first. Ask `Peer.sendKeypair` before: that keeps the limit. */
  nextCounter(count = 1): number {
    const first = this.#sent;
    this.#sent = first + count;
    return first;
  }

  /** Whether messages may still be sealed and opened (REJECT_AFTER_TIME, REJECT_AFTER_MESSAGES). */
  isUsable(now: number): boolean {
    return !this.#isRetired && now - this.createdAt < REJECT_AFTER_TIME && this.#sent < REJECT_AFTER_MESSAGES;
  }

  /** Paper §6.2: by count at either end; by time only at the initiator, or both would start at the same moment. */
  isDueAfterSending(now: number): boolean {
    return this.#sent >= REKEY_AFTER_MESSAGES || (this.isInitiator && now - this.createdAt >= REKEY_AFTER_TIME);
  }

  /** Zeroes the keys. They cannot be used again. */
  retire(): void {
    this.#isRetired = true;
    this.sendKey.fill(0);
    this.receiveKey.fill(0);
  }
}
