/**
 * The WireGuard devices of a forwarder, one for each key and socket, and what their effects mean for the packet path:
 * keys go into its memory, handshake messages out of its sockets.
 */
import { type Endpoint, endpointsEqual, type Family } from '@patronus/net';
import { equalBytes } from '@patronus/wire';
import {
  type Counters,
  compareTimestamps,
  Device,
  type DeviceEffect,
  type DeviceEvent,
  type Peer,
  type Primitives,
  zeroCounters,
} from '@patronus/wireguard';
import { Drop, PASSED } from '../drops.ts';
import { type PacketClock, Sent } from '../io.ts';
import type { Link } from '../links.ts';
import { Layout, SCRATCH } from '../memory.ts';
import type { PathContext } from '../path/context.ts';
import { readSockaddr, sockaddrLength, writeSockaddr } from '../sockaddr.ts';
import { TimestampReservation } from './timestamps.ts';

/**
 * What one turn of the loop spends on handshake messages, so that packets never wait long for strangers. One that leads
 * to a session costs about a millisecond, one with a wrong MAC 2 µs: a flood of those may not crowd out the honest ones.
 */
const BUDGET_PER_TURN = 64;
const COST_OF_SESSION = 8;
/** Candidates an initiation goes to at once while the tunnel is not up. */
const MOST_CANDIDATES = 4;

export interface DeviceEntry {
  readonly uplinkId: string;
  readonly family: Family;
  readonly socket: number;
  readonly device: Device;
  readonly timestamps: TimestampReservation;
}

/** What else has to happen. */
export interface DeviceOwner {
  /** This label must be stored before anything with it is sent. */
  timestampReserved(uplinkId: string, label: Uint8Array): void;
  sessionEstablished(link: Link, now: number): void;
}

export interface DeviceOptions {
  readonly uplinkId: string;
  readonly family: Family;
  readonly socket: number;
  readonly privateKey: Uint8Array;
  readonly timestampFloor: Uint8Array | undefined;
}

export class Devices {
  readonly #context: PathContext;
  readonly #clock: PacketClock;
  readonly #primitives: Primitives;
  readonly #owner: DeviceOwner;
  readonly #bySocket = new Map<number, DeviceEntry>();
  readonly #linkOf = new Map<Peer, Link>();
  /** Candidate endpoints of each peer, as configured. */
  readonly #candidates = new Map<Peer, readonly Endpoint[]>();
  /** Of devices that are gone. */
  readonly #closedTotals: Counters = zeroCounters();
  #budget = BUDGET_PER_TURN;

  constructor(context: PathContext, clock: PacketClock, primitives: Primitives, owner: DeviceOwner) {
    this.#context = context;
    this.#clock = clock;
    this.#primitives = primitives;
    this.#owner = owner;
  }

  get all(): Iterable<DeviceEntry> {
    return this.#bySocket.values();
  }

  at(socket: number): DeviceEntry | undefined {
    return this.#bySocket.get(socket);
  }

  /** When a device next wants its turn, ms. */
  get deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { device } of this.#bySocket.values()) earliest = Math.min(earliest, device.deadline);
    return earliest;
  }

  /** What all devices counted since the start. */
  totals(): Counters {
    const totals = { ...this.#closedTotals };
    for (const { device } of this.#bySocket.values()) addCounters(totals, device.counters);
    return totals;
  }

  publicKeyOf(privateKey: Uint8Array): Uint8Array {
    return this.#primitives.privateKey(privateKey).publicKey;
  }

  /** Makes the device of a socket, in place of one with another key: that one is answered, and ends with its links. */
  open(options: DeviceOptions): DeviceEntry {
    const { uplinkId, family, socket, privateKey, timestampFloor } = options;
    const floor = this.#latestFloor(uplinkId, timestampFloor);
    const device = new Device({
      primitives: this.#primitives,
      privateKey: this.#primitives.privateKey(privateKey),
      wallClock: () => this.#clock.wallClock(),
      ...(floor === undefined ? {} : { lastTimestamp: floor }),
    });
    const timestamps = new TimestampReservation(device.lastTimestamp);
    const entry: DeviceEntry = { uplinkId, family, socket, device, timestamps };
    const replaced = this.#bySocket.get(socket);
    if (replaced !== undefined) addCounters(this.#closedTotals, replaced.device.counters);
    this.#bySocket.set(socket, entry);
    return entry;
  }

  /** Takes a device out, unless its socket has another one already. */
  close(entry: DeviceEntry): void {
    if (this.#bySocket.get(entry.socket) !== entry) return;
    addCounters(this.#closedTotals, entry.device.counters);
    this.#bySocket.delete(entry.socket);
  }

  /** Adds a peer or changes its preshared key and candidates; its sessions stay. */
  setPeer(
    entry: DeviceEntry,
    publicKey: Uint8Array,
    presharedKey: Uint8Array | undefined,
    endpoints: readonly Endpoint[],
    now: number,
  ): Peer {
    const configuration = {
      publicKey,
      endpoints,
      // Sources are checked on the packet path, by segment.
      isAllowedSource: () => false,
      ...(presharedKey === undefined ? {} : { presharedKey }),
    };
    this.run(entry, { kind: 'peerSet', peer: configuration }, now);
    const peer = entry.device.peer(publicKey)!;
    this.#candidates.set(peer, endpoints);
    return peer;
  }

  bind(link: Link): void {
    this.#linkOf.set(link.peer, link);
  }

  removePeer(entry: DeviceEntry, link: Link, now: number): void {
    this.run(entry, { kind: 'peerRemoved', publicKey: link.peer.publicKey }, now);
    this.#linkOf.delete(link.peer);
    this.#candidates.delete(link.peer);
  }

  /** From the loop, before it takes what the descriptors hold. */
  beginTurn(): void {
    this.#budget = BUDGET_PER_TURN;
  }

  /** A handshake message or cookie reply that lies in the packet memory. */
  receive(socket: number, offset: number, length: number, sockaddrOffset: number, now: number): number {
    const { drops, memory } = this.#context;
    const entry = this.#bySocket.get(socket);
    const from = entry && readSockaddr(memory, sockaddrOffset, entry.family);
    if (entry === undefined || from === undefined) return drops.count(Drop.unknownPeer);
    if (this.#budget <= 0) return drops.count(Drop.handshakeOverload);
    const { made } = this.#context.sessions;
    // The device counts what it drops; `report` adds that to ours.
    this.run(entry, { kind: 'datagram', bytes: memory.bytes.subarray(offset, offset + length), from }, now);
    this.#budget -= this.#context.sessions.made === made ? 1 : COST_OF_SESSION;
    return PASSED;
  }

  /** A new handshake at once, over all candidates. */
  restart(link: Link, now: number): void {
    const entry = this.#bySocket.get(link.socket);
    if (entry !== undefined) this.run(entry, { kind: 'restartHandshake', peer: link.peer }, now);
  }

  /** Gives each device that is due its turn. */
  tick(now: number): void {
    for (const entry of this.#bySocket.values()) {
      if (entry.device.deadline <= now) this.run(entry, { kind: 'tick' }, now);
    }
  }

  run(entry: DeviceEntry, event: DeviceEvent, now: number): void {
    const effects = entry.device.handle(event, now);
    this.#reserveTimestamp(entry);
    for (const effect of effects) this.#carryOut(entry, effect, now);
  }

  #carryOut(entry: DeviceEntry, effect: DeviceEffect, now: number): void {
    if (effect.kind === 'send') {
      for (const to of this.#destinations(effect.to, effect.initiationOf)) this.#send(entry, effect.bytes, to);
      return;
    }
    if (effect.kind === 'packet') return;
    const link = this.#linkOf.get(effect.peer);
    if (link === undefined) return;
    switch (effect.kind) {
      case 'keypairCreated':
        this.#context.sessions.add(link, effect.keypair);
        break;
      case 'sessionEstablished':
        this.#owner.sessionEstablished(link, now);
        break;
      case 'keypairRetired':
        this.#context.sessions.remove(effect.keypair);
        if (link.sending?.keypair === effect.keypair) link.sending = undefined;
        break;
      case 'endpointChanged':
        writeSockaddr(this.#context.memory, link.sockaddrOffset, effect.endpoint);
        link.hasAddress = true;
        break;
      case 'handshakeFailed':
        break;
    }
  }

  /**
   * An initiation goes to several candidates while the tunnel is not up: the first that gets through is answered, and
   * the copies that arrive later are refused as replays.
   */
  #destinations(to: Endpoint, initiationOf: Peer | undefined): readonly Endpoint[] {
    const link = initiationOf && this.#linkOf.get(initiationOf);
    if (link?.tunnel === undefined || link.tunnel.bfd.state === 'up') return [to];
    const others = (this.#candidates.get(link.peer) ?? []).filter((candidate) => !endpointsEqual(candidate, to));
    return [to, ...others].slice(0, MOST_CANDIDATES);
  }

  #send(entry: DeviceEntry, bytes: Uint8Array, to: Endpoint): void {
    const { memory, io, drops, shapers } = this.#context;
    const offset = SCRATCH;
    memory.bytes.set(bytes, offset);
    writeSockaddr(memory, Layout.scratchAddress, to);
    const length = sockaddrLength(to.address.family);
    shapers.charge(entry.socket, bytes.length, length);
    const sent = io.sendDatagram(entry.socket, offset, bytes.length, Layout.scratchAddress, length);
    if (sent !== Sent.ok) drops.count(sent === Sent.noSocket ? Drop.noSocket : Drop.sendFailed);
  }

  #reserveTimestamp(entry: DeviceEntry): void {
    const label = entry.timestamps.reserve(entry.device.lastTimestamp);
    if (label !== undefined) this.#owner.timestampReserved(entry.uplinkId, label);
  }

  /** Both families of an uplink have one key, so both begin above whatever either has used. */
  #latestFloor(uplinkId: string, floor: Uint8Array | undefined): Uint8Array | undefined {
    let latest = floor;
    for (const entry of this.#bySocket.values()) {
      if (entry.uplinkId !== uplinkId) continue;
      const used = entry.timestamps.floor;
      if (latest === undefined || compareTimestamps(used, latest) > 0) latest = used;
    }
    return latest;
  }
}

function addCounters(totals: Counters, counters: Counters): void {
  for (const name of Object.keys(counters) as (keyof Counters)[]) totals[name] += counters[name];
}

/** Whether this device has this key. */
export function hasKey(entry: DeviceEntry, publicKey: Uint8Array): boolean {
  return equalBytes(entry.device.publicKey, publicKey);
}
