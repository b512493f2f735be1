/** Policies: what statements ask, what they change, who decides, and what is told about mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parsePrefix } from '@patronus/net';
import fc from 'fast-check';
import type { PathAttribute } from '../codec/attributes/values.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { attribute, attributeValue } from '../codec/update.ts';
import { compilePolicy, defaultPolicy, describePolicyError, type PolicyContext } from './compile.ts';
import type { Policy, Subject } from './policy.ts';
import { parsePrefixSet } from './prefixSet.ts';
import type { MatchSource, OriginValidation, SetSource, StatementSource } from './source.ts';

const address = (text: string) => parseAddress(text)!.bytes;

function subjectOf(attributes: readonly PathAttribute[] = [], family = IPV4_UNICAST): Subject {
  return {
    ...{ family, attributes, nextHop: address('192.0.2.1'), localAs: 65_000 },
    neighbour: { address: address('192.0.2.1'), as: 65_001 },
  };
}

const path = (...numbers: number[]) => attribute(2, [{ type: 'sequence', numbers }]);

function policyOf(statements: readonly StatementSource[], context?: PolicyContext): Policy {
  const compiled = compilePolicy({ name: 'tested', statements }, context);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.map(describePolicyError).join('\n'));
  return compiled.value;
}

function decide(policy: Policy, subject: Subject, prefix = '10.0.0.0/8', validation: OriginValidation = 'not-found') {
  const parsed = parsePrefix(prefix);
  assert.ok(parsed.ok);
  return policy.prepare(subject).decide(parsed.value.bytes, parsed.value.length, validation);
}

const isTaken = (match: MatchSource, subject: Subject, prefix?: string, validation?: OriginValidation) =>
  decide(policyOf([{ match, action: 'accept' }]), subject, prefix, validation).isAccepted;

const after = (set: SetSource, subject: Subject) => decide(policyOf([{ set, action: 'accept' }]), subject).subject;

test('without a policy an external neighbour gives and gets nothing, an internal one everything (RFC 8212)', () => {
  assert.equal(decide(defaultPolicy(true), subjectOf()).isAccepted, false);
  assert.equal(decide(defaultPolicy(false), subjectOf()).isAccepted, true);
  assert.equal(decide(policyOf([]), subjectOf()).isAccepted, false, 'nor is anything taken that no statement accepts');
});

test('each field of a match asks what it says', () => {
  const route = subjectOf([
    attribute(1, 'igp'),
    path(65_001, 65_002, 3_356),
    attribute(4, 50),
    attribute(5, 200),
    attribute(8, [((65_001 << 16) | 100) >>> 0, 0xffff_ff01]),
    attribute(16, [Uint8Array.of(0, 2, 0xfd, 0xe9, 0, 0, 0, 5), Uint8Array.of(1, 3, 10, 0, 0, 1, 0, 7)]),
    attribute(32, [{ global: 65_001, local1: 1, local2: 2 }]),
  ]);
  const cases: readonly (readonly [MatchSource, MatchSource])[] = [
    [{ families: ['ipv4 unicast'] }, { families: ['ipv6 unicast'] }],
    [{ prefixes: ['10.0.0.0/8'] }, { prefixes: ['10.0.0.0/9+', '11.0.0.0/8'] }],
    [{ asPath: ['^65001 .* 3356$'] }, { asPath: ['^65002', '_7_'] }],
    [{ asPathLength: '2-3' }, { asPathLength: '4-' }],
    [{ originAs: ['3000-4000'] }, { originAs: ['65001'] }],
    [{ communities: ['1:1', 'no-export'] }, { communities: ['65001:101', '65002:*'] }],
    [{ communities: ['65001:*'] }, { communities: ['65001:0-99'] }],
    [{ communities: ['rt:65001:5'] }, { communities: ['rt:65001:6', 'soo:65001:5'] }],
    [{ communities: ['soo:10.0.0.1:7'] }, { communities: ['soo:10.0.0.2:7'] }],
    [{ communities: ['65001:1:*'] }, { communities: ['65001:2:*'] }],
    [{ allCommunities: ['65001:100', '65001:1:2'] }, { allCommunities: ['65001:100', '65001:1:3'] }],
    [{ neighbours: ['192.0.2.0/24'] }, { neighbours: ['192.0.2.2', '2001:db8::/32'] }],
    [{ neighbourAs: ['65001'] }, { neighbourAs: ['1-65000'] }],
    [{ validation: ['not-found', 'valid'] }, { validation: ['invalid'] }],
    [{ nextHops: ['192.0.2.1'] }, { nextHops: ['192.0.2.128/25'] }],
    [{ med: '50' }, { med: '0-49' }],
    [{ localPreference: '100-' }, { localPreference: '-199' }],
    [{ origin: ['egp', 'igp'] }, { origin: ['incomplete'] }],
  ];
  for (const [yes, no] of cases) {
    assert.equal(isTaken(yes, route), true, JSON.stringify(yes));
    assert.equal(isTaken(no, route), false, JSON.stringify(no));
  }
  assert.equal(isTaken({ med: '0-' }, subjectOf()), false, 'what is not there has no number');
  assert.equal(isTaken({ origin: ['igp'], med: '51' }, route), false, 'all fields have to agree');
});

test('what is set is set, and attributes stay sorted by code', () => {
  const route = subjectOf([path(65_001), attribute(3, Uint8Array.of(1, 2, 3, 4)), attribute(8, [65_536])]);
  const codes = (subject: Subject) => subject.attributes.map(({ code }) => code);
  const preferred = after({ localPreference: 200, med: '+5', origin: 'egp' }, route);
  assert.deepEqual(codes(preferred), [1, 2, 3, 4, 5, 8]);
  assert.equal(attributeValue(preferred.attributes, 4), 5);
  assert.equal(attributeValue(after({ med: '-7' }, preferred).attributes, 4), 0);
  assert.deepEqual(codes(after({ med: 'remove' }, preferred)), [1, 2, 3, 5, 8]);
  assert.deepEqual(attributeValue(after({ addCommunities: ['1:0', '1:1'] }, route).attributes, 8), [65_536, 65_537]);
  assert.deepEqual(codes(after({ removeCommunities: ['*:*'] }, route)), [2, 3]);
  const replaced = after({ replaceCommunities: ['65001:1:2', 'rt:70000:1'], addCommunities: ['no-export'] }, route);
  assert.deepEqual(codes(replaced), [2, 3, 8, 16, 32]);
  assert.deepEqual(attributeValue(replaced.attributes, 16), [Uint8Array.of(2, 2, 0, 1, 0x11, 0x70, 0, 1)]);
  const twice = ['65001:1:2', 'rt:70000:1', 'no-export'];
  assert.deepEqual(
    after({ addCommunities: twice }, replaced).attributes,
    replaced.attributes,
    'they are there already',
  );
  assert.deepEqual(codes(after({ removeCommunities: ['rt:*:*', '65001:*:*'] }, replaced)), [2, 3, 8]);
  const prepended = after({ prepend: { as: 'self', times: 2 } }, route);
  assert.deepEqual(attributeValue(prepended.attributes, 2), [{ type: 'sequence', numbers: [65_000, 65_000, 65_001] }]);
  const last = after({ prepend: { as: 'last', times: 1 } }, route);
  assert.deepEqual(attributeValue(last.attributes, 2), [{ type: 'sequence', numbers: [65_001, 65_001] }]);
  assert.equal(after({ nextHop: 'self' }, route).nextHopSelf, true);
  assert.deepEqual(after({ nextHop: '203.0.113.9' }, route).nextHop, address('203.0.113.9'));
});

test('statements are asked in order; one that continues leaves its changes to the next', () => {
  const policy = policyOf([
    { name: 'mark', match: { prefixes: ['10.0.0.0/8+'] }, set: { addCommunities: ['65000:1'] } },
    { name: 'drop', match: { communities: ['65000:1'], prefixes: ['10.9.0.0/16+'] }, action: 'reject' },
    { name: 'marked', match: { communities: ['65000:1'] }, set: { localPreference: 300 }, action: 'accept' },
    { name: 'rest', action: 'accept' },
  ]);
  const inside = decide(policy, subjectOf(), '10.1.0.0/16');
  assert.equal(inside.statement, 'marked');
  assert.equal(attributeValue(inside.subject.attributes, 5), 300);
  assert.deepEqual(decide(policy, subjectOf(), '10.9.1.0/24').statement, 'drop');
  const subject = subjectOf();
  const outside = decide(policy, subject, '192.168.0.0/16');
  assert.equal(outside.statement, 'rest');
  assert.equal(outside.subject, subject, 'what nothing changed is the same object');
});

test('a policy that asks nothing about prefixes decides once for all of them', () => {
  const policy = policyOf([{ match: { asPath: ['^65001$'] }, set: { localPreference: 50 }, action: 'accept' }]);
  assert.equal(policy.looksAtPrefixes, false);
  assert.equal(policy.prepare(subjectOf([path(65_001)])).fixed?.isAccepted, true);
  const mixed = policyOf([
    { match: { asPath: ['^65002$'] }, action: 'reject' },
    { match: { prefixes: ['10.0.0.0/8'] }, action: 'accept' },
  ]);
  assert.equal(mixed.looksAtPrefixes, true);
  assert.equal(mixed.prepare(subjectOf([path(65_002)])).fixed?.isAccepted, false, 'attributes alone decide');
  const prepared = mixed.prepare(subjectOf([path(65_001)]));
  assert.equal(prepared.fixed, undefined);
  const first = prepared.decide(address('10.0.0.0'), 8, 'valid');
  assert.equal(prepared.decide(address('10.0.0.0'), 8, 'invalid'), first, 'and a leaf is worked out once');
});

test('every mistake is told with policy, statement and field', () => {
  const compiled = compilePolicy(
    {
      name: 'fromUpstream',
      statements: [
        { name: 'first', match: { asPath: ['^65001 ('], prefixes: ['10.0.0.1/8'] } },
        {
          match: { communities: ['65001'], prefixSets: ['missing'], med: 'x' },
          set: { localPreference: -1, addCommunities: ['1:*'], prepend: { as: 0, times: 99 }, nextHop: 'there' },
        },
        { match: { asPaths: [] } as MatchSource, action: 'drop' as 'reject' },
      ],
    },
    { prefixSets: { broken: ['10.0.0.0/8{4,16}'] } },
  );
  assert.equal(compiled.ok, false);
  const told = compiled.ok ? [] : compiled.error.map(({ statement, field }) => `${statement} ${field}`);
  assert.deepEqual(told.sort(), [
    '#2 match.communities',
    '#2 match.med',
    '#2 match.prefixSets',
    '#2 set.addCommunities',
    '#2 set.localPreference',
    '#2 set.nextHop',
    '#2 set.prepend.as',
    '#2 set.prepend.times',
    '#3 action',
    '#3 match.asPaths',
    'first match.asPath',
    'first match.prefixes',
    'null prefixSets.broken',
  ]);
  const words = compiled.ok ? '' : compiled.error.map(describePolicyError).join('\n');
  assert.match(words, /policy fromUpstream, statement first, match\.prefixes: "10\.0\.0\.1\/8" is an address inside/);
});

test('prefix sets take lengths as each entry says, and sets by name', () => {
  const set = parsePrefixSet([
    '10.0.0.0/8',
    '10.0.0.0/8 ge 24 le 25',
    '172.16.0.0/12+',
    '2001:db8::/32{40,48}',
    '0.0.0.0/0',
  ]);
  assert.ok(set.ok);
  const has = (text: string) => {
    const prefix = parsePrefix(text);
    assert.ok(prefix.ok, text);
    return set.value.has(prefix.value.family, prefix.value.bytes, prefix.value.length);
  };
  const inside = ['10.0.0.0/8', '10.1.2.0/24', '10.1.2.128/25', '172.31.255.255/32', '2001:db8:5::/48', '0.0.0.0/0'];
  const outside = [
    '10.0.0.0/9',
    '10.1.2.192/26',
    '11.0.0.0/8',
    '172.0.0.0/8',
    '2001:db8::/32',
    '2001:db9::/48',
    '::/0',
  ];
  assert.deepEqual(
    inside.filter((text) => !has(text)),
    [],
  );
  assert.deepEqual(outside.filter(has), []);
  const policy = policyOf([{ match: { prefixSets: ['ours'] }, action: 'accept' }], {
    prefixSets: { ours: ['10.0.0.0/8+'] },
  });
  assert.equal(decide(policy, subjectOf(), '10.5.0.0/16').isAccepted, true);
  const six = subjectOf([], IPV6_UNICAST);
  assert.equal(decide(policy, six, '2001:db8::/32').isAccepted, false);
});

test('a prefix set answers like a look through all its entries', () => {
  const entry = fc.record({
    bits: fc.integer({ min: 0, max: 0xf }),
    length: fc.integer({ min: 0, max: 6 }),
    low: fc.integer({ min: 0, max: 8 }),
    high: fc.integer({ min: 0, max: 8 }),
  });
  const masked = (bits: number, length: number) =>
    (((bits << 26) >>> 0) & (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)) >>> 0;
  const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 8 }),
      fc.integer({ min: 0, max: 0x3f }),
      fc.integer({ min: 0, max: 8 }),
      (entries, bits, length) => {
        const usable = entries.filter(({ length: own, low, high }) => low >= own && high >= low);
        const set = parsePrefixSet(
          usable.map(
            ({ bits: own, length: ownLength, low, high }) =>
              `${text(masked(own, ownLength))}/${ownLength}{${low},${high}}`,
          ),
        );
        assert.ok(set.ok);
        const asked = masked(bits, Math.min(length, 6));
        const expected = usable.some(
          ({ bits: own, length: ownLength, low, high }) =>
            length >= low &&
            length <= high &&
            masked(own, ownLength) === (asked & (ownLength === 0 ? 0 : 0xffff_ffff << (32 - ownLength))) >>> 0,
        );
        assert.equal(set.value.has(4, address(text(asked)), length), expected);
      },
    ),
  );
});
