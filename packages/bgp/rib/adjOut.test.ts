import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH, MessageType, readHeader } from '../codec/header.ts';
import { decodePrefixes } from '../codec/nlri/prefixes.ts';
import { decodeRouteRefresh } from '../codec/routeRefresh.ts';
import { attribute, attributeValue, decodeUpdate } from '../codec/update.ts';
import type { ExportSession, PeerSettings } from './peers.ts';
import { Rib } from './rib.ts';

const ownNextHops = { ipv4: Uint8Array.of(192, 0, 2, 1), ipv6: new Uint8Array(16).fill(1) };
const own: PeerSettings = {
  ...{ kind: 'local', as: 64_500, localAs: 64_500, identifier: 1, address: Uint8Array.of(0, 0, 0, 0), ownNextHops },
};
const external: PeerSettings = {
  ...{ kind: 'external', as: 65_001, localAs: 64_500, identifier: 2, address: Uint8Array.of(10, 0, 0, 2), ownNextHops },
  ...{ importPolicy: 'accept', exportPolicy: 'accept' },
};
const session: ExportSession = {
  ...{ families: new Set([IPV4_UNICAST]), isFourOctetAs: true, addPathSend: new Set(), extendedNextHop: new Set() },
  ...{ mostMessageLength: 4_096, hasEnhancedRefresh: true, isLongLived: false },
};

function prefix(number: number, length = 24) {
  return { pathId: 0, length, address: Uint8Array.of(10, number >>> 8, number & 0xff, 0) };
}

function attributes(...more: PathAttribute[]): PathAttribute[] {
  return [
    attribute(AttributeCode.origin, 'igp'),
    attribute(AttributeCode.asPath, []),
    attribute(AttributeCode.nextHop, Uint8Array.of(0, 0, 0, 0)),
    ...more,
  ];
}

function tagged(tag: number): PathAttribute[] {
  return attributes(attribute(AttributeCode.communities, [tag]));
}

/** Each message in a word or two. */
function words(bytes: Uint8Array, isFourOctetAs = true): string[] {
  const told: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at, bytes.length, true);
    assert.ok(header?.ok);
    const body = bytes.subarray(at + HEADER_LENGTH, at + header.value.length);
    at += header.value.length;
    if (header.value.type === MessageType.routeRefresh) {
      const refresh = decodeRouteRefresh(body);
      assert.ok(refresh.ok);
      told.push(`${refresh.value.kind}`);
      continue;
    }
    const decoded = decodeUpdate(body, { isFourOctetAs, isExternal: true, addPath: new Set() });
    assert.ok(decoded.ok && decoded.value.complaints.length === 0);
    const { endOfRib, withdrawn, nlri } = decoded.value;
    const count = (part: Uint8Array) => decodePrefixes(part, 0, part.length, 4, false)!.length;
    if (endOfRib !== undefined) told.push('end of rib');
    else if (withdrawn.length > 0) told.push(`withdraw ${count(withdrawn)}`);
    else told.push(`announce ${count(nlri)}`);
  }
  return told;
}

function worldOf(settings: PeerSettings = external, its: ExportSession = session) {
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST, IPV6_UNICAST] });
  const local = rib.addPeer(own);
  const peer = rib.addPeer(settings);
  return { rib, local, peer, open: () => rib.openAdjOut(peer, its) };
}

test('a new session is told everything by attributes, then End-of-RIB, once', () => {
  const { rib, local, open } = worldOf();
  for (let one = 0; one < 30; one++) rib.announce(local, IPV4_UNICAST, prefix(one), tagged(one % 3));
  const out = open();
  assert.deepEqual(words(out.nextUpdates(65_536)), ['announce 10', 'announce 10', 'announce 10', 'end of rib']);
  assert.equal(out.hasMore, false);
  assert.equal(out.nextUpdates(65_536).length, 0);
});

test('withdrawals go before announcements, even those that happened later', () => {
  const { rib, local, open } = worldOf();
  const out = open();
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  out.nextUpdates(65_536);
  for (let one = 2; one < 20; one++) rib.announce(local, IPV4_UNICAST, prefix(one), tagged(1));
  rib.withdraw(local, IPV4_UNICAST, prefix(1));
  assert.deepEqual(words(out.nextUpdates(65_536)), ['withdraw 1', 'announce 18']);
});

test('a change that is undone before it was sent is not sent', () => {
  const { rib, local, open } = worldOf();
  const out = open();
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  out.nextUpdates(65_536);
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(2));
  rib.announce(local, IPV4_UNICAST, prefix(2), tagged(2));
  rib.withdraw(local, IPV4_UNICAST, prefix(2));
  rib.withdraw(local, IPV4_UNICAST, prefix(1));
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  assert.deepEqual(words(out.nextUpdates(65_536)), []);
});

test('messages are as long as they may be, never longer, and a call goes over its budget by one at most', () => {
  for (const mostMessageLength of [4_096, 65_535]) {
    const { rib, local, open } = worldOf(external, { ...session, mostMessageLength });
    for (let one = 0; one < 5_000; one++) rib.announce(local, IPV4_UNICAST, prefix(one), tagged(1));
    const out = open();
    const lengths: number[] = [];
    while (out.hasMore) {
      const bytes = out.nextUpdates(10_000);
      assert.ok(bytes.length <= 10_000 + mostMessageLength);
      for (let at = 0; at < bytes.length; at += lengths.at(-1)!) lengths.push((bytes[at + 16]! << 8) | bytes[at + 17]!);
    }
    assert.ok(Math.max(...lengths) <= mostMessageLength);
    if (mostMessageLength === 4_096) assert.ok(Math.max(...lengths) > 4_090);
    assert.equal(out.told(), 5_000);
  }
});

test('a refresh is everything again between its borders, while changes go on', () => {
  const { rib, local, open } = worldOf();
  const out = open();
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  out.nextUpdates(65_536);
  out.refresh(IPV4_UNICAST);
  rib.announce(local, IPV4_UNICAST, prefix(2), tagged(2));
  assert.deepEqual(words(out.nextUpdates(65_536)), ['begin', 'announce 1', 'announce 1', 'end']);
  assert.equal(out.hasMore, false);
});

test('a refresh that is asked for before End-of-RIB waits for it', () => {
  const { rib, local, open } = worldOf();
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  const out = open();
  out.refresh(IPV4_UNICAST);
  const told: string[] = [];
  while (out.hasMore) told.push(...words(out.nextUpdates(65_536)));
  assert.deepEqual(told, ['announce 1', 'end of rib', 'begin', 'announce 1', 'end']);
});

test('an external peer without a policy is told nothing, and nothing of its own is used', () => {
  const { importPolicy: _, exportPolicy: __, ...bare } = external;
  const { rib, local, peer, open } = worldOf(bare);
  const out = open();
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  const path = attribute(AttributeCode.asPath, [{ type: 'sequence', numbers: [65_001] }]);
  const nextHop = attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 2));
  rib.announce(peer, IPV4_UNICAST, prefix(2), [attribute(AttributeCode.origin, 'igp'), path, nextHop]);
  assert.deepEqual(words(out.nextUpdates(65_536)), ['end of rib']);
  assert.equal(rib.family(IPV4_UNICAST)!.bestOf(rib.find(IPV4_UNICAST, prefix(2))), 0);
  assert.equal(rib.explain(IPV4_UNICAST, prefix(2))!.unusable[0]!.reason.name, 'import policy');
});

test('a policy is asked once for each set of attributes, or for each prefix if it looks at them', () => {
  for (const looksAtPrefixes of [false, true]) {
    let asked = 0;
    const policy = {
      looksAtPrefixes,
      apply: (all: readonly PathAttribute[], _family: number, one: { length: number } | undefined) => {
        asked += 1;
        return one?.length === 25 ? undefined : [...all, attribute(AttributeCode.multiExitDiscriminator, 7)];
      },
    };
    const { rib, local, open } = worldOf({ ...external, exportPolicy: policy });
    for (let one = 0; one < 10; one++) rib.announce(local, IPV4_UNICAST, prefix(one, 24 + (one & 1)), tagged(1));
    const out = open();
    assert.deepEqual(words(out.nextUpdates(65_536)), [`announce ${looksAtPrefixes ? 5 : 10}`, 'end of rib']);
    assert.equal(asked, looksAtPrefixes ? 10 : 1);
  }
});

test('a peer with short AS numbers is told AS_TRANS and the whole path beside it', () => {
  const { rib, local, open } = worldOf({ ...external, localAs: 4_200_000_000 }, { ...session, isFourOctetAs: false });
  rib.announce(local, IPV4_UNICAST, prefix(1), attributes());
  const bytes = open().nextUpdates(65_536);
  const length = (bytes[16]! << 8) | bytes[17]!;
  const old = { isFourOctetAs: false, isExternal: true, addPath: new Set<number>() };
  const decoded = decodeUpdate(bytes.subarray(HEADER_LENGTH, length), old);
  assert.ok(decoded.ok);
  const path = (code: 2 | 17) => attributeValue(decoded.value.attributes, code)?.map(({ numbers }) => numbers);
  assert.deepEqual([path(2), path(17)], [[[23_456]], [[4_200_000_000]]]);
});

test('what only goes to customers is marked on its way down, and does not go up or across', () => {
  const marked = attributes(attribute(AttributeCode.onlyToCustomer, 64_999));
  for (const [role, expected] of [
    ['provider', 1],
    ['route-server', 1],
    ['peer', 0],
    ['customer', 0],
    ['route-server-client', 0],
  ] as const) {
    const { rib, local, open } = worldOf({ ...external, role });
    rib.announce(local, IPV4_UNICAST, prefix(1), marked);
    const out = open();
    out.nextUpdates(65_536);
    assert.equal(out.told(), expected, role);
  }
});

test('peers of equal settings share one update group', () => {
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST] });
  const local = rib.addPeer(own);
  let asked = 0;
  const exportPolicy = {
    looksAtPrefixes: false,
    apply: (all: readonly PathAttribute[]) => {
      asked += 1;
      return all;
    },
  };
  rib.announce(local, IPV4_UNICAST, prefix(1), tagged(1));
  for (const as of [65_001, 65_002, 65_003]) {
    const peer = rib.addPeer({ ...external, as, address: Uint8Array.of(10, 0, 0, as & 0xff), exportPolicy });
    assert.deepEqual(words(rib.openAdjOut(peer, session).nextUpdates(65_536)), ['announce 1', 'end of rib']);
  }
  assert.equal(asked, 1);
});

test('long-lived stale routes are last, bear LLGR_STALE and go only to peers that know of it', () => {
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST] });
  const path = (as: number, tag: number) => [
    attribute(AttributeCode.origin, 'igp'),
    attribute(AttributeCode.asPath, [{ type: 'sequence' as const, numbers: [as] }]),
    attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 2)),
    attribute(AttributeCode.localPreference, as === 65_001 ? 200 : 100),
    attribute(AttributeCode.communities, [tag]),
  ];
  const stale = rib.addPeer({ ...external, kind: 'internal', as: 64_500 });
  const other = rib.addPeer({ ...external, kind: 'internal', as: 64_500, address: Uint8Array.of(10, 0, 0, 3) });
  const [knowing, unknowing] = [rib.addPeer(external), rib.addPeer({ ...external, as: 65_009 })];
  const outs = [rib.openAdjOut(knowing, { ...session, isLongLived: true }), rib.openAdjOut(unknowing, session)];
  rib.announce(stale, IPV4_UNICAST, prefix(1), path(65_001, 1));
  rib.announce(stale, IPV4_UNICAST, prefix(2), path(65_001, 1));
  rib.announce(stale, IPV4_UNICAST, prefix(3), path(65_001, 0xffff_0007));
  rib.announce(other, IPV4_UNICAST, prefix(1), path(65_002, 1));
  rib.markStale(stale, IPV4_UNICAST);
  rib.markLongLivedStale(stale, IPV4_UNICAST);
  while (rib.work(1));
  const table = rib.family(IPV4_UNICAST)!;
  assert.equal(table.peerOf(table.bestOf(rib.find(IPV4_UNICAST, prefix(1)))), other);
  assert.equal(rib.explain(IPV4_UNICAST, prefix(1))!.decidedBy!.name, 'long-lived stale');
  assert.equal(rib.find(IPV4_UNICAST, prefix(3)) && table.bestOf(rib.find(IPV4_UNICAST, prefix(3))), 0);
  for (const out of outs) while (out.hasMore) out.nextUpdates(65_536);
  assert.deepEqual(
    outs.map((out) => out.told()),
    [2, 1],
  );
});

test('memory comes back when routes go, and does not grow with coming and going', () => {
  const { rib, peer, local, open } = worldOf();
  const out = open();
  let most = 0;
  for (let round = 0; round < 3; round++) {
    for (let one = 0; one < 5_000; one++) rib.announce(local, IPV4_UNICAST, prefix(one), tagged(one >>> 2));
    while (out.hasMore) out.nextUpdates(65_536);
    if (round === 0) most = rib.bytes + out.bytes;
    assert.ok(rib.bytes + out.bytes <= most, `round ${round}`);
    rib.forget(local);
    while (rib.work(1_000));
    while (out.hasMore) out.nextUpdates(65_536);
    assert.deepEqual([rib.family(IPV4_UNICAST)!.routeCount, rib.family(IPV4_UNICAST)!.prefixes.count], [0, 0]);
    assert.deepEqual([rib.attributeSets, out.told()], [0, 0]);
  }
  rib.removePeer(peer);
  while (rib.work(1_000));
  // Two pages of a megabyte are kept for the attributes that come next.
  assert.ok(rib.bytes < 2 * 2 ** 20 + 300_000, `${rib.bytes} of ${most}`);
});

test('a next hop that cannot be reached makes no best route, until it can', () => {
  let cost = 0xffff_ffff;
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST], interiorCost: () => cost });
  const peer = rib.addPeer({ ...external, kind: 'internal', as: 64_500 });
  const nextHop = attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 9));
  rib.announce(peer, IPV4_UNICAST, prefix(1), [...attributes().slice(0, 2), nextHop]);
  const best = () => rib.family(IPV4_UNICAST)!.bestOf(rib.find(IPV4_UNICAST, prefix(1)));
  assert.equal(best(), 0);
  assert.equal(rib.explain(IPV4_UNICAST, prefix(1))!.unusable[0]!.reason.clause, 'RFC 4271 §9.1.2.1');
  cost = 5;
  rib.nextHopsChanged();
  while (rib.work(10));
  assert.notEqual(best(), 0);
});

test('thousands of paths to a prefix each are told, taken back and told to a new session', () => {
  const takesPaths = { ...session, addPathSend: new Set([IPV4_UNICAST]) };
  const { rib, local, peer, open } = worldOf(external, takesPaths);
  const other = rib.addPeer({ ...external, as: 65_002, identifier: 3, address: Uint8Array.of(10, 0, 0, 3) });
  const most = 3_000;
  const path = attribute(AttributeCode.asPath, [{ type: 'sequence', numbers: [65_002] }]);
  const nextHop = attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 0, 3));
  const learned = [attribute(AttributeCode.origin, 'igp'), path, nextHop];
  for (let at = 0; at < most; at++) {
    rib.announce(local, IPV4_UNICAST, prefix(at), attributes());
    rib.announce(other, IPV4_UNICAST, prefix(at), learned);
  }
  const drained = (out: ReturnType<typeof open>) => {
    while (out.hasMore) out.nextUpdates(65_536);
    return out.told();
  };
  const first = open();
  assert.equal(drained(first), 2 * most);
  for (let at = 0; at < most; at += 2) rib.withdraw(other, IPV4_UNICAST, prefix(at));
  for (let at = 0; at < most; at += 3) rib.withdraw(local, IPV4_UNICAST, prefix(at));
  const left = 2 * most - most / 2 - most / 3;
  assert.equal(drained(first), left);
  const again = rib.openAdjOut(peer, takesPaths);
  assert.equal(drained(again), left);
  rib.forget(other);
  rib.forget(local);
  while (rib.work(1_000));
  assert.equal(drained(again), 0);
  assert.equal(rib.attributeSets, 0);
});
