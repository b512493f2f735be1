/**
 * The forwarder without its surroundings: commands, packets and the time come in, packets and events go out. It opens
 * nothing and waits for nothing; host/loop.ts does, and tests do it in memory.
 */

import { toHex } from '@patronus/wire';
import type { Primitives } from '@patronus/wireguard';
import { applyPlan, type ExistingLink } from './apply.ts';
import type { Cipher } from './cipher.ts';
import type { ConfigureCommand, ForwarderEvent, GroupsCommand, ReportCommand } from './control.ts';
import { Drop } from './drops.ts';
import { NO_TUNNEL } from './fastSwitch.ts';
import type { PacketClock, PacketIo } from './io.ts';
import type { Kernels } from './kernels/index.ts';
import type { Link } from './links.ts';
import type { LivenessState } from './liveness.ts';
import type { PacketMemory } from './memory.ts';
import { createContext, type PathContext } from './path/context.ts';
import { Forward } from './path/forward.ts';
import { IcmpErrors } from './path/icmp.ts';
import { Inbound } from './path/inbound.ts';
import { Outbound } from './path/outbound.ts';
import { readPlan } from './plan.ts';
import { Devices } from './session/devices.ts';
import { OWN_CAPABILITIES, Tunnels } from './session/tunnels.ts';
import { SocketNames } from './socketNames.ts';
import type { Group } from './tables/groups.ts';
import { TelemetryReport } from './telemetry.ts';

export interface ForwarderParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly cipher: Cipher;
  readonly io: PacketIo;
  readonly clock: PacketClock;
  readonly primitives: Primitives;
  /** What it announces to be able to do; everything it can, unless a test wants it to be of an older release. */
  readonly capabilities?: number;
  /** Events leave in this order; `timestamp` before the handshake that it belongs to. */
  readonly emit: (event: ForwarderEvent) => void;
}

export class PacketForwarder {
  readonly sockets = new SocketNames();
  readonly #context: PathContext;
  readonly #devices: Devices;
  readonly #tunnels: Tunnels;
  readonly #forward: Forward;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #clock: PacketClock;
  readonly #emit: (event: ForwarderEvent) => void;
  #links: ExistingLink[] = [];
  #published: GroupsCommand | undefined;
  #report: TelemetryReport | undefined;

  constructor({ memory, kernels, cipher, io, clock, primitives, capabilities, emit }: ForwarderParts) {
    const seed = new DataView(primitives.random(4).slice().buffer).getUint32(0);
    this.#clock = clock;
    this.#emit = emit;
    this.#context = createContext({ memory, kernels, cipher, io, seed });
    this.#context.drain = () => this.flush();
    const announced = capabilities ?? OWN_CAPABILITIES;
    this.#tunnels = new Tunnels(this.#context, announced, {
      stateChanged: (link, state, reason, now) => this.#stateChanged(link, state, reason, now),
      restartHandshake: (link, now) => this.#devices.restart(link, now),
    });
    this.#devices = new Devices(this.#context, clock, primitives, {
      timestampReserved: (uplinkId, label) => emit({ type: 'timestamp', uplinkId, label: toHex(label) }),
      sessionEstablished: (link, now) => this.#tunnels.sessionEstablished(link, now),
    });
    this.#forward = new Forward(this.#context);
    const errors = new IcmpErrors(this.#context);
    this.#inbound = new Inbound(this.#context, this.#forward, errors, {
      handshake: (socket, offset, length, from, now) => this.#devices.receive(socket, offset, length, from, now),
      frame: (link, payload, now) => this.#tunnels.frame(link, payload, now),
    });
    this.#outbound = new Outbound(this.#context, this.#forward, errors);
  }

  /** When `endTurn` has to come at the latest, ms. */
  get deadline(): number {
    if (this.#report !== undefined) return Number.NEGATIVE_INFINITY;
    return Math.min(this.#devices.deadline, this.#tunnels.deadline);
  }

  /** Obeys a command; descriptors are the host's business. */
  handle(command: ConfigureCommand | GroupsCommand | ReportCommand): void {
    const now = this.#clock.now();
    if (command.type === 'configure') this.#configure(command, now);
    else if (command.type === 'groups') this.#publish(command, now);
    else {
      this.#report ??= new TelemetryReport(this.#context, this.#devices, this.#links);
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
    const { io, drops, coalescer, outgoing, staging } = this.#context;
    this.#forward.flush(this.#clock.now());
    coalescer.flush();
    drops.count(Drop.sendFailed, io.flush());
    outgoing.reset();
    staging.reset();
  }

  /** After all packets: what is due by now. */
  endTurn(now: number): void {
    if (this.#tunnels.deadline <= now) this.#tunnels.tick(now);
    if (this.#devices.deadline <= now) this.#devices.tick(now);
    if (this.#report !== undefined) this.#tell(now);
  }

  /** One part of the report that is being told. */
  #tell(now: number): void {
    const part = this.#report!.part(now);
    if (part.more === undefined) this.#report = undefined;
    this.#emit(part);
  }

  #configure(command: ConfigureCommand, now: number): void {
    const plan = readPlan(command);
    if (!plan.ok) {
      const message = `configuration ${command.serial} is refused, the one before stays in force: ${plan.error}`;
      this.#emit({ type: 'fault', code: 'CONFIGURATION_REFUSED', message, fatal: false });
      return;
    }
    const parts = { context: this.#context, devices: this.#devices, tunnels: this.#tunnels, sockets: this.sockets };
    this.#links = applyPlan(parts, plan.value, this.#links, now);
    if (this.#published !== undefined) this.#arrange(this.#published);
    this.#switch(now);
    this.#emit({ type: 'configured', serial: plan.value.serial });
    this.endTurn(now);
  }

  #publish(command: GroupsCommand, now: number): void {
    this.#published = command;
    this.#arrange(command);
    this.#switch(now);
    this.#emit({ type: 'groupsApplied', generation: command.generation });
  }

  /** Puts the published order over the configured groups; edges that were not mentioned keep the configured order. */
  #arrange(command: GroupsCommand): void {
    const numberOf = new Map(this.#links.map(({ link }) => [link.tunnel?.id, link.number]));
    const orderOf = new Map(command.groups.map((group) => [group.edgeId, group.tunnelIds]));
    const groups = this.#context.groups.all.map((group): Group => {
      const tunnels = orderOf.get(group.edgeId)?.flatMap((id) => numberOf.get(id) ?? []);
      return { edgeId: group.edgeId, tunnels: tunnels ?? group.tunnels };
    });
    this.#context.groups.publish(command.generation, groups);
  }

  #stateChanged(link: Link, state: LivenessState, reason: string, now: number): void {
    this.#context.links.isUp[link.number] = state === 'up' ? 1 : 0;
    this.#switch(now);
    this.#emit({ type: 'tunnelState', tunnelId: link.tunnel!.id, state, atMs: now, reason });
  }

  #switch(now: number): void {
    const { groups, links } = this.#context;
    groups.switch(links.isUp, (group, tunnel) => {
      const tunnelId = tunnel === NO_TUNNEL ? null : (links.at(tunnel)?.tunnel?.id ?? null);
      this.#emit({ type: 'switched', edgeId: group.edgeId, tunnelId, generation: groups.generation, atMs: now });
    });
  }
}
