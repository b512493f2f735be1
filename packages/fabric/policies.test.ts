import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  check,
  compile,
  hiddenPolicies,
  MAX_POLICIES,
  type Model,
  matchFaults,
  type Policy,
  type TrafficMatch,
} from './index.ts';

const model: Model = {
  ...{ organisation: 'default', controllers: ['198.51.100.1:8444'], mtu: 1420 },
  sites: [{ id: 's1', name: 'Berlin', prefixes: [{ segment: 0, prefix: '10.1.0.0/16' }] }],
  edges: [{ id: 'e1', name: 'berlin', siteId: 's1', overlayAddress: '100.127.0.1', isTrusted: true }],
  ...{ uplinks: [], peers: [], policies: [] },
};

function policiesOf(...matches: TrafficMatch[]): Policy[] {
  return matches.map((match, index) => ({ id: `c${index}`, name: `policy ${index}`, match, compression: null }));
}

function codesOf(...matches: TrafficMatch[]): string[] {
  return check({ ...model, policies: policiesOf(...matches) }).map(({ code }) => code);
}

describe('policies', () => {
  test('reach every edge in their order, with nothing that was not given', () => {
    const policies = [
      { id: 'c2', name: 'Voice', match: { dscp: [46] }, compression: null },
      { id: 'c1', name: 'Rest', match: {}, compression: 3 },
    ];
    const asked = { action: 'allow', breakoutUplinks: [], treatment: 'default', priority: 'normal' };
    assert.deepEqual(
      compile({ ...model, policies }).get('e1')?.policies,
      policies.map((policy) => ({ ...policy, ...asked, limitPercent: null, mark: null })),
    );
  });

  test('that can match nothing are errors, each named', () => {
    const wrong: Readonly<Record<string, TrafficMatch>> = {
      POLICY_PREFIX_INVALID: { sources: ['10.0.0.1/8'] },
      POLICY_PORTS_REVERSED: { ports: [[90, 80]] },
      POLICY_PROTOCOL_WITHOUT_PORTS: { protocol: 47, ports: [[1, 2]] },
      POLICY_FAMILIES_DIFFER: { sources: ['10.0.0.0/8'], destinations: ['fd00::/8'] },
      POLICY_PROTOCOL_OF_OTHER_FAMILY: { protocol: 58, destinations: ['10.0.0.0/8'] },
      POLICY_DSCP_INVALID: { dscp: [64] },
    };
    for (const [code, match] of Object.entries(wrong)) {
      assert.deepEqual(codesOf(match), [code]);
      assert.deepEqual(
        matchFaults(match).map((fault) => fault.code),
        [code],
      );
    }
    assert.deepEqual(codesOf({ ports: [[443, 443]] }), [], 'a port of any protocol that has ports');
    assert.deepEqual(codesOf({ sources: ['10.0.0.0/8', 'fd00::/8'], destinations: ['fd00::/8'] }), []);
  });

  test('are told apart by their names, and are not endless', () => {
    const [one] = policiesOf({ protocol: 6 });
    const twice = [one!, { ...one!, id: 'other', name: 'POLICY 0', match: { protocol: 17 } }];
    assert.deepEqual(
      check({ ...model, policies: twice }).map(({ code, policyId }) => [code, policyId]),
      [['POLICY_NAME_TAKEN', 'other']],
    );
    const many = policiesOf(
      ...Array.from({ length: MAX_POLICIES + 1 }, (_, n) => ({ ports: [[n, n]] as [number, number][] })),
    );
    assert.deepEqual(
      check({ ...model, policies: many }).map(({ code }) => code),
      ['TOO_MANY_POLICIES'],
    );
  });

  test('behind one that takes everything are warned of', () => {
    const codes = codesOf(
      { protocol: 6 },
      { protocol: 17, ports: [[1, 9]] },
      { protocol: 6, dscp: [8] },
      {},
      { dscp: [9] },
    );
    assert.deepEqual(codes, ['POLICY_HIDDEN', 'POLICY_HIDDEN']);
  });

  test('are called hidden only when no packet is left for them', () => {
    const small = fc.record(
      {
        protocol: fc.constantFrom(6, 17),
        ports: fc.array(fc.constantFrom([1, 2], [2, 2], [1, 3]) as fc.Arbitrary<[number, number]>, {
          minLength: 1,
          maxLength: 2,
        }),
        dscp: fc.array(fc.constantFrom(0, 8), { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const packets = [6, 17].flatMap((protocol) =>
      [1, 2, 3, 4].flatMap((port) => [0, 8, 9].map((dscp) => ({ protocol, port, dscp }))),
    );
    const takes = (match: TrafficMatch, packet: (typeof packets)[number]) =>
      (match.protocol === undefined || match.protocol === packet.protocol) &&
      (match.ports === undefined || match.ports.some(([first, last]) => first <= packet.port && packet.port <= last)) &&
      (match.dscp === undefined || match.dscp.includes(packet.dscp));
    fc.assert(
      fc.property(fc.array(small, { minLength: 2, maxLength: 4 }), (matches) => {
        const policies = policiesOf(...(matches as TrafficMatch[]));
        for (const [hidden, by] of hiddenPolicies(policies)) {
          assert.ok(policies.indexOf(by) < policies.indexOf(hidden));
          assert.ok(packets.every((packet) => !takes(hidden.match, packet) || takes(by.match, packet)));
        }
      }),
    );
  });
});
