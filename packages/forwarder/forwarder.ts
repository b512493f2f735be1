/**
 * The forwarder without its surroundings: commands, packets and the time come in, packets and events go out. It opens
 * nothing and waits for nothing; host/loop.ts does, and tests do it in memory.
 */

import type { QuicCrypto } from '@patronus/applications';
import { toHex } from '@patronus/wire';
import type { Primitives } from '@patronus/wireguard';
import { applyPlan, applyRoutes, type ExistingLink } from './apply.ts';
import { arrangeGroups } from './arrange.ts';
import type { Cipher } from './cipher.ts';
import type {
  ConfigureCommand,
  DescriptorCommand,
  FlowsCommand,
  ForwarderCommand,
  ForwarderEvent,
  GroupsCommand,
  LinkState,
  RoutesCommand,
} from './control.ts';
import { Drop } from './drops.ts';
import { NO_TUNNEL } from './fastSwitch.ts';
import { FlowQuery } from './flowQuery.ts';
import type { PacketClock, PacketIo } from './io.ts';
import type { Kernels } from './kernels/index.ts';
import { Doubt, type Link } from './links.ts';
import { Measurements } from './measurement/measurements.ts';
import type { PacketMemory } from './memory.ts';
import type { Neighbours } from './neighbours/neighbours.ts';
import { Capability, FrameType } from './overlay.ts';
import { createContext, type PathContext } from './path/context.ts';
import { Forward } from './path/forward.ts';
import { IcmpErrors } from './path/icmp.ts';
import { Inbound } from './path/inbound.ts';
import { Outbound } from './path/outbound.ts';
import { readPlan, readRoutes } from './plan.ts';
import { Devices } from './session/devices.ts';
import { OWN_CAPABILITIES, Tunnels } from './session/tunnels.ts';
import { SocketNames } from './socketNames.ts';
import { DEFAULT_TREATMENT } from './tables/groups.ts';
import { Talks } from './talk/talks.ts';
import { TelemetryReport } from './telemetry.ts';

export interface ForwarderParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly cipher: Cipher;
  readonly io: PacketIo;
  readonly clock: PacketClock;
  readonly primitives: Primitives;
  /** To find the name in the first packets of QUIC. */
  readonly quic: QuicCrypto;
  /** BFD with routers outside of the fabric; without them a configuration's are ignored. */
  readonly neighbours?: Neighbours;
  /** What it announces to be able to do; everything it can, unless a test wants it to be of an older release. */
  readonly capabilities?: number;
  /** Events leave in this order; `timestamp` before the handshake that it belongs to. */
  readonly emit: (event: ForwarderEvent) => void;
}

/** Of flows that are looked for at once. */
const MOST_QUERIES = 16;

export class PacketForwarder {
  readonly sockets = new SocketNames();
  readonly #context: PathContext;
  readonly #devices: Devices;
  readonly #tunnels: Tunnels;
  readonly #measurements: Measurements;
  readonly #talks: Talks;
  readonly #neighbours: Neighbours | undefined;
  readonly #announced: number;
  readonly #forward: Forward;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #clock: PacketClock;
  readonly #emit: (event: ForwarderEvent) => void;
  #links: ExistingLink[] = [];
  #published: GroupsCommand | undefined;
  #report: TelemetryReport | undefined;
  readonly #queries: FlowQuery[] = [];

  constructor(parts: ForwarderParts) {
    const { memory, kernels, cipher, io, clock, primitives, quic, capabilities, neighbours, emit } = parts;
    this.#neighbours = neighbours;
    const random32 = () => new DataView(primitives.random(4).slice().buffer).getUint32(0);
    this.#clock = clock;
    this.#emit = emit;
    this.#context = createContext({ memory, kernels, cipher, io, quic, seed: random32() });
    this.#context.drain = () => this.flush();
    this.#context.woken = (link, now) => this.#tunnels.woken(link, now);
    const announced = capabilities ?? OWN_CAPABILITIES;
    this.#announced = announced;
    this.#tunnels = new Tunnels(this.#context, announced, random32, {
      stateChanged: (link, state, reason, now) => this.#stateChanged(link, state, reason, now),
      doubted: (link, isDoubted, now) => this.#doubted(link, isDoubted, now),
      restartHandshake: (link, now) => this.#devices.restart(link, now),
      leaves: (link, now) => this.#measurements.alongside(link, now),
    });
    this.#measurements = new Measurements(this.#context, clock, random32, (tunnels, now) =>
      emit({ type: 'quality', atMs: now, tunnels }),
    );
    this.#talks = new Talks(this.#context, random32(), {
      doubted: (link, isDoubted, by, now) => this.#suspected(link, isDoubted, by, now),
    });
    this.#devices = new Devices(this.#context, clock, primitives, {
      timestampReserved: (uplinkId, label) => emit({ type: 'timestamp', uplinkId, label: toHex(label) }),
      sessionEstablished: (link, now) => this.#tunnels.sessionEstablished(link, now),
    });
    this.#forward = new Forward(this.#context);
    this.#context.shapers.send = (shaper, slot, now) => this.#forward.waited(shaper, slot, now);
    const errors = new IcmpErrors(this.#context);
    this.#inbound = new Inbound(this.#context, this.#forward, errors, {
      handshake: (socket, offset, length, from, now) => this.#devices.receive(socket, offset, length, from, now),
      frame: (link, payload, now) => this.#frame(link, payload, now),
      bfd: (link, segment, packet, now) => this.#tunnels.bfdPacket(link, segment, packet, now),
    });
    this.#outbound = new Outbound(this.#context, this.#forward, errors);
  }

  /** When `endTurn` has to come at the latest, ms. */
  get deadline(): number {
    if (this.#report !== undefined || this.#queries.length > 0) return Number.NEGATIVE_INFINITY;
    const { shapers, protection } = this.#context;
    const sessions = Math.min(this.#devices.deadline, this.#tunnels.deadline);
    const told = Math.min(this.#measurements.deadline, this.#talks.deadline);
    const neighbours = this.#neighbours?.deadline ?? Number.POSITIVE_INFINITY;
    return Math.min(sessions, told, neighbours, shapers.deadline, protection.deadline);
  }

  /** Whether `endTurn` would judge silence by now: then take in first whatever the sockets hold. */
  judgesSilence(now: number): boolean {
    if (this.#neighbours?.judgesSilence(now) === true) return true;
    return this.#tunnels.judgesSilence(now) || this.#talks.deadline <= now;
  }

  /** Obeys a command; descriptors are the host's business. */
  handle(command: Exclude<ForwarderCommand, DescriptorCommand>): void {
    const now = this.#clock.now();
    if (command.type === 'configure') this.#configure(command, now);
    else if (command.type === 'routes') this.#learn(command);
    else if (command.type === 'groups') this.#publish(command, now);
    else if (command.type === 'flows') this.#ask(command, now);
    else {
      this.#report ??= new TelemetryReport(this.#context, this.#devices, this.#links, this.#talks.counts);
      this.#tell(now);
    }
  }

  /** Before the packets of one turn of the loop. */
  beginTurn(): void {
    this.#devices.beginTurn();
  }

  /** A packet of the TUN, with HEADROOM before it that ends in its virtio header. Answers PASSED or why it was dropped. */
  fromTun(offset: number, length: number, now: number): number {
    return this.#outbound.handle(offset, length, now);
  }

  /** Whether the packet that was last taken from the TUN has to stay where it is until `flush`. */
  get packetStays(): boolean {
    return this.#outbound.staysInPlace;
  }

  /** A datagram of a socket. Answers PASSED or why it was dropped. */
  fromSocket(socket: number, offset: number, length: number, sockaddrOffset: number, now: number): number {
    return this.#inbound.handle(socket, offset, length, sockaddrOffset, now);
  }

  /** After the packets of one descriptor, whose room is about to be used again. */
  flush(): void {
    const { io, drops, coalescer, outgoing, staging, shapers, protection } = this.#context;
    this.#inbound.flush();
    this.#forward.flush(this.#clock.now());
    coalescer.flush();
    drops.count(Drop.sendFailed, io.flush());
    outgoing.reset();
    staging.reset();
    shapers.waiting.slots.settle();
    protection.slots.settle();
  }

  /** After all packets: what is due by now. */
  endTurn(now: number): void {
    if (this.#tunnels.deadline <= now) this.#tunnels.tick(now);
    if (this.#neighbours !== undefined && this.#neighbours.deadline <= now) this.#neighbours.tick(now);
    if (this.#measurements.nextLook <= now) this.#measurements.tick(now);
    if (this.#talks.nextLook <= now) this.#talks.tick(now);
    if (this.#devices.deadline <= now) this.#devices.tick(now);
    this.#sendDue(now);
    if (this.#report !== undefined) this.#tell(now);
    if (this.#queries.length > 0) this.#search();
  }

  #ask(command: FlowsCommand, now: number): void {
    const query = FlowQuery.read(this.#context, command);
    if (query === undefined || this.#queries.length >= MOST_QUERIES) {
      this.#emit({ type: 'flows', id: command.id, flows: [] });
    } else this.#queries.push(query);
    this.endTurn(now);
  }

  /** A stretch of the table for the first query that waits. */
  #search(): void {
    const query = this.#queries[0]!;
    if (!query.step()) return;
    this.#queries.shift();
    this.#emit({ type: 'flows', id: query.id, flows: query.flows() });
  }

  /** What waited and is due: packets before a shaped uplink, packets behind a gap. */
  #sendDue(now: number): void {
    const { shapers, protection } = this.#context;
    const isDue = protection.deadline <= now || shapers.deadline <= now;
    if (protection.deadline <= now) protection.tick(now);
    if (shapers.deadline <= now) shapers.pump(now);
    if (isDue) this.flush();
  }

  /** One part of the report that is being told. */
  #tell(now: number): void {
    const part = this.#report!.part(now);
    if (part.more === true) {
      this.#emit(part);
      return;
    }
    this.#report = undefined;
    this.#emit(this.#neighbours === undefined ? part : { ...part, neighbours: this.#neighbours.report() });
  }

  #configure(command: ConfigureCommand, now: number): void {
    const plan = readPlan(command);
    if (!plan.ok) {
      const { serial } = command;
      const message = `configuration ${serial} is refused, the one before stays in force: ${plan.error}`;
      this.#refuse('CONFIGURATION_REFUSED', message);
      return;
    }
    const parts = {
      ...{ context: this.#context, devices: this.#devices, tunnels: this.#tunnels },
      ...{ measurements: this.#measurements, sockets: this.sockets },
    };
    this.#links = applyPlan(parts, plan.value, this.#published, this.#links, now);
    this.#talks.replace(
      this.#links.map(({ link }) => link),
      ({ tunnel }) => (this.#announced & Capability.talk) !== 0 && !plan.value.silent.has(tunnel!.id),
      now,
    );
    this.#neighbours?.configure(plan.value.neighbours, now);
    this.#switch(now);
    this.#emit({ type: 'configured', serial: plan.value.serial });
    this.endTurn(now);
  }

  #learn(command: RoutesCommand): void {
    const routes = readRoutes(command);
    if (routes.ok) applyRoutes(this.#context, routes.value);
    else this.#refuse('ROUTES_REFUSED', `routes are refused, all stay as they were: ${routes.error}`);
  }

  #refuse(code: string, message: string): void {
    this.#emit({ type: 'fault', code, message, fatal: false });
  }

  #publish(command: GroupsCommand, now: number): void {
    this.#published = command;
    this.#context.groups.publish(command.generation, arrangeGroups(this.#links, command));
    this.#switch(now);
    this.#context.shapers.disturb();
    this.#emit({ type: 'groupsApplied', generation: command.generation });
  }

  #frame(link: Link, payload: Uint8Array, now: number): number {
    if (payload[0] === FrameType.report) return this.#measurements.frame(link, payload);
    if (payload[0] === FrameType.talk) return this.#talks.frame(link, payload, now);
    return this.#tunnels.frame(link, payload, now);
  }

  #suspected(link: Link, isSuspected: boolean, by: 'silence' | 'otherEnd', now: number): void {
    this.#switch(now);
    this.#context.shapers.disturb();
    this.#emit({ type: 'suspected', tunnelId: link.tunnel!.id, isSuspected, by, atMs: now });
  }

  #doubted({ number }: Link, isDoubted: boolean, now: number): void {
    const doubts = this.#context.links.isDoubted;
    doubts[number] = isDoubted ? doubts[number]! | Doubt.bfd : doubts[number]! & ~Doubt.bfd;
    this.#switch(now);
  }

  #stateChanged(link: Link, state: LinkState, reason: string, now: number): void {
    const { isUp, isDoubted } = this.#context.links;
    isUp[link.number] = state === 'up' ? 1 : 0;
    isDoubted[link.number]! &= ~Doubt.bfd;
    this.#switch(now);
    this.#context.shapers.disturb();
    this.#emit({ type: 'tunnelState', tunnelId: link.tunnel!.id, state, atMs: now, reason });
  }

  #switch(now: number): void {
    const { groups, links } = this.#context;
    const { generation } = groups;
    groups.switch(links, ({ edgeId, treatment }, tunnel) => {
      const tunnelId = tunnel === NO_TUNNEL ? null : (links.at(tunnel)?.tunnel?.id ?? null);
      const named = treatment === DEFAULT_TREATMENT ? {} : { treatment };
      this.#emit({ type: 'switched', edgeId, ...named, tunnelId, generation, atMs: now });
    });
  }
}
