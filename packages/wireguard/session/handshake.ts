import { CookieJar } from '../cookie.ts';
import { type OpenedInitiation, openTimestamp, type SentInitiation, writeInitiation } from '../noise/initiation.ts';
import { readResponse, type SessionKeys, writeResponse } from '../noise/response.ts';
import { compareTimestamps } from '../timestamp.ts';
import { INITIATION_INTERVAL } from './constants.ts';
import type { DropReason } from './counters.ts';
import type { PeerHost } from './host.ts';
import type { Peer } from './peer.ts';

const NO_PRESHARED_KEY = new Uint8Array(32);

/**
 * The handshakes of one peer: the one we started and wait for, and the newest one it started.
 *
 * The two are kept apart, so when both ends start at the same moment each finishes what it began, instead of throwing it
 * away for the other's and waiting for a retry.
 */
export class Handshake {
  readonly cookies: CookieJar;
  presharedKey: Uint8Array = NO_PRESHARED_KEY;
  readonly #peer: Peer;
  readonly #host: PeerHost;
  #staticSecret: Uint8Array | undefined;
  #sent: SentInitiation | undefined;
  #newestTimestamp: Uint8Array | undefined;
  #lastConsumedAt = Number.NEGATIVE_INFINITY;

  constructor(peer: Peer, host: PeerHost) {
    this.#peer = peer;
    this.#host = host;
    this.cookies = new CookieJar(host.primitives, peer.publicKey);
    this.useOwnKey();
  }

  /** Calculates what depends on our own static key, at the start and when that key was replaced. */
  useOwnKey(): void {
    this.abandon();
    this.#staticSecret?.fill(0);
    this.#staticSecret = this.#host.primitives.x25519(this.#host.privateKey, this.#peer.publicKey);
  }

  /** A new initiation, signed, in place of any we still waited for; undefined if the peer's public key is unusable. */
  initiate(now: number): Uint8Array | undefined {
    this.abandon();
    const { primitives, privateKey } = this.#host;
    if (this.#staticSecret === undefined) return undefined;
    const written = writeInitiation(primitives, {
      own: privateKey,
      ephemeral: primitives.generatePrivateKey(),
      peerPublicKey: this.#peer.publicKey,
      staticSecret: this.#staticSecret,
      timestamp: this.#host.nextTimestamp(),
      sender: this.#host.freeIndex(),
    });
    if (written === undefined) return undefined;
    this.#sent = written.sent;
    this.#host.bindIndex(written.sent.sender, this.#peer);
    this.cookies.sign(written.bytes, now);
    return written.bytes;
  }

  /** Reads the response to our initiation; the index it came to is the new session's. */
  finish(bytes: Uint8Array): { readonly localIndex: number; readonly keys: SessionKeys } | undefined {
    const sent = this.#sent;
    if (sent === undefined) return undefined;
    const keys = readResponse(this.#host.primitives, this.#host.privateKey, sent, this.presharedKey, bytes);
    if (keys === undefined) return undefined;
    sent.transcript.wipe();
    this.#sent = undefined;
    return { localIndex: sent.sender, keys };
  }

  /** Whether an initiation that claims to be of this peer is, and is news. Undefined is yes. */
  refuse(opened: OpenedInitiation, now: number): DropReason | undefined {
    const timestamp = this.#staticSecret && openTimestamp(opened, this.#staticSecret);
    if (timestamp === undefined) return 'badInitiation';
    if (this.#newestTimestamp && compareTimestamps(timestamp, this.#newestTimestamp) <= 0) return 'replayedInitiation';
    if (now - this.#lastConsumedAt < INITIATION_INTERVAL) return 'initiationFlood';
    this.#newestTimestamp = timestamp;
    this.#lastConsumedAt = now;
    return undefined;
  }

  /** Answers an initiation that was not refused. */
  answer(opened: OpenedInitiation, now: number) {
    const { primitives } = this.#host;
    const localIndex = this.#host.freeIndex();
    const ephemeral = primitives.generatePrivateKey();
    const inputs = { ephemeral, presharedKey: this.presharedKey, sender: localIndex };
    const written = writeResponse(primitives, opened, inputs);
    if (written === undefined) return undefined;
    this.cookies.sign(written.bytes, now);
    return { bytes: written.bytes, keys: written.keys, localIndex };
  }

  /** Forgets the initiation we wait for. */
  abandon(): void {
    if (this.#sent === undefined) return;
    this.#host.releaseIndex(this.#sent.sender);
    this.#sent.transcript.wipe();
    this.#sent = undefined;
  }
}
