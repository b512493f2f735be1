import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiscardReason } from '../discards.ts';
import { decoded, fast, Network, seeded } from '../simulation.ts';
import { ControlPacket, decodeControl, encodeControl, LONGEST_CONTROL, MANDATORY_LENGTH, states } from './control.ts';
import { decodeEcho, ECHO_LENGTH, encodeEcho } from './echo.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const packets = fc
  .record({
    diagnostic: fc.integer({ min: 0, max: 31 }),
    state: fc.constantFrom(...states),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMultiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    desiredMinTxIntervalUs: u32,
    requiredMinRxIntervalUs: u32,
    requiredMinEchoRxIntervalUs: u32,
  })
  .map((fields) => Object.assign(new ControlPacket(), { ...fields, length: MANDATORY_LENGTH }));

test('what is written is read again, anywhere in a buffer', () => {
  fc.assert(
    fc.property(packets, fc.integer({ min: 0, max: 40 }), (packet, offset) => {
      const bytes = new Uint8Array(100).fill(0xaa);
      encodeControl(bytes, offset, packet);
      const read = new ControlPacket();
      assert.equal(decodeControl(bytes, offset, 100 - offset, read), undefined);
      assert.deepEqual(read, packet);
      assert.equal(bytes[offset + MANDATORY_LENGTH], 0xaa);
    }),
  );
});

test('the bytes are those of RFC 5880 §4.1', () => {
  const packet = Object.assign(new ControlPacket(), {
    ...{ diagnostic: 7, state: 'up', poll: true, demand: true, controlPlaneIndependent: true, length: 24 },
    ...{ detectMultiplier: 3, myDiscriminator: 0x01020304, yourDiscriminator: 0xfffefdfc },
    ...{ desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 1, requiredMinEchoRxIntervalUs: 0 },
  });
  const bytes = new Uint8Array(24);
  encodeControl(bytes, 0, packet);
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    ['27ea0318', '01020304', 'fffefdfc', '0000c350', '00000001', '00000000'].join(''),
  );
});

test('every truncation is refused, and so is a length beyond the payload', () => {
  fc.assert(
    fc.property(packets, (packet) => {
      const bytes = new Uint8Array(MANDATORY_LENGTH);
      encodeControl(bytes, 0, packet);
      const read = new ControlPacket();
      for (let length = 0; length < MANDATORY_LENGTH; length++) {
        assert.equal(decodeControl(bytes, 0, length, read), 'badLength');
        assert.equal(decodeControl(bytes.subarray(0, length), 0, MANDATORY_LENGTH, read), 'badLength');
      }
      bytes[3] = MANDATORY_LENGTH + 1;
      assert.equal(decodeControl(bytes, 0, MANDATORY_LENGTH, read), 'lengthBeyondPayload');
    }),
  );
});

const damages: readonly (readonly [string, (bytes: Uint8Array) => void, DiscardReason])[] = [
  ['version 0', (bytes) => (bytes[0] = 0), 'badVersion'],
  ['version 2', (bytes) => (bytes[0] = 0x40), 'badVersion'],
  ['a length of 23', (bytes) => (bytes[3] = 23), 'badLength'],
  ['the A bit and a length of 25', (bytes) => bytes.set([0xc4, 3, 25], 1), 'badLength'],
  ['a Detect Mult of 0', (bytes) => (bytes[2] = 0), 'zeroDetectMultiplier'],
  ['the M bit', (bytes) => (bytes[1]! |= 1), 'multipoint'],
  ['a My Discriminator of 0', (bytes) => bytes.fill(0, 4, 8), 'zeroMyDiscriminator'],
  ['a Your Discriminator of 0 in Up', (bytes) => bytes.fill(0, 8, 12), 'zeroYourDiscriminator'],
];
for (const [what, damage, reason] of damages) {
  test(`a packet with ${what} is discarded as ${reason}`, () => {
    const bytes = new Uint8Array(30);
    bytes.set([0x20, 0xc0, 3, 24, 0, 0, 0, 1, 0, 0, 0, 2]);
    const read = new ControlPacket();
    assert.equal(decodeControl(bytes, 0, 30, read), undefined);
    damage(bytes);
    assert.equal(decodeControl(bytes, 0, 30, read), reason);
  });
}

test('random bytes are never read beyond their end, and never throw', () => {
  const next = seeded(0x5880);
  const read = new ControlPacket();
  const memory = new Uint8Array(LONGEST_CONTROL + 8);
  for (let count = 0; count < 200_000; count++) {
    const length = next() % memory.length;
    for (let at = 0; at < length; at++) memory[at] = next();
    if (count % 2 === 0) memory[0] = 0x20 | (memory[0]! & 0x1f);
    if (decodeControl(memory, 0, length, read) === undefined) assert.ok(read.length <= length);
  }
});

test('a million spoofed and damaged packets change no state', { timeout: 60_000 }, () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(10_000, () => network.bothUp);
  network.run(1_000);
  const [one] = network.ends;
  const next = seeded(0xdead);
  const template = network.sent.filter(({ from }) => from === 'other').at(-1)!.bytes;
  const bytes = new Uint8Array(template.length);
  const { receivedPackets } = one.session;
  for (let count = 0; count < 1_000_000; count++) {
    bytes.set(template);
    // Off the path nobody knows the discriminator: every one of these guesses it, or spoils something before it.
    const kind = count % 8;
    if (kind === 0) bytes[0] = next() & 0xdf;
    else if (kind === 1) bytes[3] = next() % 24;
    else if (kind === 2) bytes[2] = 0;
    else if (kind === 3) bytes[1]! |= count % 16 === 3 ? 1 : 4;
    else if (kind === 4) bytes.fill(0, 4, 8);
    else if (kind === 5) bytes.fill(0, 8, 12);
    else for (let at = 8; at < 12; at++) bytes[at] = next();
    network.deliver(one, kind === 7 ? bytes.subarray(0, next() % 24) : bytes);
  }
  const { discards } = one.session;
  assert.equal(one.session.receivedPackets, receivedPackets);
  assert.equal(one.session.state, 'up');
  const reasons = Object.entries(discards).filter(([, times]) => times > 0);
  assert.ok(reasons.length >= 7, reasons.map(([reason]) => reason).join(' '));
  network.run(5_000);
  assert.ok(network.bothUp);
  assert.equal(one.session.downs, 0);
  assert.ok(decoded(template));
});

test('an echo packet is read again, and nothing of another length is one', () => {
  const bytes = new Uint8Array(32);
  const packet = { discriminator: 1, sequence: 0xffff_ffff, tokenHigh: 0x8000_0000, tokenLow: 7 };
  encodeEcho(bytes, 4, packet);
  const read = { discriminator: 0, sequence: 0, tokenHigh: 0, tokenLow: 0 };
  assert.equal(decodeEcho(bytes, 4, ECHO_LENGTH, read), true);
  assert.deepEqual(read, packet);
  for (let length = 0; length < 32; length++) {
    if (length !== ECHO_LENGTH) assert.equal(decodeEcho(bytes, 0, length, read), false);
  }
  assert.equal(decodeEcho(bytes, 20, ECHO_LENGTH, read), false);
});
