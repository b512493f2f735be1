import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  exactCommunities,
  matchesExtended,
  matchesLarge,
  matchesStandard,
  parseCommunityPattern,
  wellKnownCommunities,
} from './communities.ts';

const short = fc.nat(0xffff);
const long = fc.nat(0xffff_ffff);
const octets = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(255))).map((all) => all.join('.'));
/** Texts of communities, as their kinds allow them. */
const texts = fc.oneof(
  fc.constantFrom(...Object.keys(wellKnownCommunities)),
  fc.tuple(short, short).map((parts) => parts.join(':')),
  fc.tuple(long, long, long).map((parts) => parts.join(':')),
  fc.tuple(fc.constantFrom('rt', 'soo', 'ro'), short, long).map((parts) => parts.join(':')),
  fc.tuple(fc.constantFrom('rt', 'soo'), long, short).map((parts) => parts.join(':')),
  fc.tuple(fc.constantFrom('rt', 'soo'), octets, short).map((parts) => parts.join(':')),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => `ext:${Buffer.from(bytes).toString('hex')}`),
);

/** How many of the exact communities a pattern means. */
function matched(pattern: string, text: string): number {
  const parsed = parseCommunityPattern(pattern)!;
  const exact = exactCommunities([text]);
  assert.ok(!('wrong' in exact), text);
  const { standard, extended, large } = exact;
  return (
    standard.filter((one) => matchesStandard(parsed, one)).length +
    extended.filter((one) => matchesExtended(parsed, one)).length +
    large.filter((one) => matchesLarge(parsed, one)).length
  );
}

test('what an exact text means is one community, and the text as a pattern means just that one', () => {
  fc.assert(
    fc.property(texts, texts, (text, other) => {
      assert.equal(matched(text, text), 1, text);
      const [one, two] = [exactCommunities([text]), exactCommunities([other])];
      // Another text is another community, but for two ways to write the same bytes.
      if (JSON.stringify(one) !== JSON.stringify(two)) assert.equal(matched(text, other), 0, `${text} means ${other}`);
    }),
    { numRuns: 2_000 },
  );
});

test('stars and ranges stand for each number in their place', () => {
  for (const [pattern, yes, no] of [
    ['65001:*', '65001:7', '65002:7'],
    ['*:666', '1:666', '1:667'],
    ['65001:100-199', '65001:150', '65001:200'],
    ['65001:*:2', '65001:9:2', '65001:9:3'],
    ['rt:*:5', 'rt:65001:5', 'soo:65001:5'],
    ['rt:10.0.0.1:*', 'rt:10.0.0.1:9', 'rt:10.0.0.2:9'],
    ['soo:65000-65100:*', 'soo:65001:70000', 'soo:64999:70000'],
    ['rt:70000:1', 'rt:70000:1', 'rt:70001:1'],
  ] as const) {
    assert.equal(matched(pattern, yes), 1, `${pattern} means ${yes}`);
    assert.equal(matched(pattern, no), 0, `${pattern} does not mean ${no}`);
  }
  // The transitive bit and types that are not of numbers: RFC 4360 §3.
  const pattern = parseCommunityPattern('rt:*:*')!;
  assert.equal(matchesExtended(pattern, Uint8Array.of(0x40, 2, 0, 1, 0, 0, 0, 2)), true);
  assert.equal(matchesExtended(pattern, Uint8Array.of(6, 2, 0, 1, 0, 0, 0, 2)), false);
});

test('what is no community, or does not fit, is refused with its text', () => {
  for (const text of [
    '',
    '1',
    '65536:1',
    '1:65536',
    '1:2:3:4',
    'rt:1',
    'rt:70000:70000',
    'rt:10.0.0.1:70000',
    'rt:256.0.0.1:1',
    'ext:00',
    'ext:0002fde90000000g',
    '5-1:1',
    'a:b',
  ])
    assert.deepEqual(exactCommunities(['1:1', text]), { wrong: text });
  for (const text of ['65001:*', '1:1-2', '1:*:1', 'rt:*:1'])
    assert.deepEqual(exactCommunities([text]), { wrong: text }, 'a pattern is not one community');
  fc.assert(
    fc.property(fc.string(), (text) => {
      exactCommunities([text]);
      parseCommunityPattern(text);
    }),
  );
});
