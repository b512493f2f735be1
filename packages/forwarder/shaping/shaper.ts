/**
 * One uplink that carries only so much: what would fill the queue of its modem waits here instead, where a call goes first.
 *
 * A token bucket lets out a little less than the line carries. Priorities are strict; within one, policies take turns, and
 * within a policy its flows, by deficit round robin. What waits too long is marked or dropped (codel.ts), from the front, so
 * that its sender learns of it soonest. Nothing here knows sessions, links or frames: it says which packet is next.
 */
import type { ForwarderPriority } from '../control.ts';
import type { PacketMemory } from '../memory.ts';
import { TARGET_MS } from './codel.ts';
import { markCongestion } from './congestionMark.ts';
import { Delays } from './delays.ts';
import type { FlowQueue } from './flowQueue.ts';
import { RoundRobin } from './roundRobin.ts';
import { ceilingOf, ShapedClass } from './shapedClass.ts';
import { TokenBucket } from './tokenBucket.ts';
import type { Waiting } from './waiting.ts';

/** First to last. */
export const priorities = ['realtime', 'high', 'normal', 'bulk'] as const satisfies readonly ForwarderPriority[];

/** Of the rate that was told: the rest keeps the queue behind us empty though clocks and overheads are not exact. */
const USED_SHARE = 0.98;
/** What may leave at once: the time that a call may have to wait for it. */
const BURST_MS = 2;
/** A full packet of an ordinary line, the largest of a line's own overhead included. */
const FULL_PACKET = 1_600;
/** Below `high` packets leave together once in this time, so that a fast line does not cost a turn of the loop for each. */
const GRAIN_MS = 0.5;
const FIRST_WITH_GRAIN = 2;
/** What has waited longer than this is of no use to anyone any more, ms by priority; and most that may wait. */
const LIMIT_MS = [50, 100, 100, 100] as const;
const LEAST_LIMIT = 8 * FULL_PACKET;
/**
 * The delay that may stand in a queue, ms by priority (RFC 8289 §4.2). Whoever must not wait has a higher priority; for the
 * others a line that is never idle counts for more, also where their senders are slow to go on.
 */
const TARGETS_MS = [TARGET_MS, TARGET_MS, 3 * TARGET_MS, 6 * TARGET_MS] as const;
/** RFC 8289 §4.2 fails where one packet alone takes as long as the target. */
const TARGET_PACKETS = 1.5;

/** What a policy asks for here. */
export interface ShapedPolicy {
  readonly id: string | null;
  readonly priority: ForwarderPriority;
  readonly limitPercent: number | null;
}

export interface ShaperParts {
  readonly memory: PacketMemory;
  readonly waiting: Waiting;
  readonly uplinkId: string;
  readonly bitsPerSecond: number;
  readonly now: number;
  /** A packet that waited is dropped, and its slot free. */
  readonly onDrop: () => void;
}

/** Totals since the uplink was given this rate, and its bytes are of inner packets. */
class PriorityCounts {
  sentPackets = 0;
  sentBytes = 0;
  droppedPackets = 0;
  markedPackets = 0;
  readonly delays = new Delays();
}

export class Shaper {
  readonly uplinkId: string;
  readonly bitsPerSecond: number;
  readonly bucket: TokenBucket;
  readonly counts: readonly PriorityCounts[] = priorities.map(() => new PriorityCounts());
  waitingPackets = 0;
  waitingBytes = 0;
  readonly #memory: PacketMemory;
  readonly #waiting: Waiting;
  readonly #onDrop: () => void;
  /** By priority. */
  readonly #targetMs: readonly number[];
  readonly #classOf = new Map<string | null, ShapedClass>();
  readonly #classes: ShapedClass[] = [];
  /** By priority, classes that have packets; and those whose ceiling keeps theirs back. */
  readonly #ready: readonly RoundRobin<ShapedClass>[] = priorities.map(() => new RoundRobin<ShapedClass>());
  readonly #resting: ShapedClass[] = [];
  /** Tokens that the next packet waits for; NaN: it was not asked yet. */
  #wanted = Number.POSITIVE_INFINITY;

  constructor({ memory, waiting, uplinkId, bitsPerSecond, now, onDrop }: ShaperParts) {
    this.#memory = memory;
    this.#waiting = waiting;
    this.#onDrop = onDrop;
    this.uplinkId = uplinkId;
    this.bitsPerSecond = bitsPerSecond;
    const bytesPerMs = (bitsPerSecond / 8_000) * USED_SHARE;
    this.bucket = new TokenBucket(bytesPerMs, Math.max(FULL_PACKET, bytesPerMs * BURST_MS), now);
    this.#targetMs = TARGETS_MS.map((ms) => Math.max(ms, (TARGET_PACKETS * FULL_PACKET) / bytesPerMs));
  }

  /** When `pump` has to come at the latest, ms. */
  get deadline(): number {
    if (Number.isNaN(this.#wanted)) return Number.NEGATIVE_INFINITY;
    let earliest = Number.POSITIVE_INFINITY;
    if (this.#wanted !== Number.POSITIVE_INFINITY) earliest = this.bucket.whenAvailable(this.#wanted);
    for (let at = 0; at < this.#resting.length; at++) {
      earliest = Math.min(earliest, this.#resting[at]!.restsUntilMs);
    }
    return earliest;
  }

  /** Whether a packet of so many bytes on the wire has to wait; otherwise it is counted as sent and may leave at once. */
  mustWait(policy: ShapedPolicy, length: number, bytes: number, now: number): boolean {
    const own = this.#class(policy, now);
    if (own.bytes > 0 || this.#hasReady()) return true;
    // More than the burst, a large packet or a jumbo, waits too: there it is cut, or takes a debt.
    if (this.bucket.available(now) < bytes) return true;
    const { ceiling } = own;
    if (ceiling !== undefined && ceiling.available(now) < bytes) return true;
    ceiling?.charge(bytes);
    this.#countSent(own.priority, length, 0, now);
    return false;
  }

  /** Puts the packet of a slot behind those of its flow. The first of the fullest flow goes where too much waits. */
  push(slot: number, policy: ShapedPolicy, flow: number, now: number): void {
    const own = this.#class(policy, now);
    const bytes = this.#waiting.wireLength[slot]!;
    if (own.push(slot, bytes, flow)) this.#ready[own.priority]!.push(own);
    this.waitingPackets += 1;
    this.waitingBytes += bytes;
    this.#wanted = Number.NaN;
    const most = Math.max(LEAST_LIMIT, LIMIT_MS[own.priority]! * this.bucket.bytesPerMs);
    while (own.bytes > most && this.#dropFrom(own));
  }

  /** Drops one packet of the lowest priority that has several of a flow, so that its slot is free; false: there is none. */
  makeRoom(): boolean {
    for (let priority = priorities.length - 1; priority >= 0; priority--) {
      for (const own of this.#classes) if (own.priority === priority && this.#dropFrom(own)) return true;
    }
    return false;
  }

  /**
   * Gives each packet that may leave now to `send`, which answers whether it left through this uplink: what did not, costs
   * nothing here.
   */
  pump(now: number, send: (shaper: Shaper, slot: number, now: number) => boolean): void {
    let budget = this.bucket.available(now);
    this.#wake(now);
    for (;;) {
      const own = this.#select();
      const queue = own?.flows.select();
      if (own === undefined || queue === undefined) {
        this.#wanted = Number.POSITIVE_INFINITY;
        return;
      }
      const bytes = this.#waiting.wireLength[queue.first]!;
      if (own.ceiling !== undefined && own.ceiling.available(now) < Math.min(bytes, own.ceiling.burst)) {
        this.#rest(own, bytes);
        continue;
      }
      if (budget < Math.min(bytes, this.bucket.burst)) {
        this.#wanted = this.#wantedFor(own, bytes);
        return;
      }
      const slot = this.#take(own, queue, bytes, now);
      if (slot === undefined) continue;
      const { length, sinceMs } = this.#waiting;
      const inner = length[slot]!;
      const waitedMs = now - sinceMs[slot]!;
      if (!send(this, slot, now)) continue;
      budget -= bytes;
      own.ceiling?.charge(bytes);
      this.#countSent(own.priority, inner, waitedMs, now);
    }
  }

  /** Takes all that waits away, in order of priority, giving each slot to `take`. */
  empty(take: (slot: number) => void): void {
    const ordered = [...this.#classes].sort((one, other) => one.priority - other.priority);
    for (const own of ordered) {
      for (const queue of own.queues) while (queue.packets > 0) take(queue.shift());
    }
    this.#classes.length = 0;
    this.#classOf.clear();
    this.#resting.length = 0;
    for (const ready of this.#ready) while (!ready.isEmpty) ready.shift();
    this.waitingPackets = 0;
    this.waitingBytes = 0;
    this.#wanted = Number.POSITIVE_INFINITY;
  }

  #class(policy: ShapedPolicy, now: number): ShapedClass {
    const known = this.#classOf.get(policy.id);
    if (known !== undefined) return known;
    const ceiling = ceilingOf(this.bucket, policy.limitPercent, now);
    const made = new ShapedClass(this.#waiting, priorities.indexOf(policy.priority), ceiling);
    this.#classOf.set(policy.id, made);
    this.#classes.push(made);
    return made;
  }

  #hasReady(): boolean {
    for (let at = 0; at < this.#ready.length; at++) if (!this.#ready[at]!.isEmpty) return true;
    return false;
  }

  #select(): ShapedClass | undefined {
    for (let at = 0; at < this.#ready.length; at++) {
      const own = this.#ready[at]!.select();
      if (own !== undefined) return own;
    }
    return undefined;
  }

  #wantedFor(own: ShapedClass, bytes: number): number {
    if (own.priority < FIRST_WITH_GRAIN) return bytes;
    return Math.max(bytes, Math.min(this.waitingBytes, GRAIN_MS * this.bucket.bytesPerMs));
  }

  /** The class whose turn it is waits for its ceiling. */
  #rest(own: ShapedClass, bytes: number): void {
    this.#ready[own.priority]!.shift();
    own.restsUntilMs = own.ceiling!.whenAvailable(bytes);
    this.#resting.push(own);
  }

  #wake(now: number): void {
    for (let at = this.#resting.length - 1; at >= 0; at--) {
      const own = this.#resting[at]!;
      if (own.restsUntilMs > now) continue;
      this.#resting[at] = this.#resting[this.#resting.length - 1]!;
      this.#resting.pop();
      this.#ready[own.priority]!.push(own);
    }
  }

  /** The next packet of the class and queue whose turn it is; undefined: it was dropped. */
  #take(own: ShapedClass, queue: FlowQueue, bytes: number, now: number): number | undefined {
    const slot = own.shift(queue, bytes);
    own.deficit -= bytes;
    if (own.bytes === 0) this.#ready[own.priority]!.shift();
    this.waitingPackets -= 1;
    this.waitingBytes -= bytes;
    const { sinceMs, slots, frameOf } = this.#waiting;
    const waitedMs = now - sinceMs[slot]!;
    const isLast = queue.packets === 0;
    const isTooOld = waitedMs > LIMIT_MS[own.priority]! && queue.packets > 1;
    if (!queue.codel.shouldDrop(waitedMs, this.#targetMs[own.priority]!, isLast, now) && !isTooOld) return slot;
    const counts = this.counts[own.priority]!;
    if (!isTooOld && frameOf[slot] === undefined && markCongestion(this.#memory, slots.offsetOf(slot))) {
      counts.markedPackets += 1;
      return slot;
    }
    this.#drop(slot, own.priority);
    return undefined;
  }

  /** The first of the fullest flow, which is not its only one: its place among the others stays. */
  #dropFrom(own: ShapedClass): boolean {
    const { longest } = own;
    if (longest.packets < 2) return false;
    const bytes = this.#waiting.wireLength[longest.first]!;
    const slot = longest.shift();
    own.bytes -= bytes;
    this.waitingPackets -= 1;
    this.waitingBytes -= bytes;
    this.#drop(slot, own.priority);
    return true;
  }

  #drop(slot: number, priority: number): void {
    this.#waiting.slots.free(slot);
    this.counts[priority]!.droppedPackets += 1;
    this.#onDrop();
  }

  #countSent(priority: number, length: number, waitedMs: number, now: number): void {
    const counts = this.counts[priority]!;
    counts.sentPackets += 1;
    counts.sentBytes += length;
    counts.delays.add(waitedMs * 1_000, now);
  }
}
