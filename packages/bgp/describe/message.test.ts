import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex } from '@patronus/wire';
import fc from 'fast-check';
import { AttributeCode } from '../codec/attributes/values.ts';
import { familyKey, familyName, IPV4_FLOW, IPV4_UNICAST, IPV6_UNICAST, parseFamily } from '../codec/families.ts';
import { frame, KEEPALIVE, MessageType } from '../codec/header.ts';
import { encodeOpen } from '../codec/open.ts';
import { attribute, encodeUpdate } from '../codec/update.ts';
import { communityText, extendedCommunityText } from './attributes.ts';
import { type DescribeOptions, describeMessage } from './message.ts';
import { describeNlri } from './nlri.ts';

const plain: DescribeOptions = { isFourOctetAs: true, isExternal: false, isExtended: false, addPath: new Set() };
const bytes = (hex: string) => fromHex(hex)!;

const usual = [
  attribute(AttributeCode.origin, 'igp'),
  attribute(AttributeCode.asPath, [
    { type: 'sequence', numbers: [64_500, 4_200_000_001] },
    { type: 'set', numbers: [1, 2] },
  ]),
  attribute(AttributeCode.nextHop, bytes('c0000201')),
];
const nothing = new Uint8Array(0);

describe('a message in words', () => {
  test('an UPDATE tells its routes by family and its attributes as operators write them', () => {
    const attributes = [
      ...usual,
      attribute(
        AttributeCode.communities,
        [(64_500 << 16) | 7, 0xffffff01].map((one) => one >>> 0),
      ),
      attribute(AttributeCode.mpReach, {
        family: IPV6_UNICAST,
        nextHop: bytes('20010db8000000000000000000000001fe800000000000000000000000000001'),
        nlri: bytes('2020010db8'),
      }),
      attribute(AttributeCode.largeCommunities, [{ global: 64_500, local1: 1, local2: 2 }]),
    ];
    const update = { withdrawn: bytes('080a'), nlri: bytes('18c63364'), attributes };
    assert.deepEqual(describeMessage(encodeUpdate(update, plain), plain), {
      type: 'update',
      verdict: 'accept',
      withdrawn: [{ family: 'ipv4 unicast', routes: ['10.0.0.0/8'] }],
      announced: [
        { family: 'ipv4 unicast', routes: ['198.51.100.0/24'] },
        { family: 'ipv6 unicast', nextHop: '2001:db8::1 fe80::1', routes: ['2001:db8::/32'] },
      ],
      attributes: {
        origin: 'igp',
        'as-path': '64500 4200000001 {1,2}',
        'next-hop': '192.0.2.1',
        communities: ['64500:7', 'no-export'],
        'mp-reach-nlri': { family: 'ipv6 unicast', nextHop: '2001:db8::1 fe80::1' },
        'large-community': ['64500:1:2'],
      },
    });
  });

  test('path identifiers are told where they were agreed on', () => {
    const options = { ...plain, addPath: new Set([IPV4_UNICAST]) };
    const update = { withdrawn: nothing, nlri: bytes('0000000718c63364'), attributes: usual };
    const { announced } = describeMessage(encodeUpdate(update, plain), options);
    assert.deepEqual(announced, [{ family: 'ipv4 unicast', routes: [{ prefix: '198.51.100.0/24', pathId: 7 }] }]);
  });

  test('a malformed attribute is told with its verdict and clause, and the routes with it', () => {
    // ORIGIN with a value that no RFC knows.
    const message = frame(MessageType.update, bytes('0000000440010109' + '18c63364'));
    const told = describeMessage(message, plain);
    assert.equal(told.verdict, 'treat-as-withdraw');
    const [first] = told.complaints as { attribute: string; clause: string; verdict: string }[];
    assert.equal(first!.attribute, 'origin');
    assert.equal(first!.clause, 'RFC 7606 §7.1');
    assert.deepEqual(told.announced, [{ family: 'ipv4 unicast', routes: ['198.51.100.0/24'] }]);
  });

  test('what ends a session is told as the NOTIFICATION that follows', () => {
    const reset = (message: Uint8Array) => {
      const { verdict, code, subcode } = describeMessage(message, plain);
      return [verdict, code, subcode];
    };
    assert.deepEqual(reset(KEEPALIVE.map((value, at) => (at === 3 ? 0 : value))), ['session-reset', 1, 1]);
    assert.deepEqual(reset(KEEPALIVE.subarray(0, 18)), ['session-reset', 1, 2]);
    assert.deepEqual(reset(Uint8Array.of(...KEEPALIVE, 0)), ['session-reset', 1, 2]);
    assert.deepEqual(reset(KEEPALIVE.map((value, at) => (at === 18 ? 9 : value))), ['session-reset', 1, 3]);
    const open = encodeOpen({ as: 64_500, holdTime: 90, identifier: 1, capabilities: [] });
    assert.deepEqual(reset(open.map((value, at) => (at === 19 ? 3 : value))), ['session-reset', 2, 1]);
    assert.deepEqual(reset(frame(MessageType.update, bytes('00050000'))), ['session-reset', 3, 1]);
  });

  test('capabilities of an OPEN are told by name, with families in words', () => {
    const capabilities = [
      { code: 1, family: IPV6_UNICAST },
      { code: 69, families: [{ family: IPV4_UNICAST, mode: 'both' }] },
      { code: 'unknown', number: 200, value: bytes('01') },
    ] as const;
    const told = describeMessage(
      encodeOpen({ as: 4_200_000_000, holdTime: 90, identifier: 0x0a000001, capabilities }),
      plain,
    );
    assert.equal(told.identifier, '10.0.0.1');
    assert.deepEqual(told.capabilities, [
      { name: 'multiprotocol', code: 1, family: 'ipv6 unicast' },
      { name: 'add-path', code: 69, families: [{ family: 'ipv4 unicast', mode: 'both' }] },
      { code: 200, value: '01' },
    ]);
  });

  test('a shutdown tells what the operator wrote', () => {
    const message = frame(MessageType.notification, Uint8Array.of(6, 2, 2, 0x68, 0x69));
    const told = describeMessage(message, plain);
    assert.equal(told.name, 'cease: administrative shutdown (6/2)');
    assert.equal(told.communication, 'hi');
  });

  test('whatever the bytes are, there is an answer that JSON can hold', () => {
    const types = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 80 }), fc.boolean(), (type, body, isExternal) => {
        const message = frame(type as MessageType, body);
        JSON.stringify(describeMessage(message, { ...plain, isExternal }));
        JSON.stringify(describeMessage(body, plain));
      }),
      { numRuns: 3_000, seed: 5 },
    );
  });
});

test('flow rules are told component by component', () => {
  // Destination 192.0.2.0/24, port >=1024&<=2048 or =80, TCP flags all of 2.
  const rule = bytes('01' + '18c00002' + '04' + '130400' + '550800' + '8150' + '09' + '8102');
  const nlri = Uint8Array.of(rule.length, ...rule);
  assert.deepEqual(describeNlri(IPV4_FLOW, nlri, false), [
    { destination: '192.0.2.0/24', port: '>=1024&<=2048 or =80', 'tcp-flags': 'all of 2' },
  ]);
});

test('communities have their names, targets and origins their numbers', () => {
  assert.equal(communityText(0xffff029a), 'blackhole');
  assert.equal(extendedCommunityText(bytes('0002fde800000064')), 'target:65000:100');
  assert.equal(extendedCommunityText(bytes('0103c00002010007')), 'origin:192.0.2.1:7');
  assert.equal(extendedCommunityText(bytes('020200010000000a')), 'target:65536:10');
  assert.equal(extendedCommunityText(bytes('80060000447a0000')), '0x80060000447a0000');
});

test('a family is read as it is written', () => {
  for (const family of [IPV4_UNICAST, IPV6_UNICAST, IPV4_FLOW, familyKey(25, 70), familyKey(1, 128)]) {
    assert.equal(parseFamily(familyName(family)), family);
    assert.equal(parseFamily(familyName(family).replace(' ', '-')), family);
  }
  assert.equal(parseFamily('ipv6'), IPV6_UNICAST);
  assert.equal(parseFamily('1/133'), IPV4_FLOW);
  for (const wrong of ['', 'ipv5', 'ipv4 hearsay', '1/256', '65536/1'])
    assert.equal(parseFamily(wrong), undefined, wrong);
});
