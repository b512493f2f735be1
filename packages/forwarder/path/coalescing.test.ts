import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketVerdict, PacketView } from '@patronus/net';
import fc from 'fast-check';
import { loadKernels } from '../host/loadKernels.ts';
import { type TunOffloads, VIRTIO_HEADER_LENGTH } from '../io.ts';
import '../kernels/build.mjs';
import { createMemory, Layout } from '../memory.ts';
import { Coalescer } from './coalescing.ts';
import { cutWritten, makePacket, type PacketWords, TcpFlag } from './largePackets.ts';

const memory = createMemory();
const kernels = loadKernels(memory.memory);
const ALL: TunOffloads = { tcp4: true, tcp6: true, udp4: true, udp6: true };

/** What is written to the TUN when these packets come in one turn, each write with its virtio header. */
function writesOf(packets: readonly Uint8Array[], tunOffloads = ALL): Uint8Array[] {
  const writes: Uint8Array[] = [];
  const coalescer = new Coalescer(
    memory,
    kernels,
    {
      tunOffloads,
      writeTun: (offset, length) => {
        const write = new Uint8Array(VIRTIO_HEADER_LENGTH + length);
        write.set(memory.bytes.subarray(offset, offset + length), VIRTIO_HEADER_LENGTH);
        writes.push(write);
        return true;
      },
      writeTunPieces: (pieces, count) => {
        const parts = Array.from({ length: count }, (_, at) =>
          memory.bytes.slice(pieces[at * 2]!, pieces[at * 2]! + pieces[at * 2 + 1]!),
        );
        writes.push(new Uint8Array(Buffer.concat(parts)));
        return true;
      },
    },
    () => assert.fail('nothing is refused here'),
  );
  let at = Layout.udpSlots;
  const packet = new PacketView();
  for (const bytes of packets) {
    at += 64;
    memory.bytes.set(bytes, at);
    assert.equal(packet.read(memory.bytes, at, bytes.length), PacketVerdict.ok);
    coalescer.add(packet);
    at += bytes.length + (bytes.length & 1);
  }
  coalescer.flush();
  return writes;
}

interface Step {
  readonly flow: number;
  readonly length: number;
  readonly event: 'next' | 'push' | 'gap' | 'damage' | 'syn' | 'cwr' | 'class' | 'window' | 'fragmentable';
}

/** Flows that send on, with what may happen in between. */
function packetsOf(steps: readonly Step[]): Uint8Array[] {
  const sequences = [1_000, 0xffffff00, 5, 7, 9, 11];
  const identifications = [0, 65_530, 1, 1, 1, 1];
  return steps.map(({ flow, length, event }) => {
    const words: PacketWords = {
      family: flow % 2 === 0 ? 4 : 6,
      protocol: flow < 4 ? 6 : 17,
      hosts: [1, flow < 2 ? 2 : 3],
      ports: [1_000 + (flow >> 1), 80],
      payload: Uint8Array.from({ length }, (_, at) => at * 7 + flow),
      sequence: (sequences[flow]! + (event === 'gap' ? 100 : 0)) >>> 0,
      identification: identifications[flow]!,
      dontFragment: event !== 'fragmentable',
      flags:
        TcpFlag.ack |
        (event === 'push' ? TcpFlag.psh : event === 'syn' ? TcpFlag.syn : event === 'cwr' ? TcpFlag.cwr : 0),
      trafficClass: event === 'class' ? 3 : 0,
      window: event === 'window' ? 77 : 500,
      tcpOptions: flow === 3 ? [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] : [],
    };
    sequences[flow] = (words.sequence! + length) >>> 0;
    identifications[flow] = (identifications[flow]! + 1) & 0xffff;
    const packet = makePacket(words);
    if (event === 'damage') packet[packet.length - 1]! ^= 0x55;
    return packet;
  });
}

const step: fc.Arbitrary<Step> = fc.record({
  flow: fc.nat(5),
  length: fc.constantFrom(1, 7, 100, 100, 100, 100, 100, 333),
  event: fc.constantFrom<Step['event'][]>(
    ...([
      'next',
      'next',
      'next',
      'next',
      'next',
      'next',
      'push',
      'gap',
      'damage',
      'syn',
      'cwr',
      'class',
      'window',
    ] as const),
    'fragmentable',
  ),
});

/** What a flow is known by: addresses and ports. */
function flowName(packet: Uint8Array): string {
  const [from, to, ports] = packet[0]! >>> 4 === 4 ? [12, 20, 20] : [8, 40, 40];
  return `${packet.subarray(from, to)}/${packet.subarray(ports, ports + 4)}`;
}

test('whatever comes, the host gets exactly those packets, and those of one flow in their order', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (steps) => {
      const packets = packetsOf(steps);
      const got = writesOf(packets).flatMap(cutWritten);
      assert.equal(got.length, packets.length);
      const expected = Map.groupBy(packets, flowName);
      for (const [flow, all] of Map.groupBy(got, flowName)) assert.deepEqual(all, expected.get(flow));
    }),
    { numRuns: 400 },
  );
});

const next = (flow: number, length = 100): Step => ({ flow, length, event: 'next' });

test('a burst of one connection is one write, and two interleaved ones are two', () => {
  assert.equal(writesOf(packetsOf(Array.from({ length: 40 }, () => next(0)))).length, 1);
  assert.equal(writesOf(packetsOf(Array.from({ length: 40 }, (_, at) => next(at % 4)))).length, 4);
});

test('equal datagrams are one write, and a shorter one ends it', () => {
  const datagrams = [next(4), next(4), next(4, 7), next(4)];
  assert.equal(writesOf(packetsOf(datagrams)).length, 2);
});

test('a packet whose checksum is wrong goes on alone and as it came', () => {
  const packets = packetsOf([next(0), { ...next(0), event: 'damage' }, next(0)]);
  const writes = writesOf(packets);
  assert.equal(writes.length, 3);
  assert.deepEqual(writes[1]!.subarray(VIRTIO_HEADER_LENGTH), packets[1]);
});

test('nothing is merged that the TUN would not take', () => {
  const packets = packetsOf(Array.from({ length: 8 }, (_, at) => next(at % 6)));
  const none = { tcp4: false, tcp6: false, udp4: false, udp6: false };
  assert.deepEqual(
    writesOf(packets, none).map((write) => write.subarray(VIRTIO_HEADER_LENGTH)),
    packets,
  );
});
