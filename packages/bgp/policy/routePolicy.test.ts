/** Policies as the RIB asks them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@patronus/net';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { attribute, attributeValue } from '../codec/update.ts';
import { compilePolicy } from './compile.ts';
import { PolicyForRoutes, type RoutePolicyOptions } from './routePolicy.ts';
import type { OriginValidation, StatementSource } from './source.ts';

function policyOf(statements: readonly StatementSource[], options: Partial<RoutePolicyOptions> = {}): PolicyForRoutes {
  const compiled = compilePolicy({ name: 'tested', statements });
  assert.ok(compiled.ok);
  const neighbour = { address: Uint8Array.of(192, 0, 2, 1), as: 65_001 };
  return new PolicyForRoutes(compiled.value, { neighbour, localAs: 65_000, ...options });
}

function nlri(text: string) {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok);
  return { pathId: 0, length: prefix.value.length, address: prefix.value.bytes };
}

const route = [
  attribute(1, 'igp'),
  attribute(2, [{ type: 'sequence', numbers: [65_001, 3_356] }]),
  attribute(3, Uint8Array.of(192, 0, 2, 9)),
];
const nextHop6 = new Uint8Array(16).fill(1);
const route6 = [
  attribute(1, 'igp'),
  attribute(2, []),
  attribute(8, [65_536]),
  attribute(14, { family: IPV6_UNICAST, nextHop: nextHop6, nlri: new Uint8Array(0) }),
];

test('a route that nothing changes comes out as the very list that went in', () => {
  const policy = policyOf([{ action: 'accept' }]);
  assert.equal(policy.apply(route, IPV4_UNICAST, undefined), route);
  assert.equal(policyOf([]).apply(route, IPV4_UNICAST, undefined), undefined);
});

test('what is set comes with the next hop in its place', () => {
  const policy = policyOf([{ match: { nextHops: ['192.0.2.9'] }, set: { localPreference: 7 }, action: 'accept' }]);
  const answer = policy.apply(route, IPV4_UNICAST, undefined);
  assert.deepEqual(
    answer?.map(({ code }) => code),
    [1, 2, 3, 5],
  );
  assert.equal(policy.apply(route, IPV4_UNICAST, undefined), answer, 'one decision is one list');
  const six = policyOf([{ set: { med: 1 }, action: 'accept' }]).apply(route6, IPV6_UNICAST, undefined) ?? [];
  assert.deepEqual(
    six.map(({ code }) => code),
    [1, 2, 4, 8, 14],
  );
  assert.deepEqual(attributeValue(six, 14)?.nextHop, nextHop6);
});

test('next hop self is the address of the family, and another kind of address moves into MP_REACH_NLRI', () => {
  const own = { ipv4: Uint8Array.of(10, 0, 0, 1), ipv6: new Uint8Array(16).fill(2) };
  const self = policyOf([{ set: { nextHop: 'self' }, action: 'accept' }], { ownNextHops: own });
  assert.deepEqual(attributeValue(self.apply(route, IPV4_UNICAST, undefined) ?? [], 3), own.ipv4);
  assert.deepEqual(attributeValue(self.apply(route6, IPV6_UNICAST, undefined) ?? [], 14)?.nextHop, own.ipv6);
  const over6 = policyOf([{ set: { nextHop: '2001:db8::1' }, action: 'accept' }]).apply(route, IPV4_UNICAST, undefined);
  assert.equal(attributeValue(over6 ?? [], 3), undefined);
  assert.equal(attributeValue(over6 ?? [], 14)?.nextHop.length, 16);
});

test('prefixes and their validation are asked for each route, with the origin of its path', () => {
  const asked: unknown[] = [];
  const validate = (address: Uint8Array, length: number, as: number | undefined): OriginValidation => {
    asked.push([address.join('.'), length, as]);
    return address[0] === 10 ? 'invalid' : 'valid';
  };
  const policy = policyOf([{ match: { validation: ['invalid'] }, action: 'reject' }, { action: 'accept' }], {
    validate,
  });
  assert.equal(policy.looksAtPrefixes, true);
  assert.equal(policy.apply(route, IPV4_UNICAST, nlri('10.0.0.0/8')), undefined);
  assert.equal(policy.apply(route, IPV4_UNICAST, nlri('11.0.0.0/8')), route);
  const own = [attribute(1, 'igp'), attribute(2, [])];
  policy.apply(own, IPV4_UNICAST, nlri('11.0.0.0/8'));
  const set = [attribute(2, [{ type: 'set', numbers: [1, 2] }])];
  policy.apply(set, IPV4_UNICAST, nlri('11.0.0.0/8'));
  assert.deepEqual(asked, [
    ['10.0.0.0', 8, 3_356],
    ['11.0.0.0', 8, 3_356],
    ['11.0.0.0', 8, 65_000],
    ['11.0.0.0', 8, undefined],
  ]);
});
