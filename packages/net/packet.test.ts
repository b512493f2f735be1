import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '@patronus/wire';
import fc from 'fast-check';
import { PacketVerdict, PacketView } from './packet.ts';

const view = new PacketView();

/** An IPv6 header before `payload`, documentation addresses (RFC 3849). */
function ipv6(nextHeader: number, payload: readonly number[]): Uint8Array {
  const header = new Uint8Array(40);
  header.set([0x6b, 0x80, 0, 0, payload.length >> 8, payload.length & 0xff, nextHeader, 64]);
  header.set([0x20, 0x01, 0x0d, 0xb8], 8);
  header.set([0x20, 0x01, 0x0d, 0xb8], 24);
  header[23] = 1;
  header[39] = 2;
  return Uint8Array.of(...header, ...payload);
}

const udp = [0x0e, 0xc8, 0x30, 0x39, 0, 8, 0, 0];

test('a UDP packet over IPv4 shows its addresses, protocol, ports and class, and padding is not part of it', () => {
  const packet = fromHex('45b8001c000040003f11b861c0a80001c0a800c70ec830390008000000000000')!;
  const buffer = Uint8Array.of(9, 9, 9, ...packet);
  assert.equal(view.read(buffer, 3, packet.length), PacketVerdict.ok);
  assert.equal(view.family, 4);
  assert.equal(view.totalLength, 28);
  assert.equal(view.trafficClass, 0xb8);
  assert.equal(view.hopLimit, 63);
  assert.deepEqual([...buffer.subarray(view.sourceOffset, view.sourceOffset + 4)], [192, 168, 0, 1]);
  assert.deepEqual([...buffer.subarray(view.destinationOffset, view.destinationOffset + 4)], [192, 168, 0, 199]);
  assert.deepEqual([view.protocol, view.sourcePort, view.destinationPort], [17, 3784, 12345]);
  assert.deepEqual([view.transportOffset, view.transportLength], [23, 8]);
  assert.equal(view.isFragment, false);
});

test('ports behind IPv4 options and IPv6 extension headers are found', () => {
  const options = Uint8Array.of(0x46, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1, ...udp);
  assert.equal(view.read(options, 0, 32), PacketVerdict.ok);
  assert.deepEqual([view.sourcePort, view.destinationPort], [3784, 12345]);

  const hopByHop = [60, 0, 1, 4, 0, 0, 0, 0];
  const destination = [51, 1, ...new Array<number>(14).fill(0)];
  const authentication = [17, 4, ...new Array<number>(22).fill(0)];
  const packet = ipv6(0, [...hopByHop, ...destination, ...authentication, ...udp]);
  assert.equal(view.read(packet, 0, packet.length), PacketVerdict.ok);
  assert.deepEqual([view.family, view.protocol, view.trafficClass], [6, 17, 0xb8]);
  assert.deepEqual([view.sourcePort, view.destinationPort], [3784, 12345]);
  assert.equal(view.transportOffset, 40 + 8 + 16 + 24);
});

test('a first fragment shows its ports and a later one shows none', () => {
  const first = ipv6(44, [17, 0, 0, 1, 0, 0, 0, 1, ...udp]);
  assert.equal(view.read(first, 0, first.length), PacketVerdict.ok);
  assert.deepEqual([view.isFragment, view.sourcePort], [true, 3784]);
  const later = ipv6(44, [17, 0, 0, 8, 0, 0, 0, 1, ...udp]);
  assert.equal(view.read(later, 0, later.length), PacketVerdict.ok);
  assert.deepEqual([view.isFragment, view.protocol, view.sourcePort], [true, 17, 0]);
  const later4 = fromHex('4500001c000000014011b861c0a80001c0a800c70ec8303900080000')!;
  assert.equal(view.read(later4, 0, later4.length), PacketVerdict.ok);
  assert.deepEqual([view.isFragment, view.protocol, view.sourcePort], [true, 17, 0]);
});

test('what is not IP, too short or senseless has its own verdict', () => {
  const verdict = (packet: Uint8Array) => view.read(packet, 0, packet.length);
  assert.equal(verdict(new Uint8Array(0)), PacketVerdict.truncated);
  assert.equal(verdict(Uint8Array.of(0x10, 1, 2)), PacketVerdict.notIp);
  assert.equal(verdict(fromHex('44000014000040004011b861c0a80001c0a800c7')!), PacketVerdict.malformed);
  assert.equal(verdict(fromHex('45000013000040004011b861c0a80001c0a800c7')!), PacketVerdict.malformed);
  assert.equal(verdict(fromHex('45000073000040004011b861c0a80001c0a800c7')!), PacketVerdict.truncated);
  assert.equal(verdict(ipv6(17, [1, 2, 3])), PacketVerdict.truncated, 'ports cut in half');
  assert.equal(verdict(ipv6(0, [17, 9, 0, 0, 0, 0, 0, 0])), PacketVerdict.truncated, 'a header longer than the packet');
});

test('an endless chain of extension headers is given up', () => {
  const chain = new Array(9).fill([60, 0, 0, 0, 0, 0, 0, 0]).flat();
  const packet = ipv6(60, chain);
  assert.equal(view.read(packet, 0, packet.length), PacketVerdict.tooManyHeaders);
});

test('every truncation of a good packet is refused', () => {
  const packet = ipv6(0, [17, 0, 1, 4, 0, 0, 0, 0, ...udp]);
  for (let length = 0; length < packet.length; length++) {
    assert.notEqual(view.read(packet, 0, length), PacketVerdict.ok, `${length} bytes`);
  }
});

test('random bytes never throw, and whatever is accepted lies inside the packet', () => {
  const nearlyIp = fc
    .tuple(fc.constantFrom(0x45, 0x46, 0x60), fc.uint8Array({ minLength: 40, maxLength: 120 }))
    .map(([first, bytes]) => {
      bytes[0] = first;
      bytes[2] = 0;
      if (first === 0x60) bytes[4] = 0;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), nearlyIp), (bytes) => {
      if (view.read(bytes, 0, bytes.length) !== PacketVerdict.ok) return;
      assert.ok(view.totalLength <= bytes.length);
      assert.ok(view.transportOffset + view.transportLength === view.totalLength);
      assert.ok(view.destinationOffset + (view.family === 4 ? 4 : 16) <= view.totalLength);
    }),
    { numRuns: 20000 },
  );
});

test('a million mutations of good packets never throw or point outside the packet', () => {
  const seeds = [
    fromHex('45b8001c000040003f11b861c0a80001c0a800c70ec830390008000000000000')!,
    ipv6(0, [60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 1, ...udp]),
    ipv6(51, [6, 2, ...new Array<number>(14).fill(0), ...new Array<number>(20).fill(0)]),
  ];
  // Marsaglia's xorshift32: the same mutations on every run.
  let state = 0x2545f491;
  const next = (bound: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  let outside = 0;
  for (let round = 0; round < 1_000_000; round++) {
    const packet = seeds[round % seeds.length]!;
    const at = next(packet.length);
    const kept = packet[at]!;
    packet[at] = next(256);
    const length = next(4) === 0 ? next(packet.length + 1) : packet.length;
    if (view.read(packet, 0, length) === PacketVerdict.ok) {
      if (view.totalLength > length || view.transportOffset + view.transportLength !== view.totalLength) outside++;
    }
    // Some changes stay, so that they add up; the seeds are bent back from time to time by later ones.
    if (next(8) !== 0) packet[at] = kept;
  }
  assert.equal(outside, 0);
});
