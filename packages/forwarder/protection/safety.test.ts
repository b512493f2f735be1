/** What a friend gone bad may number and add up: nothing is written where it should not be, and nothing is kept for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../kernels/build.mjs';
import { PASSED } from '../drops.ts';
import { loadKernels } from '../host/loadKernels.ts';
import type { Link } from '../links.ts';
import { createMemory, Layout, PROTECTION_AREA } from '../memory.ts';
import { Slots, slotAreaLength } from '../slots.ts';
import { zeroProtection } from './counts.ts';
import { Encoder } from './encoder.ts';
import {
  NUMBERED_HEADER_LENGTH,
  NumberedFlag,
  PARITY_HEADER_LENGTH,
  writeNumberedHeader,
  writeParityHeader,
} from './numberedFrame.ts';
import { Receivers } from './receivers.ts';
import { Shards } from './shards.ts';

const link = { tunnel: { edge: 1 } } as unknown as Link;
/** Where frames are given, with room for the longest. */
const AT = Layout.udpSlots + 64;
const LENGTH = 120;

/** Marsaglia's xorshift32: the same in every run. */
function dice(seed: number) {
  let state = seed;
  return (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function receivers() {
  const memory = createMemory();
  const slots = new Slots(PROTECTION_AREA);
  const counts = zeroProtection();
  const shards = new Shards(memory, loadKernels(memory.memory));
  const end = memory.bytes.length;
  const made = new Receivers(shards, {
    ...{ memory, slots, counts },
    take: () => Layout.stagingArea + 64,
    deliver: (_, __, offset, length) => {
      assert.ok(length > 0 && offset >= Layout.tunArea && offset + length <= end, `${length} at ${offset}`);
    },
  });
  return { memory, slots, counts, shards, receivers: made };
}

/** A block of packets and its parity as their sender makes them. */
function honestFrames(count: number): Uint8Array[] {
  const { memory, shards } = receivers();
  const slots = new Slots(PROTECTION_AREA);
  const encoder = new Encoder(shards, slots);
  const frames: Uint8Array[] = [];
  encoder.begin(0, 5, LENGTH + 4, 0);
  for (let number = 0; number < count; number++) {
    const length = LENGTH - number;
    for (let at = 0; at < length; at++) memory.bytes[AT + at] = number * 3 + at;
    encoder.add(number, AT, length);
    writeNumberedHeader(memory.view, AT, number, length, { stream: 3, epoch: 9, flags: NumberedFlag.parity, number });
    frames.push(memory.bytes.slice(AT - NUMBERED_HEADER_LENGTH, AT + length));
  }
  encoder.end((index, offset) => {
    const { shardLength } = encoder;
    writeParityHeader(memory.view, offset, shardLength, { stream: 3, epoch: 9, index, first: 0, count });
    frames.push(memory.bytes.slice(offset - PARITY_HEADER_LENGTH, offset + shardLength));
  });
  return frames;
}

test('whatever five of twenty-five are lost, all twenty packets come out as they went in', () => {
  const frames = honestFrames(20);
  assert.equal(frames.length, 25);
  const next = dice(7);
  for (let round = 0; round < 300; round++) {
    const { memory, receivers: ends, counts } = receivers2();
    const lost = new Set<number>();
    while (lost.size < 5) lost.add(1 + next(24));
    const given = frames.filter((_, at) => !lost.has(at));
    for (const frame of given) assert.equal(give(memory, ends, frame), PASSED);
    assert.equal(counts.received + counts.repaired, 20);
    assert.deepEqual(
      passed,
      frames.slice(0, 20).map((frame) => [...frame.subarray(NUMBERED_HEADER_LENGTH)]),
    );
    assert.deepEqual(segments, [...Array(20).keys()]);
  }
});

const passed: number[][] = [];
const segments: number[] = [];
const shared = receivers();

/** The same memory each time, with nothing in it. */
function receivers2() {
  const { memory, shards } = shared;
  const counts = zeroProtection();
  passed.length = segments.length = 0;
  const ends = new Receivers(shards, {
    ...{ memory, counts, slots: new Slots(PROTECTION_AREA) },
    take: () => Layout.stagingArea + 64,
    deliver: (_, segment, offset, length) => {
      segments.push(segment);
      passed.push([...memory.bytes.subarray(offset, offset + length)]);
    },
  });
  return { memory, receivers: ends, counts };
}

function give({ bytes }: { bytes: Uint8Array }, ends: Receivers, frame: Uint8Array, now = 0): number {
  bytes.set(frame, AT);
  if (frame[0] === 8) return ends.accept(link, AT, frame.length, now);
  return ends.acceptParity(link, AT, frame.length, now);
}

test('a million mutated frames neither crash nor write where they should not, and leave room for honest ones', () => {
  const { memory, slots, receivers: ends } = receivers();
  const { bytes } = memory;
  const start = PROTECTION_AREA.offset;
  const end = start + slotAreaLength(PROTECTION_AREA);
  const before = bytes.slice(start - 4_096, start);
  const behind = bytes.slice(end, end + 64);
  const frames = honestFrames(20);
  const next = dice(0x51f15e);
  for (let round = 0; round < 1_000_000; round++) {
    const frame = frames[next(frames.length)]!;
    bytes.set(frame, AT);
    const length = next(16) === 0 ? next(frame.length + 1) : frame.length;
    for (let changes = next(4); changes > 0; changes--) {
      // Mostly in the header, where it hurts; sometimes a number further on, as a stream moves.
      const at = next(8) === 0 ? next(frame.length) : next(15);
      bytes[AT + at] = next(256);
    }
    if (frame[0] === 8) ends.accept(link, AT, length, round / 100);
    else ends.acceptParity(link, AT, length, round / 100);
    if (ends.deadline <= round / 100) ends.expire(round / 100);
    slots.settle();
    assert.ok(slots.used <= slots.capacity);
  }
  assert.deepEqual(bytes.slice(start - 4_096, start), before);
  assert.deepEqual(bytes.slice(end, end + 64), behind);
  ends.forgetAll(1e9);
  slots.settle();
  assert.equal(slots.used, 0, 'every slot is free again');
});
