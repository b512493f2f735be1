import type { Endpoint } from '@patronus/net';
import { err, ok, type Result, toHex } from '@patronus/wire';
import { CookieChecker } from './cookie.ts';
import { decodeResponse, MessageType, messageType, transportReceiver } from './messages.ts';
import { openInitiation } from './noise/initiation.ts';
import type { Primitives, PrivateKey } from './primitives.ts';
import { type Counters, type DropReason, zeroCounters } from './session/counters.ts';
import type { DeviceEffect, DeviceEvent, PeerConfiguration } from './session/events.ts';
import type { PeerHost } from './session/host.ts';
import { Keypair } from './session/keypair.ts';
import { LoadGauge, SourceLimiter } from './session/load.ts';
import { Peer } from './session/peer.ts';
import { innerPacket, open, seal } from './session/transport.ts';
import { TimestampSource } from './timestamp.ts';

export interface DeviceOptions {
  readonly primitives: Primitives;
  readonly privateKey: PrivateKey;
  /** Milliseconds since 1970. Only for TAI64N, and it may be wrong or jump: see TimestampSource. */
  readonly wallClock: () => number;
  /** The greatest timestamp this key ever sent, kept by the owner across restarts. */
  readonly lastTimestamp?: Uint8Array;
  /** Handshake messages a second above which senders have to show a cookie. */
  readonly loadThreshold?: number;
  /** Largest inner packet, where padding stops (slow path). */
  readonly mtu?: number;
}

/**
 * One static key and one socket: what WireGuard calls an interface.
 *
 * `handle` takes everything but transport data, and may take that too. It never throws because of a datagram: what it
 * drops is counted in `counters`. Call it with a tick when `deadline` has come, or with anything else meanwhile.
 */
export class Device {
  readonly counters: Counters = zeroCounters();
  readonly #primitives: Primitives;
  readonly #wallClock: () => number;
  readonly #timestamps: TimestampSource;
  readonly #load: LoadGauge;
  readonly #limiter = new SourceLimiter();
  readonly #mtu: number;
  readonly #peers = new Map<string, Peer>();
  readonly #indices = new Map<number, Peer | Keypair>();
  readonly #host: PeerHost;
  #privateKey: PrivateKey;
  #checker: CookieChecker;
  #effects: DeviceEffect[] = [];
  #deadline = Number.POSITIVE_INFINITY;

  constructor({ primitives, privateKey, wallClock, lastTimestamp, loadThreshold = 100, mtu = 1420 }: DeviceOptions) {
    this.#primitives = primitives;
    this.#privateKey = privateKey;
    this.#checker = new CookieChecker(primitives, privateKey.publicKey);
    this.#wallClock = wallClock;
    this.#timestamps = new TimestampSource(lastTimestamp);
    this.#load = new LoadGauge(loadThreshold);
    this.#mtu = mtu;
    this.#host = this.#hostOfPeers();
  }

  /** When `handle` wants to be called again, in milliseconds of the clock behind `now`; Infinity if it need not. */
  get deadline(): number {
    return this.#effects.length > 0 ? Number.NEGATIVE_INFINITY : this.#deadline;
  }

  get publicKey(): Uint8Array {
    return this.#privateKey.publicKey;
  }

  /** 12 bytes of TAI64N to keep on disk: the next life of this key must begin above them. */
  get lastTimestamp(): Uint8Array {
    return this.#timestamps.last;
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  peer(publicKey: Uint8Array): Peer | undefined {
    return this.#peers.get(toHex(publicKey));
  }

  /** The session a transport message belongs to, while it may be used. Otherwise undefined, and it is counted. */
  keypairByIndex(receiverIndex: number, now: number): Keypair | undefined {
    const owner = this.#indices.get(receiverIndex);
    if (!(owner instanceof Keypair)) {
      this.counters.unknownIndex += 1;
      return undefined;
    }
    if (owner.isUsable(now)) return owner;
    this.counters.expiredKeypair += 1;
    return undefined;
  }

  /** `now`: milliseconds of a clock that never goes back. The effects are to be carried out in order. */
  handle(event: DeviceEvent, now: number): readonly DeviceEffect[] {
    this.#dispatch(event, now);
    if (now >= this.#deadline) this.#tick(now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Slow path: one packet to one datagram. An error means: keep it or drop it, a handshake is on its way. */
  sealTransport(
    peer: Peer,
    packet: Uint8Array,
    now: number,
  ): Result<{ readonly bytes: Uint8Array; readonly to: Endpoint }, 'noSession' | 'noEndpoint'> {
    const to = peer.endpoint;
    const keypair = peer.sendKeypair(now);
    if (to === undefined) return err('noEndpoint');
    if (keypair === undefined) return err('noSession');
    const bytes = seal(this.#primitives, keypair, packet, this.#mtu);
    peer.onDataSent(now);
    return ok({ bytes, to });
  }

  /** Slow path: one transport message to the packet in it; no packet is a keepalive. Errors are counted already. */
  openTransport(
    bytes: Uint8Array,
    from: Endpoint,
    now: number,
  ): Result<{ readonly peer: Peer; readonly packet: Uint8Array | undefined }, DropReason> {
    if (messageType(bytes) !== MessageType.transport) return this.#drop('badMessage');
    const index = transportReceiver(bytes);
    const keypair = this.keypairByIndex(index, now);
    if (keypair === undefined) return err(this.#indices.has(index) ? 'expiredKeypair' : 'unknownIndex');
    const opened = open(this.#primitives, keypair, bytes);
    if (!opened.ok) return this.#drop(opened.error);
    const { peer } = keypair;
    peer.roam(from);
    peer.onAuthenticatedPacket(keypair, now);
    if (opened.value.length === 0) return ok({ peer, packet: undefined });
    peer.onDataReceived(now);
    const packet = innerPacket(opened.value, peer.isAllowedSource);
    return packet.ok ? ok({ peer, packet: packet.value }) : this.#drop(packet.error);
  }

  #dispatch(event: DeviceEvent, now: number): void {
    if (event.kind === 'datagram') this.#receive(event.bytes, event.from, now);
    else if (event.kind === 'wantToSend') event.peer.sendKeypair(now);
    else if (event.kind === 'restartHandshake') event.peer.restartHandshake(now);
    else if (event.kind === 'peerSet') this.#setPeer(event.peer, now);
    else if (event.kind === 'peerRemoved') this.#removePeer(event.publicKey);
    else if (event.kind === 'keyReplaced') this.#replaceKey(event.privateKey, now);
  }

  #receive(bytes: Uint8Array, from: Endpoint, now: number): void {
    const type = messageType(bytes);
    if (type === MessageType.transport) this.#deliver(bytes, from, now);
    else {
      const reason = this.#shake(type, bytes, from, now);
      if (reason !== undefined) this.#drop(reason);
    }
  }

  #deliver(bytes: Uint8Array, from: Endpoint, now: number): void {
    const opened = this.openTransport(bytes, from, now);
    if (!opened.ok || opened.value.packet === undefined) return;
    this.#effects.push({ kind: 'packet', peer: opened.value.peer, bytes: opened.value.packet });
  }

  /** Everything but data. The cheap checks come first, so that strangers cost us next to nothing (paper §5.3). */
  #shake(type: MessageType | undefined, bytes: Uint8Array, from: Endpoint, now: number): DropReason | undefined {
    if (type === undefined) return 'badMessage';
    if (type === MessageType.cookieReply) return this.#takeCookie(bytes, now);
    if (!this.#checker.checkMac1(bytes)) return 'badMac1';
    // Nobody waits for this response: that costs nothing to see, so it is not counted as load either.
    if (type === MessageType.response && !this.#waitsFor(bytes)) return 'unknownIndex';
    if (this.#load.record(now)) {
      if (!this.#checker.checkMac2(bytes, from, now)) return this.#demandCookie(bytes, from, now);
      if (!this.#limiter.allows(from, now)) return 'rateLimited';
    }
    return type === MessageType.initiation ? this.#answer(bytes, from, now) : this.#finish(bytes, from, now);
  }

  #demandCookie(bytes: Uint8Array, from: Endpoint, now: number): DropReason {
    this.#effects.push({ kind: 'send', to: from, bytes: this.#checker.reply(bytes, from, now) });
    this.counters.cookieRepliesSent += 1;
    return 'cookieRequired';
  }

  #answer(bytes: Uint8Array, from: Endpoint, now: number): DropReason | undefined {
    const opened = openInitiation(this.#primitives, this.#privateKey, bytes);
    if (opened === undefined) return 'badInitiation';
    const peer = this.peer(opened.initiatorPublicKey);
    return peer === undefined ? 'unknownPeer' : peer.handleInitiation(opened, from, now);
  }

  #finish(bytes: Uint8Array, from: Endpoint, now: number): DropReason | undefined {
    const peer = this.#indices.get(decodeResponse(bytes).receiver);
    return peer instanceof Peer ? peer.handleResponse(bytes, from, now) : 'unknownIndex';
  }

  #waitsFor(response: Uint8Array): boolean {
    return this.#indices.get(decodeResponse(response).receiver) instanceof Peer;
  }

  #takeCookie(bytes: Uint8Array, now: number): DropReason | undefined {
    const owner = this.#indices.get(transportReceiver(bytes));
    if (owner === undefined) return 'unknownIndex';
    // A responder under a cookie demand has its keypair already, an initiator only its handshake.
    return (owner instanceof Keypair ? owner.peer : owner).handleCookieReply(bytes, now);
  }

  #setPeer(configuration: PeerConfiguration, now: number): void {
    const name = toHex(configuration.publicKey);
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new Peer(this.#host, configuration);
      this.#peers.set(name, peer);
    }
    peer.configure(configuration, now);
  }

  #removePeer(publicKey: Uint8Array): void {
    const name = toHex(publicKey);
    this.#peers.get(name)?.remove();
    this.#peers.delete(name);
  }

  #replaceKey(privateKey: PrivateKey, now: number): void {
    this.#privateKey = privateKey;
    this.#checker = new CookieChecker(this.#primitives, privateKey.publicKey);
    for (const peer of this.#peers.values()) peer.useNewOwnKey(now);
  }

  #tick(now: number): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers.values()) {
      if (peer.deadline <= now) peer.tick(now);
      this.#deadline = Math.min(this.#deadline, peer.deadline);
    }
  }

  #drop(reason: DropReason): { readonly ok: false; readonly error: DropReason } {
    this.counters[reason] += 1;
    return err(reason);
  }

  #hostOfPeers(): PeerHost {
    const device = this;
    return {
      primitives: this.#primitives,
      counters: this.counters,
      get privateKey() {
        return device.#privateKey;
      },
      emit: (effect) => void this.#effects.push(effect),
      wake: (at) => {
        if (at < this.#deadline) this.#deadline = at;
      },
      freeIndex: () => this.#freeIndex(),
      bindIndex: (index, owner) => void this.#indices.set(index, owner),
      releaseIndex: (index) => void this.#indices.delete(index),
      nextTimestamp: () => this.#timestamps.next(this.#wallClock()),
    };
  }

  #freeIndex(): number {
    for (;;) {
      const random = this.#primitives.random(4);
      const index = new DataView(random.buffer, random.byteOffset, 4).getUint32(0);
      if (!this.#indices.has(index)) return index;
    }
  }
}
