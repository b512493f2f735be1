/** What the queues and streams of the packet path cost in memory that has to be collected: nothing for each packet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../kernels/build.mjs';
import type { Link } from '../links.ts';
import { createMemory, Layout, PROTECTION_AREA, WAITING_AREA } from '../memory.ts';
import { zeroProtection } from '../protection/counts.ts';
import { Stream } from '../protection/stream.ts';
import { Slots } from '../slots.ts';
import { type ShapedPolicy, Shaper } from './shaper.ts';
import { Waiting } from './waiting.ts';

const memory = createMemory();
const ROUNDS = 100_000;
/** Of a round of five packets and more: less than one number on the heap for each of them. */
const MOST_BYTES = 32;

/** Bytes of heap that one round takes, once the engine has made up its mind about the code; the least of several tries. */
function bytesPerRound(round: (at: number) => void): number {
  for (let at = 0; at < ROUNDS; at++) round(at);
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt++) {
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < ROUNDS; at++) round(at);
    const grown = process.memoryUsage().heapUsed - before;
    // A collection in between says nothing.
    if (grown >= 0) least = Math.min(least, grown / ROUNDS);
  }
  return least;
}

test('packets that wait leave nothing behind on the heap', () => {
  const waiting = new Waiting(WAITING_AREA);
  const onDrop = () => undefined;
  const shaper = new Shaper({ memory, waiting, uplinkId: 'u', bitsPerSecond: 1e9, now: 0, onDrop });
  const call: ShapedPolicy = { id: 'call', priority: 'realtime', limitPercent: null };
  const bulk: ShapedPolicy = { id: 'bulk', priority: 'bulk', limitPercent: 90 };
  const send = (_: Shaper, slot: number): boolean => {
    shaper.bucket.charge(1_500);
    waiting.slots.free(slot);
    return true;
  };
  const add = (policy: ShapedPolicy, flow: number, now: number) => {
    const slot = waiting.slots.take(1_400);
    waiting.length[slot] = 1_400;
    waiting.wireLength[slot] = 1_500;
    waiting.sinceMs[slot] = now;
    shaper.push(slot, policy, flow, now);
  };
  let now = 0;
  const used = bytesPerRound((at) => {
    now += 0.1;
    for (let packet = 0; packet < 6; packet++) add(bulk, at + packet, now);
    add(call, at, now);
    if (shaper.deadline <= now) shaper.pump(now, send);
  });
  assert.ok(used < MOST_BYTES, `${used} bytes of heap a round`);
});

test('numbered packets leave nothing behind on the heap', () => {
  const slots = new Slots(PROTECTION_AREA);
  const parts = {
    ...{ memory, slots, counts: zeroProtection() },
    take: () => Layout.stagingArea,
    deliver: () => undefined,
  };
  const link = {} as Link;
  const stream = new Stream(parts, 1, 0);
  stream.retains = true;
  let number = 0;
  const used = bytesPerRound((at) => {
    // Two in the wrong order, one lost, one twice.
    for (const step of orders) stream.accept(link, 0, (number + step) >>> 0, Layout.tunArea, 400, 10, at);
    number = (number + 5) >>> 0;
    if (stream.deadline <= at) stream.expire(at);
    slots.settle();
  });
  assert.ok(used < MOST_BYTES, `${used} bytes of heap a round`);
});

const orders = [1, 0, 3, 3, 4] as const;
