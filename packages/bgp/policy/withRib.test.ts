/** A session, the RIB and policies together: what a neighbour sends, what is kept of it, what another one is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@patronus/net';
import { IPV4_UNICAST } from '../codec/families.ts';
import { attribute, attributeValue, decodeUpdate, encodeUpdate, type Update } from '../codec/update.ts';
import type { PeerSettings } from '../rib/peers.ts';
import { Rib } from '../rib/rib.ts';
import { ValidatedPrefixes } from '../rpki/validatedPrefixes.ts';
import { Opposite } from '../session/opposite.ts';
import { MessageStream } from '../session/stream.ts';
import { compilePolicy } from './compile.ts';
import { PolicyForRoutes } from './routePolicy.ts';
import type { StatementSource } from './source.ts';

const context = { isFourOctetAs: true, isExternal: true };
const ownNextHops = { ipv4: Uint8Array.of(192, 0, 2, 254) };

function bytesOf(text: string) {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok);
  return { address: prefix.value.bytes, length: prefix.value.length };
}

test('prefixes, validation and attributes decide what is kept, and what another neighbour is told', () => {
  const table = new ValidatedPrefixes();
  table.begin(0, true);
  table.announce(0, { ...bytesOf('198.51.100.0/24'), maxLength: 24, as: 3_356 });
  table.announce(0, { ...bytesOf('203.0.113.0/24'), maxLength: 24, as: 1 });
  table.commit(0, () => undefined);
  const rules = (name: string, statements: readonly StatementSource[], as: number) => {
    const compiled = compilePolicy({ name, statements });
    assert.ok(compiled.ok);
    const neighbour = { address: Uint8Array.of(10, 0, 0, as - 65_001), as };
    return new PolicyForRoutes(compiled.value, {
      ...{ neighbour, localAs: 65_001, ownNextHops },
      validate: (address, length, origin) => table.validate(address, length, origin),
    });
  };
  const importPolicy = rules(
    'in',
    [
      { match: { prefixes: ['10.0.0.0/8+'] }, action: 'reject' },
      { match: { validation: ['invalid'] }, action: 'reject' },
      {
        match: { validation: ['valid'] },
        set: { localPreference: 200, addCommunities: ['65001:1'] },
        action: 'accept',
      },
      { action: 'accept' },
    ],
    65_002,
  );
  const exportPolicy = rules(
    'out',
    [
      {
        match: { communities: ['65001:1'] },
        set: { removeCommunities: ['65001:*'], prepend: { as: 'self', times: 2 }, med: 9 },
        action: 'accept',
      },
    ],
    65_003,
  );
  const rib = new Rib({ seed: 1, identifier: 1, families: [IPV4_UNICAST] });
  const settings = (as: number): PeerSettings => ({
    ...{ kind: 'external', as, localAs: 65_001, identifier: as, address: Uint8Array.of(10, 0, 0, as - 65_001) },
    ownNextHops,
  });
  const from = rib.addPeer({ ...settings(65_002), importPolicy });
  const told = (peer: number) => {
    const none: ReadonlySet<number> = new Set();
    const out = rib.openAdjOut(peer, {
      ...{ families: new Set([IPV4_UNICAST]), isFourOctetAs: true, mostMessageLength: 4_096, addPathSend: none },
      ...{ extendedNextHop: none, hasEnhancedRefresh: false, isLongLived: false },
    });
    const updates: Update[] = [];
    while (out.hasMore) {
      new MessageStream().read(out.nextUpdates(65_536), (_, body) => {
        const decoded = decodeUpdate(body, { isFourOctetAs: true, isExternal: true, addPath: none });
        assert.ok(decoded.ok);
        if (decoded.value.endOfRib === undefined) updates.push(decoded.value);
        return 'go on';
      });
    }
    return updates;
  };
  const opposite = new Opposite({ updates: { update: (body, negotiated) => rib.receive(from, body, negotiated) } });
  opposite.toEstablished();
  const announced = ['10.1.0.0/16', '198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24'];
  const nlri = announced.flatMap((text) => {
    const { address, length } = bytesOf(text);
    return [length, ...address.subarray(0, length / 8)];
  });
  const attributes = [
    attribute(1, 'igp'),
    attribute(2, [{ type: 'sequence', numbers: [65_002, 3_356] }]),
    attribute(3, Uint8Array.of(10, 0, 0, 1)),
  ];
  opposite.say(encodeUpdate({ withdrawn: new Uint8Array(0), nlri: Uint8Array.from(nlri), attributes }, context));
  assert.equal(opposite.session.state, 'Established');
  while (rib.hasWork) rib.work(1_000);

  const family = rib.family(IPV4_UNICAST)!;
  const preference = (text: string) => {
    const best = family.bestOf(rib.find(IPV4_UNICAST, bytesOf(text)));
    return best === 0 ? null : (attributeValue(rib.table.valuesOf(family.attributesOf(best)), 5) ?? 'none');
  };
  assert.deepEqual(announced.map(preference), [null, 200, null, 'none']);

  const [update, ...more] = told(rib.addPeer({ ...settings(65_003), exportPolicy }));
  assert.deepEqual(more, []);
  assert.deepEqual([...update!.nlri], [24, 198, 51, 100]);
  assert.deepEqual(attributeValue(update!.attributes, 2), [
    { type: 'sequence', numbers: [65_001, 65_001, 65_001, 65_002, 3_356] },
  ]);
  assert.equal(attributeValue(update!.attributes, 4), 9);
  assert.equal(attributeValue(update!.attributes, 8), undefined);
  assert.deepEqual(attributeValue(update!.attributes, 3), ownNextHops.ipv4);
  assert.deepEqual(told(rib.addPeer(settings(65_004))), [], 'without a policy nothing is told (RFC 8212)');
});
