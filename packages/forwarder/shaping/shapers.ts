/**
 * The shapers of all uplinks whose rate somebody told; the others have none, and their packets pay one look at a table.
 * What leaves through a shaped uplink without waiting (probes, handshakes, answers) is charged all the same.
 */
import type { ShapingReport } from '../control.ts';
import { Drop, type DropCounters } from '../drops.ts';
import { MOST_SOCKETS, type PacketMemory, WAITING_AREA } from '../memory.ts';
import { priorities, Shaper } from './shaper.ts';
import { Waiting } from './waiting.ts';
import { wireLengthOfDatagram } from './wire.ts';

export interface ShapedUplink {
  readonly id: string;
  /** undefined: it carries whatever comes. */
  readonly bitsPerSecond: number | undefined;
  /** Numbers of its sockets. */
  readonly sockets: readonly number[];
}

export class Shapers {
  /** Whether any uplink is shaped. */
  isShaping = false;
  /**
   * Sends the packet of a slot, whose turn it is at this shaper, or puts it into another's queue; gives the slot back
   * otherwise. Answers whether it left here. Set by whoever knows where packets go.
   */
  send: (shaper: Shaper | undefined, slot: number, now: number) => boolean = () => false;
  readonly waiting = new Waiting(WAITING_AREA);
  readonly #memory: PacketMemory;
  readonly #drops: DropCounters;
  readonly #bySocket = new Array<Shaper | undefined>(MOST_SOCKETS).fill(undefined);
  #all: Shaper[] = [];
  /** Paths have changed since packets were put where they wait. */
  #isDisturbed = false;

  constructor(memory: PacketMemory, drops: DropCounters) {
    this.#memory = memory;
    this.#drops = drops;
  }

  /** The shaper of a socket's uplink. */
  of(socket: number): Shaper | undefined {
    return this.#bySocket[socket];
  }

  /** When `pump` has to come at the latest, ms. */
  get deadline(): number {
    if (this.#isDisturbed) return Number.NEGATIVE_INFINITY;
    let earliest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#all.length; at++) earliest = Math.min(earliest, this.#all[at]!.deadline);
    return earliest;
  }

  /** Sends what may leave now; everything has to be flushed afterwards. */
  pump(now: number): void {
    if (this.#isDisturbed) this.#rearrange(now);
    for (let at = 0; at < this.#all.length; at++) {
      const shaper = this.#all[at]!;
      if (shaper.deadline <= now) shaper.pump(now, this.send);
    }
  }

  /** A tunnel came up or went down: what waits belongs elsewhere now, and should not wait for its old place's turn. */
  disturb(): void {
    this.#isDisturbed = this.isShaping;
  }

  /** A datagram of `length` bytes left through this socket. */
  charge(socket: number, length: number, sockaddrLength: number): void {
    if (!this.isShaping) return;
    this.#bySocket[socket]?.bucket.charge(wireLengthOfDatagram(length, sockaddrLength));
  }

  /** Takes over new uplinks and policies. What waits is asked again where it belongs. */
  configure(uplinks: readonly ShapedUplink[], now: number): void {
    const before = new Map(this.#all.map((shaper) => [shaper.uplinkId, shaper]));
    const homeless = this.#takeAll();
    this.#bySocket.fill(undefined);
    this.#all = [];
    for (const { id, bitsPerSecond, sockets } of uplinks) {
      if (bitsPerSecond === undefined) continue;
      const known = before.get(id);
      const shaper = known?.bitsPerSecond === bitsPerSecond ? known : this.#make(id, bitsPerSecond, now);
      this.#all.push(shaper);
      for (const socket of sockets) this.#bySocket[socket] = shaper;
    }
    this.isShaping = this.#all.length > 0;
    for (const slot of homeless) this.send(undefined, slot, now);
  }

  /** What each shaped uplink did. */
  report(now: number): ShapingReport[] {
    return this.#all.map((shaper) => ({
      uplinkId: shaper.uplinkId,
      bitsPerSecond: shaper.bitsPerSecond,
      waitingPackets: shaper.waitingPackets,
      waitingBytes: shaper.waitingBytes,
      priorities: shaper.counts.map((counts, at) => ({
        priority: priorities[at]!,
        sentPackets: counts.sentPackets,
        sentBytes: counts.sentBytes,
        droppedPackets: counts.droppedPackets,
        markedPackets: counts.markedPackets,
        delayP50Us: counts.delays.quantileUs(0.5, now),
        delayP99Us: counts.delays.quantileUs(0.99, now),
        delayMostUs: counts.delays.mostUs,
      })),
    }));
  }

  #rearrange(now: number): void {
    this.#isDisturbed = false;
    for (const slot of this.#takeAll()) this.send(undefined, slot, now);
  }

  #takeAll(): number[] {
    const slots: number[] = [];
    for (const shaper of this.#all) shaper.empty((slot) => slots.push(slot));
    return slots;
  }

  #make(uplinkId: string, bitsPerSecond: number, now: number): Shaper {
    const onDrop = () => void this.#drops.count(Drop.overload);
    return new Shaper({ memory: this.#memory, waiting: this.waiting, uplinkId, bitsPerSecond, now, onDrop });
  }
}
