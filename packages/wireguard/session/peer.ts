import type { Endpoint } from '@patronus/net';
import type { OpenedInitiation } from '../noise/initiation.ts';
import { Attempts } from './attempts.ts';
import { KEEPALIVE_TIMEOUT, LATE_TIME, REJECT_AFTER_TIME, REKEY_TIMEOUT } from './constants.ts';
import type { DropReason } from './counters.ts';
import { EndpointChoice } from './endpoints.ts';
import type { HandshakeFailure, PeerConfiguration } from './events.ts';
import { Handshake } from './handshake.ts';
import type { PeerHost } from './host.ts';
import { Keypair } from './keypair.ts';
import { Rotation } from './rotation.ts';
import { Timer, Timers } from './timers.ts';
import { seal } from './transport.ts';

const NOTHING = new Uint8Array(0);

/**
 * One peer: its sessions, timers and endpoint (paper §6).
 *
 * The packet path seals and opens by itself and reports with the `on…` hooks below. They only move timers: nothing is
 * sent from inside them and nothing allocated. What follows from them comes out of the device's next `handle`, and its
 * `deadline` says when. A hook may be called once for a whole batch of packets.
 */
export class Peer {
  readonly publicKey: Uint8Array;
  /** When the last session was established; undefined before the first. */
  lastHandshakeAt: number | undefined;
  isAllowedSource: (address: Uint8Array) => boolean;
  readonly #host: PeerHost;
  readonly #handshake: Handshake;
  readonly #endpoints = new EndpointChoice();
  readonly #rotation = new Rotation();
  readonly #attempts = new Attempts();
  readonly #timers: Timers;
  /** In the order in which they are asked; `initiate` last, because the others may want it. */
  readonly #expiries: readonly (readonly [Timer, (now: number) => void])[];
  #persistentKeepalive = 0;
  #needsAnotherKeepalive = false;
  #askedBeforeRejection = false;

  constructor(host: PeerHost, configuration: PeerConfiguration) {
    this.publicKey = configuration.publicKey.slice();
    this.isAllowedSource = configuration.isAllowedSource;
    this.#host = host;
    this.#handshake = new Handshake(this, host);
    this.#timers = new Timers((at) => host.wake(at));
    this.#expiries = [
      [Timer.zeroKeyMaterial, () => this.#forgetKeys()],
      [Timer.dismissLate, () => this.#retire(this.#rotation.dismissLate())],
      [Timer.retransmitHandshake, (now) => this.#retransmit(now)],
      [Timer.sendKeepalive, (now) => this.#sendPassiveKeepalive(now)],
      [Timer.persistentKeepalive, (now) => this.#sendPersistentKeepalive(now)],
      [Timer.newHandshake, (now) => this.#initiate(now)],
      [Timer.initiate, (now) => this.#initiate(now)],
    ];
  }

  /** Where packets for this peer go; undefined until one is configured or it calls. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoints.endpoint;
  }

  /** The session to send with, usable or not; for display. `sendKeypair` is the one for sending. */
  get currentKeypair(): Keypair | undefined {
    return this.#rotation.current;
  }

  // ── Hooks of the packet path ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Call before sealing: the keypair to seal with, or undefined while there is none, and then a handshake is asked for.
   * Also asks for the next one when this one is due (REKEY_AFTER_TIME, REKEY_AFTER_MESSAGES).
   */
  sendKeypair(now: number): Keypair | undefined {
    const current = this.#rotation.current;
    if (current?.isUsable(now)) {
      if (current.isDueAfterSending(now)) this.#askForHandshake(now);
      return current;
    }
    this.#askForHandshake(now);
    return undefined;
  }

  /** Call after sealed packets that were not keepalives went to the socket. */
  onDataSent(now: number): void {
    this.#onSent(now);
    const wait = KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + this.#attempts.jitter;
    this.#timers.setUnlessPending(Timer.newHandshake, now + wait);
  }

  /** Call after any packet, also a keepalive, was opened with `keypair`, and its counter accepted. */
  onAuthenticatedPacket(keypair: Keypair, now: number): void {
    this.#onReceived(now);
    if (keypair === this.#rotation.next) this.#confirm(keypair, now);
    this.#askBeforeRejection(now);
  }

  /** Call, behind `onAuthenticatedPacket`, for packets that were not keepalives. */
  onDataReceived(now: number): void {
    // A packet that comes while a keepalive is already due wants an answer of its own after it.
    if (this.#timers.isPending(Timer.sendKeepalive)) this.#needsAnotherKeepalive = true;
    else this.#timers.set(Timer.sendKeepalive, now + KEEPALIVE_TIMEOUT);
  }

  /** Whether an authenticated packet's source, `length` bytes of `memory` and a port, is the one known already. */
  isAt(memory: Uint8Array, offset: number, length: number, port: number): boolean {
    return this.#endpoints.isConfirmedAt(memory, offset, length, port);
  }

  /** Call when an authenticated packet came from elsewhere (`isAt` said no): answers go there from now on. */
  roam(source: Endpoint): void {
    if (!this.#endpoints.confirm(source)) return;
    this.#host.emit({ kind: 'endpointChanged', peer: this, endpoint: source });
  }

  // ── What the device calls ───────────────────────────────────────────────────────────────────────────────────────

  get deadline(): number {
    return this.#timers.deadline;
  }

  configure(configuration: PeerConfiguration, now: number): void {
    const { presharedKey, endpoints, persistentKeepalive = 0, isAllowedSource } = configuration;
    this.isAllowedSource = isAllowedSource;
    this.#handshake.presharedKey = presharedKey?.slice() ?? new Uint8Array(32);
    const moved = this.#endpoints.replace(endpoints);
    const wantsSession = persistentKeepalive > 0 || this.#timers.isPending(Timer.retransmitHandshake);
    const startsKeepalive = persistentKeepalive > 0 && this.#persistentKeepalive === 0;
    this.#persistentKeepalive = persistentKeepalive;
    if (persistentKeepalive === 0) this.#timers.clear(Timer.persistentKeepalive);
    if (startsKeepalive) this.#timers.set(Timer.persistentKeepalive, now);
    if (moved && wantsSession && !this.#rotation.current?.isUsable(now)) this.restartHandshake(now);
  }

  tick(now: number): void {
    for (const [timer, act] of this.#expiries) if (this.#timers.takeExpired(timer, now)) act(now);
  }

  /** Answers an initiation that decrypted to our public key; the reason if it was dropped. */
  handleInitiation(opened: OpenedInitiation, from: Endpoint, now: number): DropReason | undefined {
    const refusal = this.#handshake.refuse(opened, now);
    if (refusal !== undefined) return refusal;
    const answer = this.#handshake.answer(opened, now);
    if (answer === undefined) return 'badInitiation';
    this.#onReceived(now);
    this.roam(from);
    const keypair = new Keypair(this, answer.localIndex, answer.keys, false, now);
    this.#adopt(keypair, this.#rotation.installAnswered(keypair), now);
    this.#onHandshakeSent(now);
    this.#host.counters.responsesSent += 1;
    this.#host.emit({ kind: 'send', to: from, bytes: answer.bytes });
    return undefined;
  }

  handleResponse(bytes: Uint8Array, from: Endpoint, now: number): DropReason | undefined {
    const finished = this.#handshake.finish(bytes);
    if (finished === undefined) return 'badResponse';
    this.#onReceived(now);
    this.roam(from);
    const keypair = new Keypair(this, finished.localIndex, finished.keys, true, now);
    this.#adopt(keypair, this.#rotation.installInitiated(keypair), now);
    this.#onEstablished(keypair, now);
    // The responder may not send before it heard from us on the new session (§5.4.6: key confirmation).
    this.#sendKeepalive(now);
    return undefined;
  }

  handleCookieReply(bytes: Uint8Array, now: number): DropReason | undefined {
    // The retry carries the cookie; its timer runs already (§6.6 forbids answering at once).
    return this.#handshake.cookies.accept(bytes, now) ? undefined : 'badCookieReply';
  }

  /** Our own static key was replaced: what was calculated from the old one is void; sessions go on until their time. */
  useNewOwnKey(now: number): void {
    const wasTrying = this.#timers.isPending(Timer.retransmitHandshake);
    this.#handshake.useOwnKey();
    if (wasTrying || this.#rotation.current !== undefined) this.restartHandshake(now);
  }

  /** Begins a handshake at the next tick, also while a session seems usable and however recent the last attempt is. */
  restartHandshake(now: number): void {
    this.#timers.clear(Timer.retransmitHandshake);
    this.#attempts.forget();
    this.#timers.set(Timer.initiate, now);
  }

  remove(): void {
    this.#timers.clearAll();
    this.#forgetKeys();
  }

  // ── Timers and their consequences ───────────────────────────────────────────────────────────────────────────────

  #onSent(now: number): void {
    this.#timers.clear(Timer.sendKeepalive);
    this.#onTraversal(now);
  }

  #onHandshakeSent(now: number): void {
    this.#attempts.onSent(now, this.#host.primitives.random(2));
    this.#onSent(now);
  }

  #onReceived(now: number): void {
    this.#timers.clear(Timer.newHandshake);
    this.#onTraversal(now);
  }

  #onTraversal(now: number): void {
    if (this.#persistentKeepalive > 0) this.#timers.set(Timer.persistentKeepalive, now + this.#persistentKeepalive);
  }

  #askForHandshake(now: number): void {
    if (this.#timers.isPending(Timer.initiate) || this.#timers.isPending(Timer.retransmitHandshake)) return;
    if (this.#attempts.mayStart(now)) this.#timers.set(Timer.initiate, now);
  }

  /** A receiver asks too, if the session we initiated would end before the next thing we might send (§6.2). */
  #askBeforeRejection(now: number): void {
    const current = this.#rotation.current;
    if (this.#askedBeforeRejection || !current?.isInitiator) return;
    if (now - current.createdAt < REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT) return;
    this.#askedBeforeRejection = true;
    this.#askForHandshake(now);
  }

  #initiate(now: number): void {
    if (this.#timers.isPending(Timer.retransmitHandshake) || !this.#attempts.mayStart(now)) return;
    this.#attempts.start(now);
    this.#sendInitiation(now);
  }

  #retransmit(now: number): void {
    if (this.#attempts.isOver(now)) {
      this.#giveUp(now);
      return;
    }
    this.#endpoints.walk();
    this.#sendInitiation(now);
  }

  #sendInitiation(now: number): void {
    const to = this.#endpoints.target;
    const bytes = to && this.#handshake.initiate(now);
    this.#onHandshakeSent(now);
    if (to === undefined || bytes === undefined) {
      this.#fail(to ? 'badPublicKey' : 'noEndpoint');
      return;
    }
    this.#host.counters.initiationsSent += 1;
    this.#host.emit({ kind: 'send', to, bytes, initiationOf: this });
    this.#timers.set(Timer.retransmitHandshake, now + REKEY_TIMEOUT + this.#attempts.jitter);
  }

  #giveUp(now: number): void {
    this.#handshake.abandon();
    this.#timers.clear(Timer.sendKeepalive);
    this.#timers.setUnlessPending(Timer.zeroKeyMaterial, now + 3 * REJECT_AFTER_TIME);
    this.#fail('noAnswer');
  }

  #fail(reason: HandshakeFailure): void {
    this.#host.emit({ kind: 'handshakeFailed', peer: this, reason });
  }

  #sendPassiveKeepalive(now: number): void {
    this.#sendKeepalive(now);
    if (!this.#needsAnotherKeepalive) return;
    this.#needsAnotherKeepalive = false;
    this.#timers.set(Timer.sendKeepalive, now + KEEPALIVE_TIMEOUT);
  }

  #sendPersistentKeepalive(now: number): void {
    // Again even if nothing can be sent now: after a handshake that failed, this is what starts the next one.
    this.#onTraversal(now);
    this.#sendKeepalive(now);
  }

  #sendKeepalive(now: number): void {
    const keypair = this.sendKeypair(now);
    const to = this.endpoint;
    if (keypair === undefined || to === undefined) return;
    this.#host.counters.keepalivesSent += 1;
    this.#host.emit({ kind: 'send', to, bytes: seal(this.#host.primitives, keypair, NOTHING, 0) });
    this.#onSent(now);
  }

  #adopt(keypair: Keypair, fallen: readonly Keypair[], now: number): void {
    this.#host.bindIndex(keypair.localIndex, keypair);
    this.#timers.set(Timer.zeroKeyMaterial, now + 3 * REJECT_AFTER_TIME);
    this.#afterRotation(fallen, now);
    this.#host.emit({ kind: 'keypairCreated', peer: this, keypair });
  }

  #confirm(keypair: Keypair, now: number): void {
    this.#afterRotation(this.#rotation.confirmNext(), now);
    this.#onEstablished(keypair, now);
  }

  #onEstablished(keypair: Keypair, now: number): void {
    this.#timers.clear(Timer.retransmitHandshake);
    this.#askedBeforeRejection = false;
    this.lastHandshakeAt = now;
    this.#host.counters.sessions += 1;
    this.#host.emit({ kind: 'sessionEstablished', peer: this, keypair });
  }

  #afterRotation(fallen: readonly Keypair[], now: number): void {
    this.#retire(fallen);
    if (this.#rotation.hasLate) this.#timers.set(Timer.dismissLate, now + LATE_TIME);
  }

  #forgetKeys(): void {
    this.#timers.clear(Timer.dismissLate);
    this.#handshake.abandon();
    this.#retire(this.#rotation.clear());
  }

  #retire(fallen: readonly Keypair[]): void {
    for (const keypair of fallen) {
      keypair.retire();
      this.#host.releaseIndex(keypair.localIndex);
      this.#host.emit({ kind: 'keypairRetired', peer: this, keypair });
    }
  }
}
