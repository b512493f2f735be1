/** UPDATE against the clauses of RFC 4271 §6.3 and RFC 7606, each with bytes of its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex } from '@patronus/wire';
import { Verdict } from './attributes/table.ts';
import { AttributeCode } from './attributes/values.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from './families.ts';
import { HEADER_LENGTH } from './header.ts';
import { attributeValue, decodeUpdate, encodeUpdate, type Negotiated } from './update.ts';

const internal: Negotiated = { isFourOctetAs: true, isExternal: false, addPath: new Set() };
const external: Negotiated = { ...internal, isExternal: true };

const ORIGIN = '40010100';
const AS_PATH = '40020602010000fde9';
const NEXT_HOP = '400304c0000201';
const MANDATORY = ORIGIN + AS_PATH + NEXT_HOP;
const PREFIX = '18c63364';
/** 2001:db8::/32 by 2001:db8::1. */
const MP = `800e1a00020110${'20010db8'.padEnd(30, '0')}01002020010db8`;

const bytes = (hex: string): Uint8Array => fromHex(hex)!;
const length = (hex: string) => (hex.length / 2).toString(16).padStart(4, '0');
const body = (attributes: string, nlri = PREFIX, withdrawn = '') =>
  bytes(length(withdrawn) + withdrawn + length(attributes) + attributes + nlri);

describe('an attribute that is malformed', () => {
  /** What it is, the attributes, the verdict, the clause that says so. */
  const withdrawn: readonly (readonly [string, string, string])[] = [
    ['ORIGIN of two bytes', `4001020000${AS_PATH}${NEXT_HOP}`, 'RFC 7606 §7.1'],
    ['ORIGIN of a value that is not known', `40010103${AS_PATH}${NEXT_HOP}`, 'RFC 7606 §7.1'],
    ['AS_PATH with a segment type that is not known', `${ORIGIN}40020605010000fde9${NEXT_HOP}`, 'RFC 7606 §7.2'],
    ['AS_PATH with an empty segment', `${ORIGIN}4002020200${NEXT_HOP}`, 'RFC 7606 §7.2'],
    ['AS_PATH with a segment that runs over', `${ORIGIN}40020602020000fde9${NEXT_HOP}`, 'RFC 7606 §7.2'],
    ['AS_PATH with one byte left', `${ORIGIN}40020702010000fde902${NEXT_HOP}`, 'RFC 7606 §7.2'],
    ['NEXT_HOP of three bytes', `${ORIGIN}${AS_PATH}400303c00002`, 'RFC 7606 §7.3'],
    ['MULTI_EXIT_DISC of three bytes', `${MANDATORY}800403000000`, 'RFC 7606 §7.4'],
    ['LOCAL_PREF of five bytes', `${MANDATORY}4005050000000000`, 'RFC 7606 §7.5'],
    ['COMMUNITIES of no bytes', `${MANDATORY}c00800`, 'RFC 7606 §7.8'],
    ['COMMUNITIES of six bytes', `${MANDATORY}c00806000000000000`, 'RFC 7606 §7.8'],
    ['ORIGINATOR_ID of three bytes', `${MANDATORY}800903000000`, 'RFC 7606 §7.9'],
    ['CLUSTER_LIST of three bytes', `${MANDATORY}800a03000000`, 'RFC 7606 §7.10'],
    ['EXTENDED_COMMUNITIES of seven bytes', `${MANDATORY}c0100700000000000000`, 'RFC 7606 §7.14'],
    ['LARGE_COMMUNITY of eleven bytes', `${MANDATORY}c0200b${'00'.repeat(11)}`, 'RFC 8092 §6'],
    ['ONLY_TO_CUSTOMER of three bytes', `${MANDATORY}c02303000000`, 'RFC 9234 §5'],
    ['ORIGIN with the flags of an optional attribute', `c0010100${AS_PATH}${NEXT_HOP}`, 'RFC 7606 §3 c'],
    ['COMMUNITIES that is not transitive', `${MANDATORY}80080400000001`, 'RFC 7606 §3 c'],
    ['no ORIGIN', AS_PATH + NEXT_HOP, 'RFC 7606 §3 d'],
    ['no AS_PATH', ORIGIN + NEXT_HOP, 'RFC 7606 §3 d'],
    ['no NEXT_HOP', ORIGIN + AS_PATH, 'RFC 7606 §3 d'],
    ['an attribute that runs over the end of all', `${MANDATORY}c008ff00000001`, 'RFC 7606 §4'],
    ['one byte where a header should be', `${MANDATORY}c0`, 'RFC 7606 §4'],
    ['an extended length without its second byte', `${MANDATORY}d00800`, 'RFC 7606 §4'],
  ];
  for (const [name, attributes, clause] of withdrawn) {
    test(`withdraws the routes: ${name} (${clause})`, () => {
      const read = decodeUpdate(body(attributes), internal);
      assert.ok(read.ok);
      assert.equal(read.value.verdict, Verdict.withdraw);
      assert.ok(
        read.value.complaints.some((one) => one.clause === clause && one.verdict === Verdict.withdraw),
        JSON.stringify(read.value.complaints.map((one) => one.clause)),
      );
      assert.deepEqual([...read.value.nlri], [...bytes(PREFIX)], 'NLRI is found by the Total Path Attribute Length');
    });
  }

  const discarded: readonly (readonly [string, string, string, Negotiated])[] = [
    ['ATOMIC_AGGREGATE with a value', `${MANDATORY}40060100`, 'RFC 7606 §7.6', internal],
    [
      'AGGREGATOR of six bytes between speakers of four-octet AS',
      `${MANDATORY}c00706fde9c0000201`,
      'RFC 7606 §7.7',
      internal,
    ],
    ['AGGREGATOR of AS 0 (RFC 7607 §2)', `${MANDATORY}c0070800000000c0000201`, 'RFC 7606 §7.7', internal],
    ['AS4_AGGREGATOR of AS 0', `${MANDATORY}c0120800000000c0000201`, 'RFC 6793 §6', internal],
    ['AS4_PATH with AS 0', `${MANDATORY}c01106020100000000`, 'RFC 6793 §6', internal],
    ['LOCAL_PREF of an external peer', `${MANDATORY}40050400000064`, 'RFC 7606 §7.5', external],
    ['ORIGINATOR_ID of an external peer', `${MANDATORY}800904c0000201`, 'RFC 7606 §7.9', external],
    ['CLUSTER_LIST of an external peer', `${MANDATORY}800a04c0000201`, 'RFC 7606 §7.10', external],
    ['AS4_PATH that runs over', `${MANDATORY}c0110602020000fde9`, 'RFC 6793 §6', internal],
    ['AIGP with a metric of ten bytes', `${MANDATORY}801a0a01000a00000000000000`, 'RFC 7311 §3.4', internal],
    ['a second COMMUNITIES', `${MANDATORY}c0080400000001c0080400000002`, 'RFC 7606 §3 g', internal],
  ];
  for (const [name, attributes, clause, negotiated] of discarded) {
    test(`is left out and the routes stay: ${name} (${clause})`, () => {
      const read = decodeUpdate(body(attributes), negotiated);
      assert.ok(read.ok);
      assert.equal(read.value.verdict, Verdict.accept);
      assert.deepEqual(
        read.value.complaints.map((one) => [one.clause, one.verdict]),
        [[clause, Verdict.discard]],
      );
    });
  }

  const reset: readonly (readonly [string, Uint8Array, readonly [number, number]])[] = [
    ['withdrawn routes that are longer than the message', bytes('00ff0000'), [3, 1]],
    ['attributes that are longer than the message', bytes('000000ff'), [3, 1]],
    ['a body of three bytes', bytes('000000'), [3, 1]],
    ['a well-known attribute that nobody knows', body(`${MANDATORY}40990100`), [3, 2]],
    ['two MP_REACH_NLRI', body(`${MP}${MP}${ORIGIN}${AS_PATH}`, ''), [3, 1]],
    ['NLRI longer than 32 bits', body(MANDATORY, '21c0000200aa'), [3, 10]],
    ['NLRI that runs over the end', body(MANDATORY, '18c633'), [3, 10]],
    ['withdrawn routes that run over their end', body('', '', '18c633'), [3, 10]],
    [
      'IPv6 NLRI longer than 128 bits',
      body(`${ORIGIN}${AS_PATH}800e17000201${'10'}${'00'.repeat(16)}008100`, ''),
      [3, 10],
    ],
    ['a next hop of five bytes', body(`${ORIGIN}${AS_PATH}800e0b0002010500000000000000`, ''), [3, 10]],
  ];
  for (const [name, update, [code, subcode]] of reset) {
    test(`ends the session: ${name}`, () => {
      const read = decodeUpdate(update, internal);
      assert.ok(!read.ok);
      assert.equal(read.error.code, code, read.error.reason);
      assert.equal(read.error.subcode, subcode, read.error.reason);
    });
  }
});

test('the first of two attributes of a kind counts', () => {
  const read = decodeUpdate(body(`${MANDATORY}c0080400000001c0080400000002`), internal);
  assert.ok(read.ok);
  assert.deepEqual(attributeValue(read.value.attributes, AttributeCode.communities), [1]);
});

test('End-of-RIB is an UPDATE without anything, or with an empty MP_UNREACH_NLRI alone', () => {
  const plain = decodeUpdate(bytes('00000000'), internal);
  assert.ok(plain.ok);
  assert.equal(plain.value.endOfRib, IPV4_UNICAST);
  const ipv6 = decodeUpdate(body('800f03000201', ''), internal);
  assert.ok(ipv6.ok);
  assert.equal(ipv6.value.endOfRib, IPV6_UNICAST);
  const both = decodeUpdate(body(`${ORIGIN}800f03000201`, ''), internal);
  assert.ok(both.ok);
  assert.equal(both.value.endOfRib, undefined);
});

test('what was read is written as the same bytes', () => {
  const others = '8004040000000a' + 'c0080800010002ffff0001' + 'd01000080002000100000064' + 'e0990100';
  const update = body(MANDATORY + others);
  const read = decodeUpdate(update, internal);
  assert.ok(read.ok);
  assert.deepEqual(read.value.complaints, []);
  assert.deepEqual([...encodeUpdate(read.value, internal).subarray(HEADER_LENGTH)], [...update]);
});
