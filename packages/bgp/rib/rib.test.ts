import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@patronus/wire';
import fc from 'fast-check';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH, MessageType } from '../codec/header.ts';
import { decodePrefixes, type NlriPrefix, prefixSize, writePrefix } from '../codec/nlri/prefixes.ts';
import { decodeRouteRefresh } from '../codec/routeRefresh.ts';
import { attribute, decodeUpdate, encodeUpdate, type Negotiated } from '../codec/update.ts';
import { MessageStream } from '../session/stream.ts';
import type { AdjOut } from './adjOut.ts';
import type { PeerSettings } from './peers.ts';
import { heard, PlainRib } from './plainRib.ts';
import { Rib } from './rib.ts';

const families = [IPV4_UNICAST, IPV6_UNICAST] as const;
const OWN_AS = 64_500;
const ownNextHops = { ipv4: Uint8Array.of(192, 0, 2, 254), ipv6: address6(254) };

function address6(last: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => [0x20, 1, 0xd, 0xb8][at] ?? (at === 15 ? last : 0));
}

function settings(kind: PeerSettings['kind'], as: number, number: number): PeerSettings {
  return {
    ...{ kind, as, localAs: OWN_AS, identifier: 0x0a00_0000 + number, address: Uint8Array.of(10, 0, 0, number) },
    ...{ ownNextHops, importPolicy: 'accept', exportPolicy: 'accept' },
  };
}

/** The fifth takes path identifiers, the second sends them. */
const neighbours: readonly PeerSettings[] = [
  settings('external', 65_001, 1),
  settings('external', 65_002, 2),
  settings('internal', OWN_AS, 3),
  settings('client', OWN_AS, 4),
  settings('client', OWN_AS, 5),
];
const SENDS_PATHS = 1;
const TAKES_PATHS = 4;

function negotiatedWith(index: number, isFourOctetAs = true): Negotiated {
  return {
    ...{ isFourOctetAs, isExternal: neighbours[index]!.kind === 'external' },
    addPath: new Set(index === SENDS_PATHS ? families : []),
  };
}

/** What a neighbour has, from nothing but the bytes that it was sent. */
class Listener {
  readonly routes = new Map<string, string>();
  readonly ends: string[] = [];
  #stale: Set<string> | undefined;
  readonly #stream = new MessageStream();
  readonly #hasPathIds: boolean;

  constructor(hasPathIds: boolean) {
    this.#hasPathIds = hasPathIds;
  }

  listen(bytes: Uint8Array): void {
    const error = this.#stream.read(bytes, (type, body) => {
      assert.ok(body.length + HEADER_LENGTH <= 4_096);
      if (type === MessageType.routeRefresh) this.#border(body);
      else this.#update(body);
      return 'go on';
    });
    assert.equal(error, undefined);
  }

  #border(body: Uint8Array): void {
    const refresh = decodeRouteRefresh(body);
    assert.ok(refresh.ok);
    const { kind, family } = refresh.value;
    this.ends.push(`${kind} ${family}`);
    if (kind === 'begin') this.#stale = new Set([...this.routes.keys()].filter((key) => key.startsWith(`${family} `)));
    // Whatever has not come again must be gone already: the RIB knows what it told.
    else
      assert.deepEqual(
        [...this.#stale!].filter((key) => this.routes.has(key)),
        [],
      );
  }

  #update(body: Uint8Array): void {
    const addPath = new Set(this.#hasPathIds ? families : []);
    const decoded = decodeUpdate(body, { isFourOctetAs: true, isExternal: false, addPath });
    assert.ok(decoded.ok);
    const { withdrawn, nlri, reach, unreach, attributes, complaints, endOfRib } = decoded.value;
    assert.deepEqual(complaints, []);
    if (endOfRib !== undefined) this.ends.push(`end of rib ${endOfRib}`);
    for (const key of this.#keys(IPV4_UNICAST, withdrawn)) assert.ok(this.routes.delete(key), `${key} was not told`);
    for (const key of this.#keys(unreach?.family, unreach?.nlri)) assert.ok(this.routes.delete(key));
    for (const key of [...this.#keys(IPV4_UNICAST, nlri), ...this.#keys(reach?.family, reach?.nlri)]) {
      this.routes.set(key, heard(attributes));
      this.#stale?.delete(key);
    }
  }

  #keys(family: FamilyKey | undefined, nlri: Uint8Array | undefined): string[] {
    if (family === undefined || nlri === undefined) return [];
    const prefixes = decodePrefixes(nlri, 0, nlri.length, family === IPV4_UNICAST ? 4 : 6, this.#hasPathIds)!;
    return prefixes.map((prefix) => keyOf(family, prefix));
  }
}

function keyOf(family: FamilyKey, { length, address, pathId }: NlriPrefix): string {
  return `${family} ${toHex(address)}/${length}${pathId === 0 ? '' : ` ${pathId}`}`;
}

const pool: Readonly<Record<number, readonly NlriPrefix[]>> = {
  [IPV4_UNICAST]: Array.from({ length: 12 }, (_, at) => {
    const length = [0, 8, 17, 24, 24, 32][at % 6]!;
    return { pathId: 0, length, address: Uint8Array.of(length === 0 ? 0 : 10 + at, length > 8 ? at << 7 : 0, 0, 0) };
  }).filter(({ length }, at) => length > 0 || at === 0),
  [IPV6_UNICAST]: Array.from({ length: 6 }, (_, at) => {
    const address = address6(0);
    address[5] = at;
    return { pathId: 0, length: [32, 48, 64, 127][at % 4]! + (at % 4 === 0 ? 16 : 0), address };
  }),
};

function nlriOf(prefixes: readonly NlriPrefix[], hasPathIds: boolean): Uint8Array {
  const bytes = new Uint8Array(prefixes.reduce((sum, { length }) => sum + prefixSize(length, hasPathIds), 0));
  let at = 0;
  for (const prefix of prefixes) at = writePrefix(bytes, at, prefix, hasPathIds);
  return bytes;
}

const choices = fc.record({
  origin: fc.constantFrom('igp', 'egp', 'incomplete'),
  path: fc.array(fc.constantFrom(65_001, 65_002, 4_200_000_001, OWN_AS), { maxLength: 3 }),
  hasSet: fc.boolean(),
  med: fc.option(fc.nat(2)),
  localPreference: fc.option(fc.constantFrom(100, 101)),
  communities: fc.option(
    fc.constantFrom([1], [0xffff_ff01], [0xffff_ff02, 7], [0xffff_ff03], [0xffff_0006], [(65_001 << 16) >>> 0]),
  ),
  cluster: fc.option(fc.constantFrom(1, 0x0a00_00ff)),
  aigp: fc.option(fc.nat(1)),
  unknown: fc.option(fc.constantFrom(0xc0, 0x80)),
  nextHop: fc.integer({ min: 1, max: 3 }),
});

type Choice = typeof choices extends fc.Arbitrary<infer Value> ? Value : never;

/** Attributes that the peer might send: an external one puts its AS in front, an internal one has its own. */
function attributesOf(choice: Choice, peer: PeerSettings, family: FamilyKey, nlri: Uint8Array): PathAttribute[] {
  const isExternal = peer.kind === 'external';
  const numbers = isExternal ? [peer.as, ...choice.path] : choice.path;
  const path = [
    ...(numbers.length === 0 ? [] : [{ type: 'sequence' as const, numbers }]),
    ...(choice.hasSet ? [{ type: 'set' as const, numbers: [7, 8] }] : []),
  ];
  const attributes: PathAttribute[] = [
    attribute(AttributeCode.origin, choice.origin as 'igp'),
    attribute(AttributeCode.asPath, path),
  ];
  if (family === IPV4_UNICAST) {
    attributes.push(attribute(AttributeCode.nextHop, Uint8Array.of(10, 0, 1, choice.nextHop)));
  }
  if (choice.med !== null) attributes.push(attribute(AttributeCode.multiExitDiscriminator, choice.med));
  if (choice.localPreference !== null && !isExternal) {
    attributes.push(attribute(AttributeCode.localPreference, choice.localPreference));
  }
  if (choice.communities !== null) attributes.push(attribute(AttributeCode.communities, choice.communities));
  if (choice.cluster !== null && !isExternal) {
    attributes.push(attribute(AttributeCode.originatorId, 77));
    attributes.push(attribute(AttributeCode.clusterList, [choice.cluster]));
  }
  if (family !== IPV4_UNICAST) {
    attributes.push(attribute(AttributeCode.mpReach, { family, nextHop: address6(choice.nextHop), nlri }));
  }
  if (choice.aigp !== null && !isExternal) {
    const bytes = Uint8Array.of(1, 0, 11, 0, 0, 0, 0, 0, 0, 0, choice.aigp);
    attributes.push(attribute(AttributeCode.aigp, { metric: BigInt(choice.aigp), bytes }));
  }
  if (choice.unknown !== null) {
    attributes.push({ code: 'unknown', number: 99, flags: choice.unknown, value: Uint8Array.of(1, 2, 3) });
  }
  return attributes;
}

const indexes = fc.nat(neighbours.length - 1);
const someFamily = fc.constantFrom(...families);
const somePrefixes = fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 4 });
const events = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('learn' as const),
      ...{ peer: indexes, family: someFamily, prefixes: somePrefixes, choice: choices, pathId: fc.nat(2) },
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('withdraw' as const),
      ...{ peer: indexes, family: someFamily, prefixes: somePrefixes, pathId: fc.nat(2) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), peer: indexes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), peer: indexes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), peer: indexes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refresh' as const), peer: indexes, family: someFamily }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), peer: indexes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), peer: indexes, bytes: fc.nat(300) }) },
);

/** The RIB, the plain one, and neighbours that listen. */
class World {
  readonly rib = new Rib({ seed: 12_345, identifier: 0x0a00_00ff, families });
  readonly plain = new PlainRib();
  readonly ids: number[] = [];
  readonly outs: AdjOut[] = [];
  readonly listeners: Listener[] = [];

  constructor() {
    for (const [index, one] of neighbours.entries()) {
      this.ids.push(this.rib.addPeer(one));
      this.plain.peers.set(index, one);
      this.open(index);
    }
  }

  open(index: number): void {
    this.listeners[index] = new Listener(index === TAKES_PATHS);
    this.outs[index] = this.rib.openAdjOut(this.ids[index]!, {
      ...{ families: new Set(families), isFourOctetAs: true, extendedNextHop: new Set(), mostMessageLength: 4_096 },
      addPathSend: new Set(index === TAKES_PATHS ? families : []),
      ...{ hasEnhancedRefresh: true, isLongLived: false },
    });
  }

  receive(index: number, message: Uint8Array): void {
    const body = message.subarray(HEADER_LENGTH);
    assert.equal(this.rib.receive(this.ids[index]!, body, negotiatedWith(index)), undefined);
  }

  happen(event: typeof events extends fc.Arbitrary<infer Value> ? Value : never): void {
    const id = this.ids[event.peer]!;
    if (event.kind === 'learn') this.#learn(event);
    else if (event.kind === 'withdraw') this.#withdraw(event);
    else if (event.kind === 'forget') {
      this.rib.forget(id);
      this.plain.forget(event.peer);
      while (this.rib.work(3));
    } else if (event.kind === 'stale') {
      for (const family of families) this.rib.beginRefresh(id, family);
      this.plain.markStale(event.peer);
    } else if (event.kind === 'sweep') {
      for (const family of families) this.rib.endRefresh(id, family);
      this.plain.sweep(event.peer);
      while (this.rib.work(5));
    } else if (event.kind === 'refresh') this.outs[event.peer]!.refresh(event.family);
    else if (event.kind === 'reopen') this.open(event.peer);
    else this.listeners[event.peer]!.listen(this.outs[event.peer]!.nextUpdates(event.bytes));
  }

  #pick({ peer, family, prefixes, pathId }: { peer: number; family: FamilyKey; prefixes: number[]; pathId: number }) {
    const all = pool[family]!;
    const picked = [...new Set(prefixes.map((at) => all[at % all.length]!))];
    return picked.map((prefix) => ({ ...prefix, pathId: peer === SENDS_PATHS ? pathId : 0 }));
  }

  #learn(event: { peer: number; family: FamilyKey; prefixes: number[]; pathId: number; choice: Choice }): void {
    const { peer, family } = event;
    const prefixes = this.#pick(event);
    const nlri = nlriOf(prefixes, peer === SENDS_PATHS);
    const attributes = attributesOf(event.choice, neighbours[peer]!, family, nlri);
    const body = { withdrawn: new Uint8Array(0), nlri: family === IPV4_UNICAST ? nlri : new Uint8Array(0), attributes };
    this.receive(peer, encodeUpdate(body, negotiatedWith(peer)));
    // What no rule knows of an external peer's AIGP is that there is none.
    for (const prefix of prefixes) {
      this.plain.learn(peer, keyOf(family, { ...prefix, pathId: 0 }), prefix.pathId, attributes);
    }
  }

  #withdraw(event: { peer: number; family: FamilyKey; prefixes: number[]; pathId: number }): void {
    const { peer, family } = event;
    const prefixes = this.#pick(event);
    const nlri = nlriOf(prefixes, peer === SENDS_PATHS);
    const isBody = family === IPV4_UNICAST;
    const attributes = isBody ? [] : [attribute(AttributeCode.mpUnreach, { family, nlri })];
    const body = { withdrawn: isBody ? nlri : new Uint8Array(0), nlri: new Uint8Array(0), attributes };
    this.receive(peer, encodeUpdate(body, negotiatedWith(peer)));
    for (const prefix of prefixes) {
      this.plain.withdraw(peer, keyOf(family, { ...prefix, pathId: 0 }), prefix.pathId);
    }
  }

  checkBests(): void {
    for (const family of families) {
      const table = this.rib.family(family)!;
      for (const prefix of pool[family]!) {
        const expected = this.plain.best(keyOf(family, prefix));
        const slot = this.rib.find(family, prefix);
        const best = slot === 0 ? 0 : table.bestOf(slot);
        const found = best === 0 ? undefined : [this.ids.indexOf(table.peerOf(best)), table.pathIdOf(best)];
        assert.deepEqual(found, expected && [expected.peer, expected.pathId], keyOf(family, prefix));
      }
    }
  }

  /** Sends all there is; each listener has then exactly what it should have. */
  checkTold(): void {
    for (const [index, out] of this.outs.entries()) {
      while (out.hasMore) this.listeners[index]!.listen(out.nextUpdates(4_096));
      assert.equal(out.told(), this.listeners[index]!.routes.size);
      const told = [...this.listeners[index]!.routes].map(([key, text]) => `${key.replace(/ \d+$/, '')} ${text}`);
      assert.deepEqual(told.sort(), this.#expected(index).sort());
    }
  }

  #expected(index: number): string[] {
    return families.flatMap((family) =>
      pool[family]!.flatMap((prefix) => {
        const key = keyOf(family, prefix);
        const best = this.plain.best(key);
        const routes = index === TAKES_PATHS ? this.plain.eligible(key) : best === undefined ? [] : [best];
        return routes.flatMap((route) => {
          const text = this.plain.told(index, route, family);
          return text === undefined ? [] : [`${key} ${text}`];
        });
      }),
    );
  }
}

test('whatever peers say, best routes and what each neighbour has are those of the plain RIB', () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 60 }), (all) => {
      const world = new World();
      for (const event of all) {
        world.happen(event);
        world.checkBests();
      }
      world.checkTold();
    }),
    { numRuns: 100, seed: 5 },
  );
});
