/** What two OPENs agree on, seen from both ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH } from '../codec/header.ts';
import { decodeOpen, encodeOpen } from '../codec/open.ts';
import { capabilitiesOf, defaults, type SessionConfiguration } from './configuration.ts';
import { type NegotiatedSession, negotiate } from './negotiation.ts';

const families = [IPV4_UNICAST, IPV6_UNICAST];

function agree(ours: SessionConfiguration, peers: SessionConfiguration) {
  const message = encodeOpen({
    ...{ as: peers.localAs, identifier: peers.identifier, holdTime: peers.holdTimeS ?? defaults.holdTimeS },
    capabilities: capabilitiesOf(peers),
  });
  const open = decodeOpen(message.subarray(HEADER_LENGTH));
  assert.ok(open.ok);
  return negotiate(ours, open.value);
}

function agreed(ours: SessionConfiguration, peers: SessionConfiguration): NegotiatedSession {
  const negotiated = agree(ours, peers);
  assert.ok(negotiated.ok, negotiated.ok ? '' : negotiated.error.reason);
  return negotiated.value;
}

const a: SessionConfiguration = { localAs: 65_001, peerAs: 'any', identifier: 1 };
const b: SessionConfiguration = { localAs: 4_200_000_000, peerAs: 'any', identifier: 2 };

test('what nobody has configured is IPv4 unicast, 90 s, and what every speaker can', () => {
  const negotiated = agreed(a, b);
  assert.deepEqual([...negotiated.families], [IPV4_UNICAST]);
  assert.equal(negotiated.holdTimeS, 90);
  assert.equal(negotiated.peerAs, 4_200_000_000);
  assert.equal(negotiated.isExternal, true);
  assert.equal(negotiated.isFourOctetAs, true);
  assert.equal(negotiated.mostMessageLength, 65_535);
  assert.equal(negotiated.hasRouteRefresh && negotiated.hasEnhancedRefresh, true);
  assert.equal(negotiated.addPath.size + negotiated.addPathSend.size + negotiated.extendedNextHop.size, 0);
});

test('a peer without capabilities speaks IPv4 unicast with short AS numbers and messages', () => {
  const message = encodeOpen({ as: 65_002, holdTime: 0, identifier: 2, capabilities: [] });
  const open = decodeOpen(message.subarray(HEADER_LENGTH));
  assert.ok(open.ok);
  const negotiated = negotiate({ ...a, families }, open.value);
  assert.ok(negotiated.ok);
  assert.deepEqual([...negotiated.value.families], [IPV4_UNICAST]);
  assert.equal(negotiated.value.isFourOctetAs, false);
  assert.equal(negotiated.value.mostMessageLength, 4_096);
  assert.equal(negotiated.value.hasRouteRefresh, false);
  assert.equal(negotiated.value.holdTimeS, 0);
});

test('an AS is taken as configured: a number, the own one, another one, any', () => {
  const is = (peerAs: SessionConfiguration['peerAs'], as: number) => agree({ ...a, peerAs }, { ...b, localAs: as }).ok;
  assert.deepEqual([is(65_002, 65_002), is(65_002, 65_003)], [true, false]);
  assert.deepEqual([is('internal', 65_001), is('internal', 65_003)], [true, false]);
  assert.deepEqual([is('external', 65_001), is('external', 65_003)], [false, true]);
  assert.deepEqual([is('any', 65_001), is('any', 65_003)], [true, true]);
});

const subset = fc.subarray(families, { minLength: 1 });
const mode = fc.constantFrom('receive' as const, 'send' as const, 'both' as const);
const configuration = fc.record({
  families: subset,
  holdTimeS: fc.constantFrom(0, 3, 30, 90, 240),
  addPath: fc.array(fc.record({ family: fc.constantFrom(...families), mode }), { maxLength: 1 }),
  extendedNextHop: fc.subarray(families),
  extendedMessages: fc.boolean(),
  routeRefresh: fc.boolean(),
});

test('both ends see the same: what one sends the other receives', () => {
  fc.assert(
    fc.property(configuration, configuration, (forA, forB) => {
      const [left, right] = [
        { ...a, ...forA },
        { ...b, ...forB },
      ];
      const [fromA, fromB] = [agree(left, right), agree(right, left)];
      const isShared = forA.families.some((family) => forB.families.includes(family));
      assert.deepEqual([fromA.ok, fromB.ok], [isShared, isShared]);
      if (!fromA.ok || !fromB.ok) return;
      const [one, other] = [fromA.value, fromB.value];
      assert.deepEqual(new Set(one.families), new Set(other.families));
      assert.deepEqual(one.addPath, other.addPathSend);
      assert.deepEqual(one.addPathSend, other.addPath);
      assert.deepEqual(one.extendedNextHop, other.extendedNextHop);
      assert.equal(one.holdTimeS, other.holdTimeS);
      assert.equal(one.mostMessageLength, other.mostMessageLength);
      assert.equal(one.hasRouteRefresh, other.hasRouteRefresh);
      for (const family of [...one.addPath, ...one.extendedNextHop]) assert.equal(one.families.has(family), true);
    }),
    { numRuns: 500 },
  );
});
