import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Arena } from '../arena.ts';
import { Drop, PASSED } from '../drops.ts';
import { loadKernels } from '../host/loadKernels.ts';
import '../kernels/build.mjs';
import type { Link } from '../links.ts';
import { zeroCompression } from '../links.ts';
import { Area, createMemory, HEADROOM, Layout } from '../memory.ts';
import { Compressor, NOT_SMALLER } from './compression.ts';
import { expandFrame } from './expansion.ts';

const memory = createMemory();
const kernels = loadKernels(memory.memory);
const text = readFileSync(new URL('../../../package-lock.json', import.meta.url));
const PACKET = Layout.tunArea + HEADROOM;

interface Sent {
  readonly link: Link;
  readonly frame: Uint8Array;
}

/** Two ends: what one sends, and what the other makes of it. */
function ends() {
  const sent: Sent[] = [];
  const outgoing = new Arena(Area.outgoing, () => compressor.flush(0));
  const compressor: Compressor = new Compressor({
    memory,
    kernels,
    take: (length) => outgoing.take(length),
    send: (link, offset, length) => {
      sent.push({ link, frame: memory.bytes.slice(offset, offset + length) });
      return PASSED;
    },
  });
  return { sent, compressor };
}

function linkOf(mtu = 1_420): Link {
  return { mtu, compression: zeroCompression(), compressedFrames: 0 } as Link;
}

function give(compressor: Compressor, link: Link, packet: Uint8Array, segment = 0): number {
  memory.bytes.set(packet, PACKET);
  const verdict = compressor.add(link, segment, PACKET, packet.length, 9, 0);
  assert.deepEqual(
    memory.bytes.slice(PACKET, PACKET + packet.length),
    new Uint8Array(packet),
    'the packet is as it was',
  );
  return verdict;
}

/** The packets in a frame, each with its segment; and the verdict. */
function take(frame: Uint8Array, link: Link) {
  const packets: { segment: number; packet: Uint8Array }[] = [];
  const staging = new Arena(Area.staging, () => undefined);
  memory.bytes.set(frame, Layout.udpSlots);
  const expansion = {
    memory,
    kernels,
    take: (length: number) => staging.take(length),
    deliver: (segment: number, offset: number, length: number) =>
      void packets.push({ segment, packet: memory.bytes.slice(offset, offset + length) }),
  };
  return { packets, verdict: expandFrame(expansion, link, Layout.udpSlots, frame.length) };
}

/** Packets that shrink, and the frames they go into. */
function burst(count: number, mtu = 1_420) {
  const { sent, compressor } = ends();
  const here = linkOf(mtu);
  const packets = Array.from({ length: count }, (_, at) => text.subarray(at * 1_000, at * 1_000 + 250 + at * 20));
  for (const packet of packets) assert.equal(give(compressor, here, packet), PASSED);
  compressor.flush(0);
  return { packets: packets.map((packet) => Buffer.from(packet)), frames: sent.map(({ frame }) => frame), here };
}

function expandAll(frames: readonly Uint8Array[], link = linkOf()): Buffer[] {
  return frames.flatMap((frame) => {
    const { packets, verdict } = take(frame, link);
    assert.equal(verdict, PASSED);
    return packets.map(({ packet }) => Buffer.from(packet));
  });
}

test('packets fill frames to the path’s MTU, all but the last, and all come out in their order', () => {
  const { packets, frames, here } = burst(30);
  assert.ok(frames.length < packets.length / 2, `${frames.length} frames`);
  assert.ok(frames.slice(0, -1).every(({ length }) => length > 1_420 - 5 && length <= 1_420));
  const there = linkOf();
  assert.deepEqual(expandAll(frames, there), packets);
  const bytes = packets.reduce((sum, { length }) => sum + length, 0);
  assert.equal(here.compression.packets, 30);
  assert.equal(here.compression.fromBytes, bytes);
  assert.equal(
    here.compression.toBytes,
    frames.reduce((sum, frame) => sum + frame.length, 0),
  );
  assert.equal(there.compression.expandedPackets, 30);
  assert.equal(there.compression.expandedToBytes, bytes);
});

test('one packet may be spread over more than two frames', () => {
  const { sent, compressor } = ends();
  const large = text.subarray(0, 9_000);
  assert.equal(give(compressor, linkOf(600), large), PASSED);
  compressor.flush(0);
  assert.ok(sent.length > 2);
  assert.deepEqual(expandAll(sent.map(({ frame }) => frame)), [Buffer.from(large)]);
});

test('a lost frame costs its own packets and those that reach into it, and nothing else', () => {
  const { packets, frames } = burst(30);
  for (let lost = 0; lost < frames.length; lost++) {
    const got = expandAll(frames.toSpliced(lost, 1));
    const missing = packets.filter((packet) => !got.some((one) => one.equals(packet))).length;
    assert.equal(got.length, packets.length - missing);
    assert.ok(missing <= 12, `${missing} of ${packets.length}`);
  }
});

test('frames in another order cost the packets that reach over, and never make one of two halves', () => {
  const { packets, frames } = burst(30);
  const got = expandAll([...frames].reverse());
  assert.ok(got.every((packet) => packets.some((one) => one.equals(packet))));
  assert.ok(got.length > 5);
});

test('a frame keeps to the room that was taken for it when the path’s MTU changes before it is full', () => {
  for (const later of [1_420, 600]) {
    const { sent, compressor } = ends();
    const link = linkOf(1_280);
    const packets = Array.from({ length: 8 }, (_, at) => Buffer.from(text.subarray(at * 1_000, at * 1_000 + 800)));
    for (const packet of packets) {
      assert.equal(give(compressor, link, packet), PASSED);
      link.mtu = later;
    }
    compressor.flush(0);
    const [first, ...others] = sent.map(({ frame }) => frame);
    assert.ok(first!.length <= 1_280, `${first!.length} bytes in a room of 1,280`);
    assert.ok(others.every(({ length }) => length <= later));
    assert.deepEqual(expandAll([first!, ...others]), packets);
  }
});

test('what does not shrink is left to go as it is, behind what waits', () => {
  const { sent, compressor } = ends();
  const link = linkOf();
  assert.equal(give(compressor, link, text.subarray(0, 800)), PASSED);
  assert.equal(sent.length, 0);
  assert.equal(give(compressor, link, randomBytes(800)), NOT_SMALLER);
  assert.equal(sent.length, 1, 'order is kept');
  assert.equal(link.compression.skipped, 1);
});

test('an acknowledgement rides along uncompressed', () => {
  const { sent, compressor } = ends();
  const link = linkOf();
  const acknowledgement = randomBytes(52);
  give(compressor, link, text.subarray(0, 400));
  assert.equal(give(compressor, link, acknowledgement), PASSED);
  compressor.flush(0);
  assert.equal(sent.length, 1);
  assert.deepEqual(Buffer.from(take(sent[0]!.frame, linkOf()).packets[1]!.packet), acknowledgement);
});

test('links and segments never share a frame', () => {
  const { sent, compressor } = ends();
  const [one, other] = [linkOf(), linkOf()];
  give(compressor, one, text.subarray(0, 400));
  give(compressor, other, text.subarray(0, 400));
  give(compressor, other, text.subarray(400, 800), 7);
  compressor.flush(0);
  assert.deepEqual(
    sent.map(({ link }) => link),
    [one, other, other],
  );
  assert.deepEqual(
    sent.map(({ frame }) => take(frame, linkOf()).packets[0]!.segment),
    [0, 0, 7],
  );
});

test('a frame that lies is refused and counted: its packets before the lie stand, nothing is ever longer than the MTU', () => {
  const { sent, compressor } = ends();
  give(compressor, linkOf(), text.subarray(0, 800));
  give(compressor, linkOf(), text.subarray(0, 800));
  compressor.flush(0);
  const { frame } = sent[0]!;
  const change = (at: number, value: number) => {
    const bad = frame.slice();
    bad[at] = value;
    const link = linkOf();
    const { packets, verdict } = take(bad, link);
    assert.equal(verdict, Drop.badFrame);
    assert.equal(link.compression.errors, 1);
    return packets.length;
  };
  assert.equal(change(9, 0xff), 0, 'a packet longer than any MTU');
  assert.equal(change(9, 0), 0, 'a packet of another length than its block has');
  assert.equal(change(11, 0xff), 0, 'a block longer than its packet');
  assert.equal(change(3, 0xff), 0, 'a body longer than the frame');
  assert.equal(change(7, 0x7f), 0, 'a first record behind the end');
  const link = linkOf();
  for (let length = 0; length < frame.length; length++)
    assert.equal(take(frame.subarray(0, length), link).verdict, Drop.badFrame);
});
