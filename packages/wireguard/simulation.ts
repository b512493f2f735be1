/** For tests only: several devices on a network in memory, under one fake clock. Nothing here is random or waits. */
import { type Endpoint, endpointsEqual, parseEndpoint } from '@patronus/net';
import type { PeerConfiguration, PrivateKey } from './index.ts';
import { Device, type DeviceEffect, type DeviceEvent, type DeviceOptions, noblePrimitives } from './index.ts';

const LATENCY = 10;

/** Bytes that look random and are the same in every run (mulberry32). */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  return (length) => Uint8Array.from({ length }, () => next() >>> 24);
}

export function endpointOf(text: string): Endpoint {
  return parseEndpoint(text)!;
}

export interface Datagram {
  readonly at: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/** One device, where it is, and everything it did. */
export class End {
  readonly name: string;
  readonly device: Device;
  readonly privateKey: PrivateKey;
  readonly packets: string[] = [];
  readonly effects: DeviceEffect[] = [];
  endpoint: Endpoint;
  readonly #network: Network;

  constructor(network: Network, name: string, at: string, device: Device, privateKey: PrivateKey) {
    this.#network = network;
    this.name = name;
    this.endpoint = endpointOf(at);
    this.device = device;
    this.privateKey = privateKey;
  }

  handle(event: DeviceEvent): void {
    for (const effect of this.device.handle(event, this.#network.now)) {
      this.effects.push(effect);
      if (effect.kind === 'send') this.#network.send(this.endpoint, effect.to, effect.bytes);
      if (effect.kind === 'packet') this.packets.push(textOf(effect.bytes));
    }
  }

  knows(other: End, more: Partial<PeerConfiguration> = {}): void {
    const publicKey = other.device.publicKey;
    this.handle({
      kind: 'peerSet',
      peer: { publicKey, endpoints: [other.endpoint], isAllowedSource: () => true, ...more },
    });
  }

  peer(other: End) {
    return this.device.peer(other.device.publicKey)!;
  }

  /** Sends a packet that carries a text; false if there is no session for it yet. */
  say(other: End, text: string): boolean {
    const sealed = this.device.sealTransport(this.peer(other), packetOf(text), this.#network.now);
    if (sealed.ok) this.#network.send(this.endpoint, sealed.value.to, sealed.value.bytes);
    return sealed.ok;
  }

  count(kind: DeviceEffect['kind']): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }
}

export class Network {
  now = 0;
  /** Milliseconds since 1970 at `now` 0. */
  wallClock = 1_700_000_000_000;
  /** Whether a datagram arrives; replace it to cut, to lose, to record. */
  delivers: (datagram: Datagram) => boolean = () => true;
  readonly sent: Datagram[] = [];
  readonly ends: End[] = [];
  #underWay: Datagram[] = [];
  #seed = 1;

  add(name: string, at: string, options: Partial<DeviceOptions> = {}): End {
    const primitives = noblePrimitives(seededRandom(this.#seed++));
    const privateKey = primitives.generatePrivateKey();
    const wallClock = () => this.wallClock + this.now;
    const device = new Device({ primitives, privateKey, wallClock, ...options });
    const end = new End(this, name, at, device, privateKey);
    this.ends.push(end);
    return end;
  }

  send(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const datagram = { at: this.now + LATENCY, from, to, bytes };
    this.sent.push(datagram);
    if (this.delivers(datagram)) this.#underWay.push(datagram);
  }

  /** Lets this much time pass: deliveries and deadlines in order, nothing between them. */
  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const deadlines = this.ends.map(({ device }) => device.deadline);
      const next = Math.min(...deadlines, ...this.#underWay.map(({ at }) => at));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      this.#deliver();
      for (const each of this.ends) if (each.device.deadline <= this.now) each.handle({ kind: 'tick' });
    }
    this.now = end;
  }

  #deliver(): void {
    const due = this.#underWay.filter(({ at }) => at <= this.now);
    this.#underWay = this.#underWay.filter(({ at }) => at > this.now);
    for (const { from, to, bytes } of due) {
      const receiver = this.ends.find(({ endpoint }) => endpointsEqual(endpoint, to));
      receiver?.handle({ kind: 'datagram', bytes: bytes.slice(), from });
    }
  }
}

/** Two ends that know each other's address, and have no session yet. */
export function twoEnds(options: Partial<DeviceOptions> = {}) {
  const network = new Network();
  const alice = network.add('alice', '192.0.2.1:51820', options);
  const bob = network.add('bob', '198.51.100.2:51820', options);
  alice.knows(bob);
  bob.knows(alice);
  return { network, alice, bob };
}

/** The same with a session that alice started, used in both directions. */
export function connected(options: Partial<DeviceOptions> = {}) {
  const world = twoEnds(options);
  world.alice.handle({ kind: 'wantToSend', peer: world.alice.peer(world.bob) });
  world.network.run(100);
  return world;
}

const HEADER = 20;

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2 with a text as its content. */
export function packetOf(text: string, source: readonly number[] = [10, 0, 0, 1]): Uint8Array {
  const content = new TextEncoder().encode(text);
  const bytes = new Uint8Array(HEADER + content.length);
  bytes[0] = 0x45;
  bytes[2] = bytes.length >> 8;
  bytes[3] = bytes.length;
  bytes[8] = 64;
  bytes[9] = 253;
  bytes.set(source, 12);
  bytes.set([10, 0, 0, 2], 16);
  bytes.set(content, HEADER);
  return bytes;
}

export function textOf(packet: Uint8Array): string {
  return new TextDecoder().decode(packet.subarray(HEADER));
}
