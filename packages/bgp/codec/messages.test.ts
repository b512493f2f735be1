/** Headers, OPEN, NOTIFICATION and ROUTE-REFRESH, and what no bytes may do to any of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '@patronus/testkit';
import { fromHex } from '@patronus/wire';
import fc from 'fast-check';
import { asPathLength, mergeAs4Path } from './attributes/asPath.ts';
import type { Capability } from './capabilities.ts';
import { type MessageError, noticeName } from './errors.ts';
import { familyName, IPV4_FLOW, IPV4_UNICAST, IPV6_UNICAST } from './families.ts';
import { frame, HEADER_LENGTH, KEEPALIVE, MessageType, readHeader } from './header.ts';
import { decodeFlowRules, encodeFlowRules, type FlowRule } from './nlri/flowSpec.ts';
import { decodePrefixes, type NlriPrefix, prefixSize, writePrefix } from './nlri/prefixes.ts';
import { decodeNotification, encodeCommunication, encodeNotification } from './notification.ts';
import { decodeOpen, encodeOpen } from './open.ts';
import { decodeRouteRefresh, encodeRouteRefresh } from './routeRefresh.ts';
import { attribute, decodeUpdate, encodeUpdate, type Negotiated } from './update.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex)!;
const bodyOf = (message: Uint8Array) => message.subarray(HEADER_LENGTH);
const negotiated: Negotiated = { isFourOctetAs: true, isExternal: true, addPath: new Set() };

test('a header is refused by its marker, its length and its type, in this order (RFC 4271 §6.1)', () => {
  const refusal = (change: (message: Uint8Array) => void, isExtended = false) => {
    const message = KEEPALIVE.slice();
    change(message);
    const read = readHeader(message, 0, message.length, isExtended);
    return read?.ok === false ? `${read.error.code}/${read.error.subcode}` : read?.ok;
  };
  assert.equal(
    refusal(() => undefined),
    true,
  );
  assert.equal(
    refusal((message) => message.set([0], 3)),
    '1/1',
  );
  assert.equal(
    refusal((message) => message.set([0, 18], 16)),
    '1/2',
  );
  assert.equal(
    refusal((message) => message.set([0, 20], 16)),
    '1/2',
    'a KEEPALIVE is a header and nothing else',
  );
  assert.equal(
    refusal((message) => message.set([0x10, 1, 2], 16)),
    '1/2',
  );
  assert.equal(
    refusal((message) => message.set([0x10, 1, 2], 16), true),
    true,
    'longer than 4,096 once both ends agreed (RFC 8654)',
  );
  assert.equal(
    refusal((message) => message.set([9], 18)),
    '1/3',
  );
  assert.equal(readHeader(KEEPALIVE, 0, 18, false), undefined, 'and more bytes are waited for');
});

const family = fc.constantFrom(IPV4_UNICAST, IPV6_UNICAST, IPV4_FLOW);
const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ code: fc.constant(1 as const), family }),
  fc.constant<Capability>({ code: 2 }),
  fc.record({
    code: fc.constant(5 as const),
    nextHops: fc.array(fc.record({ family, nextHopAfi: fc.constantFrom(1, 2) }), { minLength: 1, maxLength: 3 }),
  }),
  fc.constant<Capability>({ code: 6 }),
  fc.record({ code: fc.constant(9 as const), role: fc.constantFrom('provider' as const, 'customer' as const) }),
  fc.record({
    code: fc.constant(64 as const),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    restartTime: fc.integer({ min: 0, max: 4095 }),
    families: fc.array(fc.record({ family, forwarding: fc.boolean() }), { maxLength: 3 }),
  }),
  fc.record({ code: fc.constant(65 as const), as: fc.integer({ min: 1, max: 0xffff_ffff }) }),
  fc.record({
    code: fc.constant(69 as const),
    families: fc.array(
      fc.record({ family, mode: fc.constantFrom('receive' as const, 'send' as const, 'both' as const) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  }),
  fc.record({
    code: fc.constant(71 as const),
    families: fc.array(
      fc.record({ family, forwarding: fc.boolean(), staleTime: fc.integer({ min: 0, max: 0xff_ffff }) }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    code: fc.constant(73 as const),
    hostName: fc.string({ maxLength: 20 }),
    domainName: fc.string({ maxLength: 20 }),
  }),
  fc.record({
    code: fc.constant('unknown' as const),
    number: fc.constant(200),
    value: fc.uint8Array({ maxLength: 200 }),
  }),
);

test('an OPEN comes out as it went in, also with more parameters than 255 bytes hold (RFC 9072)', () => {
  fc.assert(
    fc.property(
      fc.array(capability, { maxLength: 12 }),
      fc.integer({ min: 1, max: 0xffff }),
      fc.constantFrom(0, 3, 90, 65_535),
      fc.integer({ min: 1, max: 0xffff_ffff }),
      (capabilities, as, holdTime, identifier) => {
        const told = structuredClone(capabilities.filter(({ code }) => code !== 65));
        const read = decodeOpen(bodyOf(encodeOpen({ as, holdTime, identifier, capabilities: told })));
        assert.ok(read.ok, JSON.stringify(read));
        assert.deepEqual({ ...read.value.capabilities }, { ...told });
        assert.deepEqual([read.value.as, read.value.holdTime, read.value.identifier], [as, holdTime, identifier]);
      },
    ),
  );
});

test('an AS number of four bytes is told by its capability, and AS_TRANS stands in its place (RFC 6793 §9)', () => {
  const open = {
    as: 4_200_000_001,
    holdTime: 90,
    identifier: 1,
    capabilities: [{ code: 65, as: 4_200_000_001 }] as const,
  };
  const read = decodeOpen(bodyOf(encodeOpen(open)));
  assert.ok(read.ok);
  assert.deepEqual([read.value.as, read.value.twoOctetAs], [4_200_000_001, 23_456]);
});

test('an OPEN is refused for its version, AS, identifier, hold time and parameters (RFC 4271 §6.2)', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['03fde9005a0a00000100', '2/1'],
    ['040000005a0a00000100', '2/2'],
    ['04fde9005a0000000000', '2/3'],
    ['04fde900020a00000100', '2/6'],
    ['04fde9005a0a0000010401020000', '2/4'],
    ['04fde9005a0a00000105020601', '2/0'],
    ['04fde9005a0a0000010402030104', '2/0'],
  ];
  for (const [hex, notice] of refused) {
    const read = decodeOpen(bytes(hex));
    assert.equal(read.ok ? 'taken' : `${read.error.code}/${read.error.subcode}`, notice, hex);
  }
});

test('a shutdown carries what its operator wrote, and nonsense in its place is nothing (RFC 9003)', () => {
  const data = encodeCommunication('Wartung bis 6 Uhr — 🚧'.repeat(20));
  assert.ok(data.length <= 256);
  const read = decodeNotification(bodyOf(encodeNotification({ code: 6, subcode: 2, data })));
  assert.match(read.communication!, /^Wartung bis 6 Uhr — 🚧/);
  for (const hex of ['0602', '0602ff41', '060202c328', '060200']) {
    assert.equal(decodeNotification(bytes(hex)).communication, null, hex);
  }
  assert.equal(noticeName(6, 2), 'cease: administrative shutdown (6/2)');
  assert.equal(noticeName(9, 9), 'code 9 (9/9)');
});

test('a refresh and its borders are told apart (RFC 7313)', () => {
  for (const kind of ['request', 'begin', 'end'] as const) {
    const read = decodeRouteRefresh(bodyOf(encodeRouteRefresh(IPV6_UNICAST, kind)));
    assert.deepEqual(read.ok && read.value, { family: IPV6_UNICAST, kind });
  }
  const long = decodeRouteRefresh(bytes('0001010100'));
  assert.equal(!long.ok && `${long.error.code}/${long.error.subcode}`, '7/1');
  assert.equal(familyName(IPV4_FLOW), 'ipv4 flow');
});

test('prefixes come out as they went in, with and without path identifiers, and bits behind their length are cleared', () => {
  const prefix = fc.record({
    pathId: fc.integer({ min: 0, max: 0xffff_ffff }),
    length: fc.integer({ min: 0, max: 32 }),
    address: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(prefix), fc.boolean(), (prefixes, hasPathIds) => {
      const room = prefixes.reduce((sum, { length }) => sum + prefixSize(length, hasPathIds), 0);
      const written = new Uint8Array(room);
      const end = prefixes.reduce((at, one) => writePrefix(written, at, one, hasPathIds), 0);
      assert.equal(end, room);
      const expected = prefixes.map(({ pathId, length, address }): NlriPrefix => {
        const value = new DataView(address.slice().buffer).getUint32(0);
        const masked = length === 0 ? 0 : (value & (0xffff_ffff << (32 - length))) >>> 0;
        const bytesOf = new Uint8Array(4);
        new DataView(bytesOf.buffer).setUint32(0, masked);
        return { pathId: hasPathIds ? pathId : 0, length, address: bytesOf };
      });
      assert.deepEqual(decodePrefixes(written, 0, room, 4, hasPathIds), expected);
      // A last prefix of length 0 without an identifier is one byte, and what is before it is whole without it.
      const isOneByte = (prefixes.at(-1)?.length ?? 0) === 0 && !hasPathIds;
      if (room > 0 && !isOneByte) assert.equal(decodePrefixes(written, 0, room - 1, 4, hasPathIds), undefined);
    }),
    { examples: [[[{ pathId: 1, length: 8, address: Uint8Array.of(10, 1, 1, 1) }], true]] },
  );
});

test('flow rules come out as they went in, and out of order or cut they are none (RFC 8955 §4)', () => {
  const rules: FlowRule[] = [
    {
      components: [
        { type: 1, length: 24, offset: 0, pattern: Uint8Array.of(192, 0, 2) },
        { type: 3, terms: [{ operator: 1, value: 6n, size: 1 }] },
        {
          type: 5,
          terms: [
            { operator: 3, value: 8_000n, size: 2 },
            { operator: 0x45, value: 8_080n, size: 2 },
          ],
        },
        { type: 12, terms: [{ operator: 1, value: 2n, size: 1 }] },
      ],
    },
    {
      components: Array.from({ length: 1 }, () => ({
        type: 4,
        terms: Array.from({ length: 90 }, (_, n) => ({ operator: 1, value: BigInt(n), size: 2 as const })),
      })),
    },
  ];
  const written = encodeFlowRules(rules, 4);
  assert.deepEqual(decodeFlowRules(written, 4), rules);
  for (let cut = 1; cut < written.length; cut++) {
    const read = decodeFlowRules(written.subarray(0, cut), 4);
    assert.ok(read === undefined || read.length === 1, `cut at ${cut}`);
  }
  assert.equal(decodeFlowRules(bytes('0603810601180a'), 4), undefined, 'the protocol before the destination');
});

test('an old peer’s path and the AS4_PATH beside it make the true one (RFC 6793 §4.2.3)', () => {
  const sequence = (...numbers: number[]) => ({ type: 'sequence' as const, numbers });
  const merged = mergeAs4Path([sequence(1, 23_456, 23_456)], [sequence(70_000, 80_000)]);
  assert.deepEqual(merged, [sequence(1, 70_000, 80_000)]);
  assert.equal(asPathLength(merged), 3);
  const longer = [sequence(1)];
  assert.equal(mergeAs4Path(longer, [sequence(2, 3)]), longer, 'one that is longer says nothing');
});

/** Sound messages of every type, to be taken apart. */
function samples(): Uint8Array[] {
  const update = encodeUpdate(
    {
      withdrawn: bytes('180a0000'),
      nlri: bytes('18c63364'),
      attributes: [
        attribute(1, 'igp'),
        attribute(2, [{ type: 'sequence', numbers: [65_001, 65_002] }]),
        attribute(3, bytes('c0000201')),
        attribute(4, 10),
        attribute(8, [1, 2, 3]),
        attribute(14, { family: IPV6_UNICAST, nextHop: new Uint8Array(16), nlri: bytes('2020010db8') }),
        attribute(15, { family: IPV4_FLOW, nlri: bytes('03038106') }),
        attribute(16, [bytes('0002000100000064')]),
        attribute(26, { metric: 7n, bytes: bytes('01000b0000000000000007') }),
        attribute(32, [{ global: 1, local1: 2, local2: 3 }]),
      ],
    },
    negotiated,
  );
  const capabilities: Capability[] = [
    { code: 1, family: IPV4_UNICAST },
    { code: 65, as: 65_001 },
    {
      code: 64,
      restarting: true,
      notification: false,
      restartTime: 120,
      families: [{ family: IPV4_UNICAST, forwarding: true }],
    },
    { code: 69, families: [{ family: IPV4_UNICAST, mode: 'both' }] },
  ];
  return [
    update,
    encodeOpen({ as: 65_001, holdTime: 90, identifier: 1, capabilities }),
    encodeNotification({ code: 6, subcode: 4, data: encodeCommunication('bye') }),
    encodeRouteRefresh(IPV4_UNICAST),
    frame(MessageType.update, bytes('00000000')),
  ];
}

/** Reads a message as a session would; true when it was understood. */
function take(message: Uint8Array): boolean {
  const header = readHeader(message, 0, message.length, true);
  if (header === undefined || !header.ok || header.value.length > message.length) return false;
  const body = message.subarray(HEADER_LENGTH, header.value.length);
  const answers: Record<number, () => { ok: boolean; error?: MessageError }> = {
    [MessageType.open]: () => decodeOpen(body),
    [MessageType.update]: () => decodeUpdate(body, negotiated),
    [MessageType.routeRefresh]: () => decodeRouteRefresh(body),
  };
  if (header.value.type === MessageType.notification) decodeNotification(body);
  const answer = answers[header.value.type]?.();
  assert.ok(answer === undefined || answer.ok || answer.error!.code > 0);
  return answer?.ok ?? true;
}

test('every truncation of a message has an answer', () => {
  for (const sample of samples()) {
    assert.equal(take(sample), true);
    for (let length = HEADER_LENGTH; length < sample.length; length++) {
      take(frame(sample[18] as MessageType, sample.subarray(HEADER_LENGTH, length)));
    }
  }
});

test('a million mutated messages throw nothing', () => {
  const next = seededNumbers(7);
  const sound = samples();
  let understood = 0;
  for (let count = 0; count < 1_000_000; count++) {
    const sample = sound[next() % sound.length]!;
    const message = sample.slice();
    for (let times = 1 + (next() % 3); times > 0; times--) {
      message[HEADER_LENGTH + (next() % Math.max(1, message.length - HEADER_LENGTH))] = next() & 0xff;
    }
    if (take(message)) understood += 1;
  }
  assert.ok(understood > 10_000 && understood < 1_000_000, `${understood} were understood`);
});
