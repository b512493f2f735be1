import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '@patronus/testkit';
import fc from 'fast-check';
import {
  type Announce,
  decodeFrame,
  encodeFrame,
  FRAME_HEADER_LENGTH,
  type Probe,
  packetFrameLength,
  writePacketHeader,
} from './overlay.ts';

const announces = fc.record<Announce>({
  type: fc.constant('announce'),
  version: fc.integer({ min: 0, max: 255 }),
  capabilities: fc.integer({ min: 0, max: 0xffffffff }),
  wantsAnswer: fc.boolean(),
});
const probes = fc.record<Probe>({
  type: fc.constantFrom('probe', 'probeReply'),
  sequence: fc.integer({ min: 0, max: 0xffffffff }),
  sentAtUs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const frames = fc.oneof(announces, probes);

test('a frame is read back as it was written, whatever padding follows', () => {
  fc.assert(
    fc.property(frames, fc.uint8Array({ maxLength: 16 }), (frame, padding) => {
      const decoded = decodeFrame(Uint8Array.from([...encodeFrame(frame), ...padding]));
      assert.deepEqual(decoded, { ok: true, value: { ...frame } });
    }),
  );
});

test('a frame cut anywhere is truncated', () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const bytes = encodeFrame(frame).slice();
      for (let length = 0; length < bytes.length; length++) {
        assert.deepEqual(decodeFrame(bytes.subarray(0, length)), { ok: false, error: 'truncated' });
      }
    }),
  );
});

test('a body that is longer than we know is read as far as we know it', () => {
  const bytes = encodeFrame({ type: 'probe', sequence: 7, sentAtUs: 9n }).slice();
  const longer = Uint8Array.from([...bytes, 1, 2, 3]);
  longer[4]! += 3;
  assert.deepEqual(decodeFrame(longer), { ok: true, value: { type: 'probe', sequence: 7, sentAtUs: 9n } });
});

test('a type of a later release is told from a damaged frame', () => {
  assert.deepEqual(decodeFrame(Uint8Array.of(0x09, 0, 0, 0, 1, 42)), { ok: false, error: 'unknown' });
  assert.deepEqual(decodeFrame(Uint8Array.of(0x45, 0, 0, 0, 1, 42)), { ok: false, error: 'notFrame' });
});

test('a carried packet names its segment and where it lies', () => {
  const bytes = new Uint8Array(60);
  writePacketHeader(bytes, 0, 0xabcd, 40);
  assert.deepEqual(decodeFrame(bytes), { ok: true, value: { type: 'packet', segment: 0xabcd, offset: 5, length: 40 } });
  assert.equal(packetFrameLength(bytes, 0, 60), 40);
  assert.equal(packetFrameLength(bytes, 0, 44), -1);
  assert.equal(packetFrameLength(bytes, 0, FRAME_HEADER_LENGTH - 1), -1);
});

test('random bytes are read or refused, and what is read lies inside them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const decoded = decodeFrame(bytes);
      if (decoded.ok && decoded.value.type === 'packet') {
        assert.ok(decoded.value.offset + decoded.value.length <= bytes.length);
      }
    }),
    { numRuns: 20_000 },
  );
});

test('a million mutated frames are read or refused, and what is read lies inside them', () => {
  const next = seededNumbers(0x5eed);
  const probe = encodeFrame({ type: 'probe', sequence: 7, sentAtUs: 1_234_567n });
  const packet = new Uint8Array(64);
  writePacketHeader(packet, 0, 3, 40);
  for (let round = 0; round < 1_000_000; round++) {
    const template = (round & 1) === 0 ? probe : packet;
    const bytes = template.slice(0, next() % (template.length + 1));
    for (let changes = next() % 4; changes > 0 && bytes.length > 0; changes--) bytes[next() % bytes.length] = next();
    const decoded = decodeFrame(bytes);
    if (!decoded.ok || decoded.value.type !== 'packet') continue;
    if (decoded.value.offset + decoded.value.length > bytes.length) assert.fail(`round ${round} reads past its end`);
  }
});
