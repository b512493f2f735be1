import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '@patronus/wire';
import fc from 'fast-check';
import {
  internetChecksum,
  ipv4HeaderIsIntact,
  partialSum,
  transportIsIntact,
  updateChecksum,
  writeIpv4HeaderChecksum,
  writeTransportChecksum,
} from './checksum.ts';

test('the example of RFC 1071 §3 gives its sum', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  assert.equal(partialSum(bytes, 0, 8), 0xddf2);
  assert.equal(internetChecksum(bytes, 0, 8), 0x220d);
});

test('the example of RFC 1624 §4 gives zero and not minus zero', () => {
  assert.equal(updateChecksum(0xdd2f, 0x5555, 0x3285), 0x0000);
});

test('a known IPv4 header is found intact, and damaged when a bit flips', () => {
  const header = fromHex('45000073000040004011b861c0a80001c0a800c7')!;
  assert.ok(ipv4HeaderIsIntact(header, 0, 20));
  const rewritten = Uint8Array.from(header);
  writeIpv4HeaderChecksum(rewritten, 0, 20);
  assert.deepEqual(rewritten, header);
  for (let bit = 0; bit < 160; bit++) {
    const damaged = Uint8Array.from(header);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!ipv4HeaderIsIntact(damaged, 0, 20));
  }
});

test('the longest packet does not overflow the sum', () => {
  assert.equal(
    partialSum(new Uint8Array(65535).fill(0xff), 0, 65535, 0xffff),
    partialSum(Uint8Array.of(0xff, 0), 0, 2),
  );
});

/** RFC 1071 §1 word for word, in BigInt, to hold the fast one against. */
function slowSum(bytes: Uint8Array): number {
  let sum = 0n;
  bytes.forEach((byte, at) => {
    sum += BigInt(byte) << (at % 2 === 0 ? 8n : 0n);
  });
  while (sum > 0xffffn) sum = (sum & 0xffffn) + (sum >> 16n);
  return Number(sum);
}

test('the sum of any stretch is the sum of RFC 1071, and chains over even stretches', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(100), (bytes, offset, cut) => {
      const buffer = new Uint8Array(offset + bytes.length + 7).fill(0xaa);
      buffer.set(bytes, offset);
      assert.equal(partialSum(buffer, offset, bytes.length), slowSum(bytes));
      const even = Math.min(cut * 2, bytes.length & ~1);
      const first = partialSum(buffer, offset, even);
      assert.equal(partialSum(buffer, offset + even, bytes.length - even, first), slowSum(bytes));
    }),
  );
});

test('changing a word and updating is the same as summing again', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 60 }),
      fc.nat(9),
      fc.nat(0xffff),
      (bytes, wordIndex, newWord) => {
        const even = bytes.subarray(0, bytes.length & ~1);
        // A header is never all zero, which is the one case where the two spellings of zero differ.
        even[0] = 0x45;
        even[1] = 0;
        const at = 2 + wordIndex * 2 > even.length - 2 ? 2 : 2 + wordIndex * 2;
        const before = internetChecksum(even, 0, even.length);
        const oldWord = (even[at]! << 8) | even[at + 1]!;
        even[at] = newWord >> 8;
        even[at + 1] = newWord & 0xff;
        assert.equal(updateChecksum(before, oldWord, newWord), internetChecksum(even, 0, even.length));
      },
    ),
  );
});

test('written transport checksums are found intact for both families, any length and any start', () => {
  const protocols = fc.constantFrom<readonly [number, number]>([6, 16], [17, 6], [58, 2]);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 120 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      protocols,
      fc.constantFrom(4, 6),
      fc.nat(9),
      (transport, addresses, [protocol, field], family, start) => {
        const buffer = new Uint8Array(start + 32 + transport.length);
        buffer.set(addresses, start);
        buffer.set(transport, start + 32);
        writeTransportChecksum(buffer, family, start, protocol, start + 32, transport.length, field);
        assert.ok(transportIsIntact(buffer, family, start, protocol, start + 32, transport.length));
        if (protocol === 17) assert.notEqual((buffer[start + 38]! << 8) | buffer[start + 39]!, 0);
      },
    ),
  );
});
