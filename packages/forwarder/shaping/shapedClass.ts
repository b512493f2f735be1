/**
 * The packets of one policy on one uplink. Its flows are spread over a few queues that take turns, so that one of them
 * cannot make all others wait; a policy may have a ceiling below the uplink's rate.
 */
import { FlowQueue } from './flowQueue.ts';
import { type Contender, RoundRobin } from './roundRobin.ts';
import { TokenBucket } from './tokenBucket.ts';
import type { Waiting } from './waiting.ts';

/** Queues of one class; a power of two. */
const QUEUES = 16;

export class ShapedClass implements Contender<ShapedClass> {
  readonly priority: number;
  /** Its own ceiling; undefined: all that is free. */
  readonly ceiling: TokenBucket | undefined;
  deficit = 0;
  next: ShapedClass | undefined = undefined;
  /** It has packets but its ceiling does not let them go before then. */
  restsUntilMs = 0;
  bytes = 0;
  readonly flows = new RoundRobin<FlowQueue>();
  readonly queues: readonly FlowQueue[];

  constructor(waiting: Waiting, priority: number, ceiling: TokenBucket | undefined) {
    this.priority = priority;
    this.ceiling = ceiling;
    this.queues = Array.from({ length: QUEUES }, () => new FlowQueue(waiting));
  }

  /** Puts a packet of `bytes` on the wire behind the others of its flow; true when the class was empty. */
  push(slot: number, bytes: number, flow: number): boolean {
    const queue = this.queues[flow & (QUEUES - 1)]!;
    if (queue.packets === 0) {
      queue.deficit = 0;
      this.flows.push(queue);
    }
    queue.push(slot);
    this.bytes += bytes;
    return this.bytes === bytes;
  }

  /** Of the queue whose turn it is, the first packet is taken away; the queue keeps its place while it has more. */
  shift(queue: FlowQueue, bytes: number): number {
    const slot = queue.shift();
    this.bytes -= bytes;
    queue.deficit -= bytes;
    if (queue.packets === 0) this.flows.shift();
    return slot;
  }

  /** The queue that holds most. */
  get longest(): FlowQueue {
    let longest = this.queues[0]!;
    for (let at = 1; at < QUEUES; at++) {
      const queue = this.queues[at]!;
      if (queue.bytes > longest.bytes) longest = queue;
    }
    return longest;
  }
}

/** A ceiling of `percent` of a rate, with the same burst. */
export function ceilingOf(rate: TokenBucket, percent: number | null, now: number): TokenBucket | undefined {
  if (percent === null || percent >= 100) return undefined;
  return new TokenBucket((rate.bytesPerMs * percent) / 100, rate.burst, now);
}
