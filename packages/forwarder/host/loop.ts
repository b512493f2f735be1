/**
 * The one loop of the forwarder: sleeps in ppoll until a descriptor, the path's own deadline or the owner has something,
 * takes a bounded share of each, and sleeps again. It never returns to Node's event loop, so nothing else in this
 * process can be in its way; it ends when the owner hangs up.
 */
import {
  FrameReceiver,
  FrameSender,
  GradualTidiness,
  giveBackFreed,
  giveBackMemory,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  PollSet,
  type ReceivedFrame,
} from '@patronus/system/linux';
import { Arena } from '../arena.ts';
import type { Capabilities, ForwarderCommand, ForwarderEvent } from '../control.ts';
import { TUN_NAME } from '../descriptorNames.ts';
import type { PacketForwarder } from '../forwarder.ts';
import type { PacketClock } from '../io.ts';
import {
  Area,
  BATCH,
  LARGEST_PACKET,
  Layout,
  MOST_SOCKETS,
  type PacketMemory,
  POLL_LENGTH,
  POLL_PLACES_BEFORE_SOCKETS,
  SOCKADDR_LENGTH,
  touchCommon,
  udpSlot,
} from '../memory.ts';
import { listeners } from '../neighbours/names.ts';
import type { Neighbours } from '../neighbours/neighbours.ts';
import { Lingering, Towards } from './lingering.ts';
import type { NeighbourSockets } from './neighbourSockets.ts';
import type { Sockets } from './sockets.ts';

/** Places in the poll set. */
const CONTROL = 0;
const TUN = 1;
const FIRST_NEIGHBOUR = 2;
const FIRST_SOCKET = POLL_PLACES_BEFORE_SOCKETS;
const POLLNVAL = 32;
/** What the owner has not read: beyond this, telemetry is left out rather than kept. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;
/** Taken from the TUN before what came of it is sent: a few large packets, so that they are still in the cache. */
const MOST_TUN_BYTES = 192 * 1024;
/** Batches of datagrams that are taken before silence is judged: what a socket's buffer holds. */
const MOST_CATCHING_UP = 64;
/** Of one socket in one turn: those who may flood it are not to hold up the packets. */
const MOST_HEARD = 16;
/** By then one that was put to work has loaded what it needs for it. */
const STARTED_MS = 15_000;
/** Giving memory back takes up to 20 ms, so it is done where nothing has come for so long, or at last all the same. */
const LONG_SLEEP_MS = 100;
const LONGEST_WAIT_MS = 15_000;
/** Afterwards what is freed alone is given back, in some 2 ms, and collecting begins where it is worth it, this often. */
const TIDIED_EVERY_MS = 60_000;
/** Of faults in the packet path only the first are told; a counter would be no use in finding them. */
const MOST_FAULTS = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface LoopParts {
  readonly memory: PacketMemory;
  readonly sockets: Sockets;
  readonly neighbours: { readonly sockets: NeighbourSockets; readonly sessions: Neighbours };
  readonly clock: PacketClock;
  readonly controlDescriptor: number;
  /** What no descriptor changes. */
  readonly capabilities: Capabilities;
}

export class Loop {
  readonly #memory: PacketMemory;
  readonly #sockets: Sockets;
  readonly #neighbours: LoopParts['neighbours'];
  readonly #clock: PacketClock;
  readonly #poll: PollSet;
  readonly #receiver: FrameReceiver;
  readonly #sender: FrameSender;
  readonly #controlDescriptor: number;
  readonly #fixed: Capabilities;
  #told = '';
  #forwarder: PacketForwarder | undefined;
  readonly #tunArea = new Arena(Area.tun, () => this.#forwarder?.flush());
  #ownerIsGone = false;
  /** There may be more commands than were taken. */
  #ownerWaits = false;
  /** Packets of the TUN in the turn before. */
  #takenBefore = 0;
  readonly #tidiness = new GradualTidiness();
  readonly #lingering = new Lingering();
  #faults = 0;

  constructor({ memory, sockets, neighbours, clock, controlDescriptor, capabilities }: LoopParts) {
    this.#neighbours = neighbours;
    this.#fixed = capabilities;
    this.#memory = memory;
    this.#sockets = sockets;
    this.#clock = clock;
    this.#controlDescriptor = controlDescriptor;
    this.#receiver = new FrameReceiver(controlDescriptor);
    this.#sender = new FrameSender(controlDescriptor);
    const pollMemory = memory.bytes.subarray(Layout.poll, Layout.poll + POLL_LENGTH);
    this.#poll = new PollSet(MOST_SOCKETS + FIRST_SOCKET, pollMemory);
    this.#poll.set(CONTROL, controlDescriptor, POLLIN);
    for (let place = TUN; place < FIRST_SOCKET; place++) this.#poll.set(place, -1, POLLIN);
  }

  /** Tells the owner. */
  emit(event: ForwarderEvent): void {
    if (event.type === 'telemetry' && this.#sender.queuedBytes > MOST_UNREAD_BYTES) return;
    this.#note(this.#sender.send(encoder.encode(JSON.stringify(event))));
  }

  /** Tells the owner what the machine and its descriptors can do, if that is not what it was told last. */
  tellCapabilities(): void {
    const capabilities = { ...this.#fixed, ...this.#sockets.capabilities };
    const told = JSON.stringify(capabilities);
    if (told !== this.#told) this.emit({ type: this.#told === '' ? 'ready' : 'capabilities', capabilities });
    this.#told = told;
  }

  /** Runs until the owner hangs up. */
  run(forwarder: PacketForwarder): void {
    this.#forwarder = forwarder;
    let giveBackAtMs = this.#clock.now() + STARTED_MS;
    let tidiedAtMs = this.#clock.now() + TIDIED_EVERY_MS;
    while (!this.#ownerIsGone) {
      const sleptMs = this.#clock.now();
      // Now, for what wakes us should not wait for it.
      forwarder.beginTurn();
      // One that stands by has nothing else to wake for.
      const wakeAtMs = sleptMs < giveBackAtMs ? Math.min(forwarder.deadline, giveBackAtMs) : forwarder.deadline;
      this.#await(this.#ownerWaits ? sleptMs : wakeAtMs, sleptMs);
      try {
        this.#turn(forwarder);
      } catch (error) {
        this.#fault('PACKET_PATH', error);
      }
      const now = this.#clock.now();
      if (now >= tidiedAtMs) {
        giveBackFreed();
        this.#tidiness.tidy();
        tidiedAtMs = now + TIDIED_EVERY_MS;
      }
      const isQuiet = now - sleptMs >= LONG_SLEEP_MS || now >= giveBackAtMs + LONGEST_WAIT_MS;
      if (now < giveBackAtMs || !isQuiet) continue;
      giveBackMemory();
      giveBackAtMs = Number.POSITIVE_INFINITY;
    }
  }

  /** Until something happens or this time has come; at first awake, where an answer may be close. */
  #await(wakeAtMs: number, beganMs: number): void {
    const { untilMs } = this.#lingering;
    let now = beganMs;
    for (; now < untilMs && now < wakeAtMs; now = this.#clock.now()) {
      if (this.#poll.wait(0) === 0) continue;
      this.#lingering.waited(this.#clock.now() - beganMs, true);
      return;
    }
    if (now > beganMs) this.#lingering.waited(now - beganMs, now < untilMs ? undefined : false);
    this.#poll.wait((wakeAtMs - now) * 1e6);
  }

  #turn(forwarder: PacketForwarder): void {
    if (this.#ownerWaits || this.#poll.happened(CONTROL) !== 0) this.#serveOwner(forwarder);
    let now = this.#carry(forwarder);
    // An answer that is there by now goes before what else is due.
    if (this.#lingering.untilMs > now && this.#poll.wait(0) > 0) {
      this.#lingering.waited(0, true);
      now = this.#carry(forwarder);
    }
    this.#catchUp(forwarder, now);
    forwarder.endTurn(now);
  }

  /** Takes a bounded share of what waits, of datagrams and of packets. The time when that was done, ms. */
  #carry(forwarder: PacketForwarder): number {
    const { tun } = this.#sockets;
    const written = tun.writes;
    this.#takeAllDatagrams(forwarder);
    const tunNews = this.#poll.happened(TUN);
    const hasDelivered = tun.writes !== written;
    // What this machine answers itself is there as soon as it has been written.
    if (tunNews !== 0 || hasDelivered) this.#takePackets(forwarder, tunNews);
    const now = this.#clock.now();
    if (tunNews !== 0) this.#lingering.carried(Towards.fabric, now);
    else if (hasDelivered) this.#lingering.carried(Towards.lan, now);
    return now;
  }

  /** Whether there were any. */
  #takeAllDatagrams(forwarder: PacketForwarder): boolean {
    let any = this.#hearNeighbours();
    for (let socket = 0; socket < this.#sockets.count; socket++) {
      const news = this.#poll.happened(FIRST_SOCKET + socket);
      if (news === 0) continue;
      this.#takeDatagrams(forwarder, socket, news);
      any = true;
    }
    return any;
  }

  /**
   * What arrived while this process was held up (garbage collection, another one on the processor) is in the sockets, and
   * says that the other ends were not silent. Bounded, should datagrams come faster than they are taken; and only while there
   * is somebody to be judged, so that a busy path is not held up.
   */
  #catchUp(forwarder: PacketForwarder, now: number): void {
    for (let round = 0; round < MOST_CATCHING_UP && forwarder.judgesSilence(now); round++) {
      this.#poll.wait(0);
      if (!this.#takeAllDatagrams(forwarder)) return;
    }
  }

  #hearNeighbours(): boolean {
    const { sockets, sessions } = this.#neighbours;
    let any = false;
    for (let place = 0; place < listeners.length; place++) {
      if (this.#poll.happened(FIRST_NEIGHBOUR + place) === 0) continue;
      const now = this.#clock.now();
      let taken = 0;
      for (; taken < MOST_HEARD && sockets.receive(place); taken++) sessions.receive(sockets.datagram, now);
      any ||= taken > 0;
      if (taken > 0) continue;
      // A configuration without neighbours closed it; otherwise reading cleared whatever it was.
      if (sockets.descriptors[place] === -1) this.#poll.set(FIRST_NEIGHBOUR + place, -1, POLLIN);
    }
    return any;
  }

  #takeDatagrams(forwarder: PacketForwarder, socket: number, news: number): void {
    // A configuration closed it, or its number is invalid for another reason: look no more until it is replaced.
    if (!this.#sockets.isOpen(socket) || (news & POLLNVAL) !== 0) {
      this.#poll.set(FIRST_SOCKET + socket, -1, POLLIN);
      return;
    }
    if ((news & (POLLERR | POLLHUP)) !== 0) this.#sockets.clearError(socket);
    const { buffers } = this.#sockets;
    const count = this.#sockets.receive(socket);
    const now = this.#clock.now();
    let bytes = 0;
    for (let at = 0; at < count; at++) {
      buffers.take(at);
      bytes += buffers.length;
      this.#takeBuffer(forwarder, socket, at, now);
    }
    buffers.adapt(bytes);
    forwarder.flush();
  }

  /** The datagrams of one buffer: one, or with UDP_GRO several of one sender. */
  #takeBuffer(forwarder: PacketForwarder, socket: number, at: number, now: number): void {
    const { length, segmentLength } = this.#sockets.buffers;
    const source = Layout.udpSources + at * SOCKADDR_LENGTH;
    const start = udpSlot(at);
    // An empty one is too short to be anything: the path counts it as malformed.
    if (length === 0) forwarder.fromSocket(socket, start, 0, source, now);
    for (let done = 0; done < length; done += segmentLength) {
      forwarder.fromSocket(socket, start + done, Math.min(segmentLength, length - done), source, now);
    }
  }

  #takePackets(forwarder: PacketForwarder, news: number): void {
    const { tun } = this.#sockets;
    const now = this.#clock.now();
    let taken = 0;
    for (let bytes = 0; taken < BATCH && bytes < MOST_TUN_BYTES; taken++) {
      // With less room than the largest packet takes, what was taken so far leaves first.
      const offset = this.#tunArea.take(LARGEST_PACKET);
      const length = tun.read(offset);
      if (length <= 0) break;
      bytes += length;
      forwarder.fromTun(offset, length, now);
      if (forwarder.packetStays) this.#tunArea.shrink(offset, length);
      else this.#tunArea.giveBack(offset);
      // Where they come one by one, the first leaves before the next is looked for.
      if (taken === 0 && this.#takenBefore <= 1) this.#sendTaken(forwarder);
    }
    if (taken !== 1 || this.#takenBefore > 1) this.#sendTaken(forwarder);
    this.#takenBefore = taken;
    if (taken > 0 || (news & (POLLERR | POLLHUP | POLLNVAL)) === 0) return;
    this.#poll.set(TUN, -1, POLLIN);
    tun.drop();
    this.#fault('TUN_GONE', new Error('the TUN interface is gone; hand over a new one'));
  }

  #sendTaken(forwarder: PacketForwarder): void {
    forwarder.flush();
    this.#tunArea.reset();
  }

  #serveOwner(forwarder: PacketForwarder): void {
    this.#note(this.#sender.flush());
    this.#ownerWaits = false;
    while (!this.#ownerWaits) {
      const frame = this.#receiver.receive();
      if (frame === undefined) break;
      // Thousands of routes come in many commands: packets go in between.
      this.#ownerWaits = this.#obey(forwarder, frame) === 'routes';
    }
    if (this.#receiver.closed) this.#ownerIsGone = true;
  }

  /** Answers what kind of command it was; undefined: it is none. */
  #obey(forwarder: PacketForwarder, frame: ReceivedFrame): string | undefined {
    try {
      const command = readCommand(frame.payload);
      if (command.type === 'descriptor') this.#takeDescriptor(forwarder, command.name, frame.descriptors[0]);
      else forwarder.handle(command);
      return command.type;
    } catch (error) {
      this.#fault('COMMAND', error);
      return undefined;
    }
  }

  #takeDescriptor(forwarder: PacketForwarder, name: string, fd: number | undefined): void {
    if (fd === undefined) throw new Error(`descriptor ${name} was announced and did not come along`);
    if (name === TUN_NAME) {
      // It is at work from now on; one that stands by needs none of it.
      touchCommon(this.#memory);
      this.#sockets.tun.replace(fd);
      this.#poll.set(TUN, fd, POLLIN);
      this.tellCapabilities();
      return;
    }
    const place = this.#neighbours.sockets.take(name, fd);
    if (place !== undefined) {
      if (place >= 0) this.#poll.set(FIRST_NEIGHBOUR + place, fd, POLLIN);
      return;
    }
    const number = forwarder.sockets.numberOf(name);
    if (number === undefined) throw new Error(`descriptor ${name}: no more than ${MOST_SOCKETS} sockets can be held`);
    this.#sockets.replace(number, fd);
    this.#poll.set(FIRST_SOCKET + number, fd, POLLIN);
    this.tellCapabilities();
  }

  #note(state: 'sent' | 'waiting' | 'closed'): void {
    if (state === 'closed') this.#ownerIsGone = true;
    this.#poll.set(CONTROL, this.#controlDescriptor, state === 'waiting' ? POLLIN | POLLOUT : POLLIN);
  }

  #fault(code: string, error: unknown): void {
    this.#faults += 1;
    if (this.#faults > MOST_FAULTS) return;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.emit({ type: 'fault', code, message, fatal: false });
  }
}

/** The parser's own words quote what they stumbled over, which may be a key. */
function readCommand(payload: Uint8Array): ForwarderCommand {
  try {
    return JSON.parse(decoder.decode(payload)) as ForwarderCommand;
  } catch {
    throw new Error(`a command of ${payload.length} bytes is not JSON`);
  }
}
