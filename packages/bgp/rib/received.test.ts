import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@patronus/wire';
import { Verdict } from '../codec/attributes/table.ts';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST, IPV6_UNICAST, prefixFamily } from '../codec/families.ts';
import { HEADER_LENGTH } from '../codec/header.ts';
import { attribute, decodeUpdate, encodeUpdate, type Negotiated } from '../codec/update.ts';
import { AttributeTable } from './attributeTable.ts';
import { decodeCanonical } from './canonical.ts';
import { NextHops } from './nextHops.ts';
import { type RouteSink, UpdateReader } from './received.ts';

const nextHop6 = Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? 0x20 : at));
const nothing = new Uint8Array(0);

function body(part: { withdrawn?: Uint8Array; nlri?: Uint8Array; attributes?: PathAttribute[] }): Uint8Array {
  const { withdrawn = nothing, nlri = nothing, attributes = [] } = part;
  return encodeUpdate({ withdrawn, nlri, attributes }, four).subarray(HEADER_LENGTH);
}

const four: Negotiated = { isFourOctetAs: true, isExternal: false, addPath: new Set() };
const basic = [
  attribute(AttributeCode.origin, 'igp'),
  attribute(AttributeCode.asPath, [{ type: 'sequence', numbers: [65_001, 4_200_000_000] }]),
];
const nextHop = attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 1));
const rich = [
  attribute(AttributeCode.multiExitDiscriminator, 5),
  attribute(AttributeCode.localPreference, 200),
  attribute(AttributeCode.aggregator, { as: 65_001, address: Uint8Array.of(1, 2, 3, 4) }),
  attribute(AttributeCode.communities, [1, 0xffff_ff01]),
  attribute(AttributeCode.originatorId, 9),
  attribute(AttributeCode.clusterList, [1, 2]),
  attribute(AttributeCode.extendedCommunities, [Uint8Array.of(0, 2, 1, 2, 3, 4, 5, 6)]),
  attribute(AttributeCode.largeCommunities, [{ global: 1, local1: 2, local2: 3 }]),
  attribute(AttributeCode.onlyToCustomer, 65_001),
];
const nlri4 = Uint8Array.of(24, 10, 1, 2, 8, 11, 32, 1, 2, 3, 4, 0);
const nlri6 = Uint8Array.of(32, 0x20, 1, 0xd, 0xb8, 16, 0x20, 2);
const reach = attribute(AttributeCode.mpReach, { family: IPV6_UNICAST, nextHop: nextHop6, nlri: nlri6 });
const unreach = attribute(AttributeCode.mpUnreach, { family: IPV6_UNICAST, nlri: nlri6 });

const seeds = [
  body({ nlri: nlri4, attributes: [...basic, nextHop] }),
  body({ nlri: nlri4, withdrawn: nlri4, attributes: [...basic, nextHop, ...rich] }),
  body({ attributes: [...basic, ...rich, reach] }),
  body({ nlri: nlri4, attributes: [...basic, nextHop, reach, unreach] }),
  body({ attributes: [reach, ...basic, ...rich] }),
  body({ attributes: [unreach] }),
  body({ withdrawn: nlri4 }),
  body({}),
];

/** What became of an UPDATE, told in the same words for both ways of reading it. */
type Story = string[];

function storySink(table: AttributeTable, story: Story): RouteSink {
  return {
    withdraw: (family, bytes, offset, end, hasPathIds) => {
      story.push(`withdraw ${family} ${toHex(bytes.subarray(offset, end))} ${hasPathIds}`);
    },
    announce: (family, bytes, offset, end, hasPathIds, set) => {
      const attributes = text(decodeCanonical(table.sets.bytesOf(set)), family);
      if (offset < end)
        story.push(`announce ${family} ${toHex(bytes.subarray(offset, end))} ${hasPathIds} ${attributes}`);
    },
  };
}

/** Attributes that a route of this family has, without the NLRI. */
function text(attributes: readonly PathAttribute[], family: FamilyKey): string {
  const isBody = !attributes.some(({ code }) => code === AttributeCode.mpReach) || family === 0;
  const words = attributes.flatMap((one) => {
    if (one.code === AttributeCode.mpUnreach || one.code === AttributeCode.as4Path) return [];
    if (one.code === AttributeCode.as4Aggregator) return [];
    if (one.code === AttributeCode.nextHop && !isBody) return [];
    if (one.code === AttributeCode.mpReach) return [`14 ${one.value.family} ${toHex(one.value.nextHop)}`];
    return [JSON.stringify(one, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))];
  });
  return words.sort().join(' ');
}

function slowStory(bytes: Uint8Array, negotiated: Negotiated): Story {
  const decoded = decodeUpdate(bytes, negotiated);
  if (!decoded.ok) return [`error ${decoded.error.code}/${decoded.error.subcode}`];
  const { withdrawn, nlri, attributes, reach: told, unreach: gone, verdict, endOfRib } = decoded.value;
  if (endOfRib !== undefined) return [`end ${endOfRib}`];
  const story: Story = [];
  const { addPath } = negotiated;
  const withdraw = (family: FamilyKey, what: Uint8Array) => {
    if (what.length > 0) story.push(`withdraw ${family} ${toHex(what)} ${addPath.has(family)}`);
  };
  const announce = (family: FamilyKey, what: Uint8Array, its: readonly PathAttribute[]) => {
    if (verdict === Verdict.withdraw) withdraw(family, what);
    else if (what.length > 0)
      story.push(`announce ${family} ${toHex(what)} ${addPath.has(family)} ${text(its, family)}`);
  };
  withdraw(IPV4_UNICAST, withdrawn);
  if (gone !== undefined && prefixFamily(gone.family) !== undefined) withdraw(gone.family, gone.nlri);
  if (told !== undefined && prefixFamily(told.family) !== undefined) announce(told.family, told.nlri, attributes);
  announce(
    IPV4_UNICAST,
    nlri,
    attributes.filter(({ code }) => code !== AttributeCode.mpReach),
  );
  return story;
}

function quickStory(reader: UpdateReader, table: AttributeTable, bytes: Uint8Array, negotiated: Negotiated): Story {
  const story: Story = [];
  const received = reader.read(bytes, negotiated, storySink(table, story));
  table.collect();
  if (received === undefined) return story;
  return 'endOfRib' in received ? [`end ${received.endOfRib}`] : [`error ${received.code}/${received.subcode}`];
}

test('the quick way through an UPDATE comes to what decodeUpdate says, whatever bytes were changed', () => {
  const table = new AttributeTable(7, new NextHops(() => 0), 100);
  const reader = new UpdateReader(table);
  let state = 99;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const rounds = 30_000;
  for (let round = 0; round < rounds; round++) {
    const bytes = seeds[random(seeds.length)]!.slice(0);
    for (let change = random(3); change > 0; change--) bytes[random(bytes.length)] = random(4) === 0 ? 0 : random(256);
    const part = random(10) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
    const negotiated = {
      ...{ isFourOctetAs: random(8) > 0, isExternal: random(2) === 0 },
      addPath: new Set(random(8) === 0 ? [IPV4_UNICAST, IPV6_UNICAST] : []),
    };
    assert.deepEqual(quickStory(reader, table, part, negotiated), slowStory(part, negotiated), toHex(part));
  }
  assert.ok(reader.slowCount < rounds * 0.9, 'most were read the long way');
  assert.ok(reader.slowCount > rounds * 0.1, 'hardly any was out of order');
  assert.equal(table.sets.count, 0);
  assert.equal(table.nextHops.count, 0);
});

test('sound UPDATEs never take the long way, and their attributes are kept as the bytes they came in', () => {
  const table = new AttributeTable(7, new NextHops(() => 0), 100);
  const reader = new UpdateReader(table);
  for (const bytes of seeds.slice(0, 7)) quickStory(reader, table, bytes, four);
  assert.equal(reader.slowCount, 0);
});
