/** What becomes of a route's attributes between two neighbours of certain kinds, from bytes to bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { IPV4_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH } from '../codec/header.ts';
import { attribute, attributeValue, decodeUpdate, encodeUpdate } from '../codec/update.ts';
import type { DecisionSettings } from './decision.ts';
import type { ExportSession, PeerSettings } from './peers.ts';
import { Rib } from './rib.ts';

const OWN_AS = 64_500;
const ownNextHops = { ipv4: Uint8Array.of(192, 0, 2, 254) };
const nothing = new Uint8Array(0);
const nlri = Uint8Array.of(24, 198, 51, 100);
const prefix = { pathId: 0, length: 24, address: Uint8Array.of(198, 51, 100, 0) };
const aggregatorAddress = Uint8Array.of(10, 9, 8, 7);

function neighbour(kind: PeerSettings['kind'], number: number, more: Partial<PeerSettings> = {}): PeerSettings {
  return {
    ...{ kind, as: kind === 'external' ? 65_000 + number : OWN_AS, localAs: OWN_AS, identifier: number, ownNextHops },
    ...{ address: Uint8Array.of(10, 0, 0, number), importPolicy: 'accept', exportPolicy: 'accept', ...more },
  };
}

const session: ExportSession = {
  ...{ families: new Set([IPV4_UNICAST]), isFourOctetAs: true, addPathSend: new Set(), extendedNextHop: new Set() },
  ...{ mostMessageLength: 4_096, hasEnhancedRefresh: true, isLongLived: false },
};

function route(numbers: readonly number[], ...more: readonly PathAttribute[]): PathAttribute[] {
  return [
    attribute(AttributeCode.origin, 'igp'),
    attribute(AttributeCode.asPath, numbers.length === 0 ? [] : [{ type: 'sequence', numbers }]),
    attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 1)),
    ...more,
  ];
}

interface Passage {
  readonly from: PeerSettings;
  readonly to: PeerSettings;
  readonly attributes: readonly PathAttribute[];
  readonly isFromOldSpeaker?: boolean;
  readonly isToOldSpeaker?: boolean;
  readonly interiorCost?: number;
  readonly session?: Partial<ExportSession>;
}

/** The attributes that `to` is told of a route that `from` told us; empty: it is told nothing. */
function passed(passage: Passage): readonly PathAttribute[] {
  const { from, to, attributes, isFromOldSpeaker = false, isToOldSpeaker = false, interiorCost = 0 } = passage;
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST], interiorCost: () => interiorCost });
  const source = rib.addPeer(from);
  const heard = { isFourOctetAs: !isFromOldSpeaker, isExternal: from.kind === 'external', addPath: new Set<number>() };
  const message = encodeUpdate({ withdrawn: nothing, nlri, attributes }, heard);
  assert.equal(rib.receive(source, message.subarray(HEADER_LENGTH), heard), undefined);
  const its = { ...session, ...passage.session, isFourOctetAs: !isToOldSpeaker };
  const out = rib.openAdjOut(rib.addPeer(to), its);
  const bytes = out.nextUpdates(65_536);
  const told = { isFourOctetAs: !isToOldSpeaker, isExternal: to.kind === 'external', addPath: new Set<number>() };
  const decoded = decodeUpdate(bytes.subarray(HEADER_LENGTH, (bytes[16]! << 8) | bytes[17]!), told);
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.complaints, []);
  return decoded.value.attributes;
}

const numbersIn = (attributes: readonly PathAttribute[], code: 2 | 17 = 2) =>
  attributeValue(attributes, code)?.flatMap(({ numbers }) => numbers);
const aggregatorIn = (attributes: readonly PathAttribute[], code: 7 | 18 = 7) => attributeValue(attributes, code)?.as;

test('an old speaker is told of an aggregator what it can hold, and the rest beside it (RFC 6793 §4.2.2)', () => {
  const through = (as: number) =>
    passed({
      ...{ from: neighbour('external', 1), to: neighbour('external', 2), isToOldSpeaker: true },
      attributes: route([65_001], attribute(AttributeCode.aggregator, { as, address: aggregatorAddress })),
    });
  const long = through(4_200_000_000);
  assert.deepEqual([aggregatorIn(long), aggregatorIn(long, 18)], [23_456, 4_200_000_000]);
  assert.deepEqual(attributeValue(long, AttributeCode.as4Aggregator)?.address, aggregatorAddress);
  const short = through(65_001);
  assert.deepEqual([aggregatorIn(short), aggregatorIn(short, 18)], [65_001, undefined]);
});

test('what an old speaker passed on beside its short path is the path (RFC 6793 §4.2.3)', () => {
  const through = (aggregatorAs: number) =>
    passed({
      ...{ from: neighbour('external', 1), to: neighbour('external', 2), isFromOldSpeaker: true },
      attributes: route(
        [65_001, 23_456, 23_456],
        attribute(AttributeCode.aggregator, { as: aggregatorAs, address: aggregatorAddress }),
        attribute(AttributeCode.as4Path, [{ type: 'sequence', numbers: [4_200_000_001, 4_200_000_002] }]),
        attribute(AttributeCode.as4Aggregator, { as: 4_200_000_002, address: aggregatorAddress }),
      ),
    });
  const merged = through(23_456);
  assert.deepEqual(numbersIn(merged), [OWN_AS, 65_001, 4_200_000_001, 4_200_000_002]);
  assert.equal(aggregatorIn(merged), 4_200_000_002);
  // Somebody aggregated on the way without knowing of the long numbers: they belong to another route by now.
  const outdated = through(65_001);
  assert.deepEqual(numbersIn(outdated), [OWN_AS, 65_001, 23_456, 23_456]);
  assert.equal(aggregatorIn(outdated), 65_001);
  for (const attributes of [merged, outdated]) {
    assert.ok(attributes.every(({ code }) => code !== AttributeCode.as4Path && code !== AttributeCode.as4Aggregator));
  }
});

test('extended communities that are not transitive stay within the AS (RFC 4360 §6)', () => {
  const [target, bandwidth] = [Uint8Array.of(0, 2, 0, 1, 0, 0, 0, 2), Uint8Array.of(0x40, 4, 0, 1, 0, 0, 0, 2)];
  const through = (to: PeerSettings, ...communities: Uint8Array[]) =>
    attributeValue(
      passed({
        ...{ from: neighbour('external', 1), to },
        attributes: route([65_001], attribute(AttributeCode.extendedCommunities, communities)),
      }),
      AttributeCode.extendedCommunities,
    );
  assert.deepEqual(through(neighbour('internal', 2), target, bandwidth), [target, bandwidth]);
  assert.deepEqual(through(neighbour('external', 2), bandwidth, target, bandwidth), [target]);
  assert.equal(through(neighbour('external', 2), bandwidth), undefined);
});

test('who becomes the next hop adds to AIGP what it costs to get on (RFC 7311 §3.4)', () => {
  const through = (metric: bigint, to: PeerSettings) => {
    const bytes = new Uint8Array(11);
    bytes.set([1, 0, 11]);
    new DataView(bytes.buffer).setBigUint64(3, metric);
    const attributes = route([], attribute(AttributeCode.aigp, { metric, bytes }));
    return attributeValue(passed({ from: neighbour('client', 1), to, attributes, interiorCost: 7 }), AttributeCode.aigp)
      ?.metric;
  };
  const most = 2n ** 64n - 1n;
  assert.equal(through(10n, neighbour('client', 2, { nextHop: 'self' })), 17n);
  assert.equal(through(10n, neighbour('client', 2)), 10n, 'we are not the next hop');
  assert.equal(
    through(most - 3n, neighbour('client', 2, { nextHop: 'self' })),
    most,
    'it stays at the end of the numbers',
  );
  assert.equal(through(10n, neighbour('external', 2)), undefined, 'others are not told');
  assert.equal(through(10n, neighbour('external', 2, { hasAigp: true })), 17n, 'unless it is agreed on');
});

test('clients of a route server are told routes as they came (RFC 7947 §2.2)', () => {
  const attributes = route([65_001, 7], attribute(AttributeCode.multiExitDiscriminator, 5));
  const through = (more: Partial<PeerSettings>) => {
    const told = passed({ from: neighbour('external', 1), to: neighbour('external', 2, more), attributes });
    return [numbersIn(told), attributeValue(told, AttributeCode.nextHop), attributeValue(told, 4)];
  };
  assert.deepEqual(through({ isRouteServerClient: true }), [[65_001, 7], Uint8Array.of(10, 0, 0, 1), 5]);
  assert.deepEqual(through({}), [[OWN_AS, 65_001, 7], ownNextHops.ipv4, undefined]);
});

test('an IPv6 next hop is told with IPv4 prefixes where that was agreed on, and not at all elsewhere (RFC 8950 §4)', () => {
  const ipv6 = Uint8Array.from({ length: 16 }, (_, at) => [0x20, 1, 0xd, 0xb8][at] ?? at);
  const to = neighbour('external', 2, { ownNextHops: { ipv6 } });
  const through = (...families: number[]) =>
    passed({
      ...{ from: neighbour('external', 1), to, attributes: route([65_001]) },
      session: { extendedNextHop: new Set(families) },
    });
  const reach = attributeValue(through(IPV4_UNICAST), AttributeCode.mpReach);
  assert.deepEqual([reach?.family, reach?.nextHop, reach?.nlri], [IPV4_UNICAST, ipv6, nlri]);
  assert.deepEqual(through(), []);
});

test('what comes down from a provider is marked, and what leaks up or across is refused (RFC 9234 §5)', () => {
  const through = (role: PeerSettings['role'], marks: readonly number[], toRole: PeerSettings['role'] = 'provider') => {
    const from = neighbour('external', 1, role === undefined ? {} : { role });
    const to = neighbour('external', 2, toRole === undefined ? {} : { role: toRole });
    const marked = marks.map((as) => attribute(AttributeCode.onlyToCustomer, as));
    const told = passed({ from, to, attributes: route([65_001], ...marked) });
    return told.length === 0 ? 'nothing' : attributeValue(told, AttributeCode.onlyToCustomer);
  };
  // `role` is ours: we are the customer of the first, and the provider of the second.
  assert.equal(through('customer', []), 65_001, 'it did not mark it, so we do');
  assert.equal(through('customer', [64_999]), 64_999);
  assert.equal(through('customer', [], 'customer'), 'nothing', 'from one provider to another');
  assert.equal(through('provider', [64_999]), 'nothing', 'a customer gives back what was for customers only');
  assert.equal(through('peer', [64_999]), 'nothing', 'a peer passes on what it got from above');
  assert.equal(through('peer', [65_001]), 65_001);
  assert.equal(through('provider', []), OWN_AS, 'marked on its way down to the other customer');
});

test('a next hop that no host has is none (RFC 4271 §6.3)', () => {
  const through = (...nextHop: number[]) => {
    const attributes = route([65_001]).map((one) =>
      one.code === AttributeCode.nextHop ? attribute(AttributeCode.nextHop, Uint8Array.from(nextHop)) : one,
    );
    return passed({ from: neighbour('external', 1), to: neighbour('external', 2), attributes }).length;
  };
  for (const first of [0, 127, 224, 255]) assert.equal(through(first, 0, 0, 1), 0, `${first}.0.0.1`);
  assert.ok(through(10, 0, 0, 9) > 0);
});

/** Which of two external neighbours of one AS is chosen; `second` speaks later. */
function chosen(decision: DecisionSettings, first: readonly PathAttribute[], second: readonly PathAttribute[]): number {
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST], decision });
  const heard = { isFourOctetAs: true, isExternal: true, addPath: new Set<number>() };
  // The lower identifier is the one that speaks later.
  const peers = [neighbour('external', 9, { as: 65_001 }), neighbour('external', 1, { as: 65_001 })];
  for (const [at, attributes] of [first, second].entries()) {
    const message = encodeUpdate({ withdrawn: nothing, nlri, attributes }, heard);
    assert.equal(rib.receive(rib.addPeer(peers[at]!), message.subarray(HEADER_LENGTH), heard), undefined);
  }
  const table = rib.family(IPV4_UNICAST)!;
  return table.peerOf(table.bestOf(rib.find(IPV4_UNICAST, prefix)));
}

test('a choice that leaves room follows the settings', () => {
  const med = (value: number) => attribute(AttributeCode.multiExitDiscriminator, value);
  const plain = route([65_001]);
  assert.equal(chosen({}, plain, route([65_001], med(5))), 1, 'no MED is the lowest (RFC 4271 §9.1.2.2 c)');
  assert.equal(chosen({ missingMedIsWorst: true }, plain, route([65_001], med(5))), 2);
  assert.equal(chosen({}, plain, plain), 2, 'the lower identifier');
  assert.equal(chosen({ keepsExistingBest: true }, plain, plain), 1, 'the one that was there (RFC 5004 §3)');
  assert.equal(chosen({ keepsExistingBest: true }, route([65_001, 7]), plain), 2, 'which holds among equals alone');
  assert.equal(chosen({ ignoresAsPathLength: true, keepsExistingBest: true }, route([65_001, 7]), plain), 1);
});

test('of routes that are equal otherwise the nearer next hop is used, and the choice follows the network', () => {
  const costs = [5, 5, 9];
  const rib = new Rib({
    seed: 1,
    identifier: 1,
    families: [IPV4_UNICAST],
    interiorCost: ([, , , last]) => costs[last!]!,
  });
  const peers = [1, 2].map((number) => rib.addPeer(neighbour('internal', number)));
  const heard = { isFourOctetAs: true, isExternal: false, addPath: new Set<number>() };
  for (const [at, peer] of peers.entries()) {
    const attributes = route([], attribute(AttributeCode.localPreference, 100)).map((one) =>
      one.code === AttributeCode.nextHop ? attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, at + 1)) : one,
    );
    const message = encodeUpdate({ withdrawn: nothing, nlri, attributes }, heard);
    assert.equal(rib.receive(peer, message.subarray(HEADER_LENGTH), heard), undefined);
  }
  const table = rib.family(IPV4_UNICAST)!;
  const best = () => table.peerOf(table.bestOf(rib.find(IPV4_UNICAST, prefix)));
  assert.equal(best(), peers[0]);
  costs[1] = 20;
  rib.nextHopsChanged();
  while (rib.work(100));
  assert.equal(best(), peers[1]);
});
