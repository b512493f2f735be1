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
import { Compressor, expandFrame, NOT_SMALLER } from './compression.ts';

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
  return { mtu, compression: zeroCompression() } as Link;
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

test('packets go into as few frames as hold them, no frame is longer than the path takes, and all come out', () => {
  const { sent, compressor } = ends();
  const [here, there] = [linkOf(), linkOf()];
  const packets = Array.from({ length: 30 }, (_, at) => text.subarray(at * 1_000, at * 1_000 + 250 + at * 20));
  for (const packet of packets) assert.equal(give(compressor, here, packet), PASSED);
  compressor.flush(0);
  assert.ok(sent.length < packets.length / 2, `${sent.length} frames`);
  assert.ok(sent.every(({ frame }) => frame.length <= 1_420));
  const got = sent.flatMap(({ frame }) => {
    const { packets: inside, verdict } = take(frame, there);
    assert.equal(verdict, PASSED);
    return inside;
  });
  assert.deepEqual(
    got.map(({ packet }) => Buffer.from(packet)),
    packets.map((packet) => Buffer.from(packet)),
  );
  const bytes = packets.reduce((sum, { length }) => sum + length, 0);
  assert.equal(here.compression.packets, 30);
  assert.equal(here.compression.fromBytes, bytes);
  assert.equal(
    here.compression.toBytes,
    sent.reduce((sum, { frame }) => sum + frame.length, 0),
  );
  assert.equal(there.compression.expandedPackets, 30);
  assert.equal(there.compression.expandedToBytes, bytes);
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
  assert.equal(change(5, 0xff), 0, 'a packet longer than any MTU');
  assert.equal(change(5, 0), 0, 'a packet of another length than its block has');
  assert.equal(change(7, 0xff), 0, 'a block longer than the frame');
  assert.equal(change(3, 0xff), 0, 'a body longer than the frame');
  const link = linkOf();
  for (let length = 0; length < frame.length; length++)
    assert.equal(take(frame.subarray(0, length), link).verdict, Drop.badFrame);
});
