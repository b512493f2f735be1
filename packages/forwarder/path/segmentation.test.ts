import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketVerdict, PacketView } from '@patronus/net';
import fc from 'fast-check';
import { Drop, PASSED } from '../drops.ts';
import { loadKernels } from '../host/loadKernels.ts';
import { VIRTIO_HEADER_LENGTH } from '../io.ts';
import '../kernels/build.mjs';
import { createMemory, Layout } from '../memory.ts';
import { asLarge, cut, makePacket, type PacketWords, TcpFlag, transportStart } from './largePackets.ts';
import { Gso, OffloadHeader } from './offloadHeader.ts';
import { Segmenter } from './segmentation.ts';

const memory = createMemory();
const segmenter = new Segmenter(memory, loadKernels(memory.memory));
const packet = new PacketView();
const offload = new OffloadHeader();
const SOURCE = Layout.tunArea + 64;
const TARGET = Layout.outgoingArea + 64;

/** Puts a packet with its virtio header into memory and reads both; what `plan` says. */
function plan(large: Uint8Array, mtu = 65_535): number {
  memory.bytes.set(large, SOURCE - VIRTIO_HEADER_LENGTH);
  offload.read(memory.view, SOURCE - VIRTIO_HEADER_LENGTH);
  if (packet.read(memory.bytes, SOURCE, large.length - VIRTIO_HEADER_LENGTH) !== PacketVerdict.ok) return -1;
  return segmenter.plan(packet, offload, mtu);
}

function pieces(): Uint8Array[] {
  return Array.from({ length: segmenter.count }, (_, at) => {
    const length = at === segmenter.count - 1 ? segmenter.lastLength : segmenter.length;
    segmenter.write(at, TARGET + at);
    return memory.bytes.slice(TARGET + at, TARGET + at + length);
  });
}

const words: fc.Arbitrary<PacketWords> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom(6 as const, 17 as const),
    hosts: fc.tuple(fc.nat(255), fc.nat(255)),
    ports: fc.tuple(fc.nat(0xffff), fc.nat(0xffff)),
    payload: fc.uint8Array({ minLength: 1, maxLength: 4_000, size: 'max' }),
    sequence: fc.oneof(fc.nat(0xffffffff), fc.constant(0xfffffff0)),
    acknowledgement: fc.nat(0xffffffff),
    flags: fc.constantFrom(
      TcpFlag.ack,
      TcpFlag.ack | TcpFlag.psh,
      TcpFlag.ack | TcpFlag.fin | TcpFlag.psh,
      TcpFlag.ack | TcpFlag.cwr,
      TcpFlag.ack | TcpFlag.ece | TcpFlag.cwr | TcpFlag.psh,
    ),
    window: fc.nat(0xffff),
    tcpOptions: fc.constantFrom([], [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]),
    ipOptions: fc.constantFrom([], [148, 4, 0, 0], [1, 1, 1, 0]),
    hasExtension: fc.boolean(),
    identification: fc.constantFrom(0, 1, 0xfffe),
    dontFragment: fc.boolean(),
    trafficClass: fc.nat(255),
    hopLimit: fc.integer({ min: 1, max: 255 }),
  })
  .map((all) => ({ ...all, ipOptions: all.family === 4 ? all.ipOptions : [] }));

test('a large packet comes apart into exactly the packets that it stands for', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 1_500 }), (one, size) => {
      assert.equal(plan(asLarge(one, size)), PASSED);
      const expected = cut(one, size);
      const got = pieces();
      assert.equal(got.length, expected.length);
      for (const [at, piece] of got.entries()) assert.deepEqual(piece, expected[at], `piece ${at}`);
    }),
    { numRuns: 400 },
  );
});

test('TCP is cut to a smaller path than it was made for', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 600, max: 1_300 }), (one, mtu) => {
      const tcp = { ...one, protocol: 6 as const };
      assert.equal(plan(asLarge(tcp, 1_460), mtu), PASSED);
      const headers = transportStart(tcp) + 20 + (tcp.tcpOptions?.length ?? 0);
      assert.deepEqual(pieces(), cut(tcp, Math.min(1_460, mtu - headers)));
      assert.ok(segmenter.length <= mtu);
    }),
    { numRuns: 200 },
  );
});

test('a datagram that does not fit is too big: it may not be cut smaller than its sender made it', () => {
  const one: PacketWords = {
    ...{ family: 4, protocol: 17, hosts: [1, 2], ports: [3, 4] },
    payload: new Uint8Array(3_000),
  };
  assert.equal(plan(asLarge(one, 1_400), 1_400), Drop.tooBig);
  assert.equal(plan(asLarge(one, 1_372), 1_400), PASSED);
});

test('a packet that contradicts its header is malformed', () => {
  const tcp: PacketWords = {
    ...{ family: 4, protocol: 6, hosts: [1, 2], ports: [3, 4] },
    payload: new Uint8Array(3_000),
  };
  const change = (at: number, value: number) => {
    const large = asLarge(tcp, 1_000);
    large[at] = value;
    return plan(large);
  };
  assert.equal(change(1, Gso.udp), Drop.malformed, 'UDP kind');
  assert.equal(change(1, Gso.tcp6), Drop.malformed, 'other family');
  assert.equal(change(1, Gso.legacyUdp), Drop.malformed, 'kind nobody may send');
  assert.equal(change(0, 0), Drop.malformed, 'no checksum to fill in');
  assert.equal(change(VIRTIO_HEADER_LENGTH + 20 + 12, 0x40), Drop.malformed, 'TCP header too short');
  const none = asLarge(tcp, 0);
  assert.equal(plan(none), Drop.malformed, 'segments of nothing');
  const fragment = asLarge({ ...tcp, dontFragment: false }, 1_000);
  fragment[VIRTIO_HEADER_LENGTH + 6] = 0x20;
  assert.equal(plan(fragment), Drop.malformed, 'a fragment');
});

test('a checksum that was left to the card is filled in, whatever comes before the transport', () => {
  fc.assert(
    fc.property(words, (one) => {
      const large = asLarge(one, 1);
      large[1] = Gso.none;
      memory.bytes.set(large, SOURCE - VIRTIO_HEADER_LENGTH);
      offload.read(memory.view, SOURCE - VIRTIO_HEADER_LENGTH);
      const length = large.length - VIRTIO_HEADER_LENGTH;
      assert.equal(packet.read(memory.bytes, SOURCE, length), PacketVerdict.ok);
      assert.equal(segmenter.completeChecksum(packet, offload), PASSED);
      assert.deepEqual(memory.bytes.slice(SOURCE, SOURCE + length), makePacket(one));
    }),
    { numRuns: 200 },
  );
});

test('a million mutations of large packets never write outside of what was asked for', () => {
  const seeds = [
    asLarge({ family: 4, protocol: 6, hosts: [1, 2], ports: [3, 4], payload: new Uint8Array(400) }, 100),
    asLarge({ family: 6, protocol: 17, hosts: [1, 2], ports: [3, 4], payload: new Uint8Array(400) }, 90),
    asLarge(
      { family: 6, protocol: 6, hosts: [1, 2], ports: [3, 4], payload: new Uint8Array(300), hasExtension: true },
      80,
    ),
  ];
  let state = 0x2545f491;
  const next = (bound: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  const guard = TARGET + 4_096;
  memory.bytes.fill(0xa5, TARGET - 32, guard + 64);
  for (let round = 0; round < 1_000_000; round++) {
    const seed = seeds[round % seeds.length]!;
    const at = next(seed.length < 60 ? seed.length : 80);
    const kept = seed[at]!;
    seed[at] = next(256);
    const verdict = plan(seed, 60 + next(1_400));
    if (verdict === PASSED) {
      for (let piece = 0; piece < Math.min(segmenter.count, 4); piece++) segmenter.write(piece, TARGET);
      assert.ok(
        segmenter.length <= seed.length && segmenter.lastLength <= seed.length && segmenter.count <= seed.length,
      );
    } else if (verdict !== -1 && verdict === Drop.malformed) segmenter.completeChecksum(packet, offload);
    if (next(4) !== 0) seed[at] = kept;
    else if (round % 5_000 === 0)
      seed.set(
        asLarge({ family: 4, protocol: 6, hosts: [1, 2], ports: [3, 4], payload: new Uint8Array(400) }, 100).subarray(
          0,
          10,
        ),
      );
  }
  assert.ok(memory.bytes.subarray(guard, guard + 64).every((byte) => byte === 0xa5));
  assert.ok(memory.bytes.subarray(TARGET - 32, TARGET).every((byte) => byte === 0xa5));
});
