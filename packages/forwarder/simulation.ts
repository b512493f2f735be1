/**
 * Forwarders in memory, for tests: fake time, a network that is a queue, and TUNs that are lists. Everything between
 * `fromTun` and `fromSocket` is the real thing.
 */
import type { QuicCrypto } from '@patronus/applications';
import { type Endpoint, formatEndpoint, parseEndpoint } from '@patronus/net';
import type { Primitives } from '@patronus/wireguard';
import { kernelCipher } from './cipher.ts';
import type { ConfigureCommand, ForwarderEvent } from './control.ts';
import { uplinkSocketName } from './descriptorNames.ts';
import { PacketForwarder } from './forwarder.ts';
import { NO_TUN_OFFLOADS, type PacketIo, Sent, type TunOffloads, VIRTIO_HEADER_LENGTH } from './io.ts';
import type { Kernels } from './kernels/index.ts';
import { createMemory, HEADROOM, Layout, type PacketMemory, udpSlot } from './memory.ts';
import { readSockaddr, writeSockaddr } from './sockaddr.ts';

export interface SimulatedDatagram {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** Anything that has addresses and takes datagrams. */
export interface Station {
  receive(datagram: SimulatedDatagram): void;
  /** When it wants its turn, ms. */
  readonly deadline: number;
  turn(now: number): void;
}

export interface SimulationOptions {
  /** Kernels and cryptography on a memory; the host's, in whatever form the test wants. */
  readonly loadKernels: (memory: PacketMemory) => Kernels;
  readonly primitives: (memory: PacketMemory, kernels: Kernels) => Primitives;
  readonly quic: QuicCrypto;
}

export class Simulation {
  now = 1_000;
  /** Returns false to lose a datagram. */
  passes: (datagram: SimulatedDatagram) => boolean = () => true;
  /** How long a datagram is under way, ms. */
  delayMs: (datagram: SimulatedDatagram) => number = () => 0;
  /** Every datagram that was sent, if a test wants them. */
  readonly sent: SimulatedDatagram[] = [];
  readonly options: SimulationOptions;
  readonly #stations = new Map<string, Station>();
  readonly #underWay: { readonly atMs: number; readonly datagram: SimulatedDatagram }[] = [];

  constructor(options: SimulationOptions) {
    this.options = options;
  }

  attach(address: string, station: Station): void {
    this.#stations.set(address, station);
  }

  send(datagram: SimulatedDatagram): void {
    this.sent.push(datagram);
    const atMs = this.now + this.delayMs(datagram);
    // From the end, where most belong: a test may have a million under way.
    let at = this.#underWay.length;
    while (at > 0 && this.#underWay[at - 1]!.atMs > atMs) at--;
    this.#underWay.splice(at, 0, { atMs, datagram });
  }

  /** Lets datagrams arrive and deadlines come until nothing more happens before `now + ms`. */
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#deliver();
      const stations = [...new Set(this.#stations.values())];
      const arrival = this.#underWay[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const next = Math.min(arrival, ...stations.map(({ deadline }) => deadline));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const station of stations) if (station.deadline <= this.now) station.turn(this.now);
    }
    this.now = end;
  }

  #deliver(): void {
    while (this.#underWay.length > 0 && this.#underWay[0]!.atMs <= this.now) {
      const { datagram } = this.#underWay.shift()!;
      if (this.passes(datagram)) this.#stations.get(datagram.to)?.receive(datagram);
    }
  }
}

/** A forwarder with sockets at given addresses. */
export class SimulatedForwarder implements Station {
  readonly events: ForwarderEvent[] = [];
  /** Packets that it wrote to its TUN. */
  readonly delivered: Uint8Array[] = [];
  /** Large ones, each with its virtio header; and which of them its TUN takes. */
  readonly deliveredLarge: Uint8Array[] = [];
  tunOffloads: TunOffloads = NO_TUN_OFFLOADS;
  readonly forwarder: PacketForwarder;
  readonly memory: PacketMemory = createMemory();
  readonly simulation: Simulation;
  readonly #addressOf = new Map<number, string>();

  /** `capabilities`: what it announces, if it is to be of an older release. */
  constructor(simulation: Simulation, sockets: Readonly<Record<string, string>>, capabilities?: number) {
    this.simulation = simulation;
    const kernels = simulation.options.loadKernels(this.memory);
    this.forwarder = new PacketForwarder({
      memory: this.memory,
      kernels,
      cipher: kernelCipher(kernels),
      io: this.#io(),
      clock: { now: () => simulation.now, wallClock: () => 1_700_000_000_000 + simulation.now },
      primitives: simulation.options.primitives(this.memory, kernels),
      quic: simulation.options.quic,
      emit: (event) => this.events.push(event),
      ...(capabilities === undefined ? {} : { capabilities }),
    });
    for (const [uplinkId, address] of Object.entries(sockets)) {
      const { family } = parseEndpoint(address)!.address;
      this.#addressOf.set(this.forwarder.sockets.numberOf(uplinkSocketName(uplinkId, family))!, address);
      simulation.attach(address, this);
    }
  }

  get deadline(): number {
    return this.forwarder.deadline;
  }

  turn(now: number): void {
    this.forwarder.beginTurn();
    this.forwarder.endTurn(now);
  }

  configure(command: ConfigureCommand): void {
    this.forwarder.handle(command);
  }

  receive({ from, to, bytes }: SimulatedDatagram): void {
    const [socket] = [...this.#addressOf].find(([, address]) => address === to)!;
    this.forwarder.beginTurn();
    this.receiveAt(socket, parseEndpoint(from)!, bytes);
  }

  /** Hands it a datagram; answers the verdict. */
  receiveAt(socket: number, from: Endpoint, bytes: Uint8Array): number {
    const offset = udpSlot(0);
    this.memory.bytes.set(bytes, offset);
    writeSockaddr(this.memory, Layout.udpSources, from);
    const verdict = this.forwarder.fromSocket(socket, offset, bytes.length, Layout.udpSources, this.simulation.now);
    this.forwarder.flush();
    return verdict;
  }

  /** Hands it a packet from its LAN; answers the verdict. */
  fromLan(packet: Uint8Array): number {
    return this.fromTun(new Uint8Array([...new Uint8Array(VIRTIO_HEADER_LENGTH), ...packet]));
  }

  /** Hands it a packet with its virtio header; answers the verdict. */
  fromTun(read: Uint8Array): number {
    const offset = Layout.tunArea + HEADROOM;
    this.memory.bytes.set(read, offset - VIRTIO_HEADER_LENGTH);
    const verdict = this.forwarder.fromTun(offset, read.length - VIRTIO_HEADER_LENGTH, this.simulation.now);
    this.forwarder.flush();
    return verdict;
  }

  all<T extends ForwarderEvent['type']>(type: T): (ForwarderEvent & { readonly type: T })[] {
    return this.events.filter((event): event is ForwarderEvent & { readonly type: T } => event.type === type);
  }

  telemetry() {
    this.forwarder.handle({ type: 'report' });
    return this.all('telemetry').at(-1)!;
  }

  #io(): PacketIo {
    const site = this;
    return {
      writeTun: (offset, length) => {
        this.delivered.push(this.memory.bytes.slice(offset, offset + length));
        return true;
      },
      get tunOffloads() {
        return site.tunOffloads;
      },
      writeTunPieces: (pieces, count) => {
        const parts = Array.from({ length: count }, (_, at) =>
          this.memory.bytes.slice(pieces[at * 2]!, pieces[at * 2]! + pieces[at * 2 + 1]!),
        );
        this.deliveredLarge.push(new Uint8Array(Buffer.concat(parts)));
        return true;
      },
      sendDatagram: (...datagram) => this.#send(...datagram),
      sendUnfragmented: (...datagram) => this.#send(...datagram),
      limitBursts: () => undefined,
      flush: () => 0,
      closeSocket: (socket) => void this.#addressOf.delete(socket),
    };
  }

  #send(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent {
    const from = this.#addressOf.get(socket);
    const to = readSockaddr(this.memory, sockaddrOffset, sockaddrLength === 16 ? 4 : 6);
    if (from === undefined || to === undefined) return Sent.noSocket;
    this.simulation.send({ from, to: formatEndpoint(to), bytes: this.memory.bytes.slice(offset, offset + length) });
    return Sent.ok;
  }
}
