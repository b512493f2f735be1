import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IpAddress, parseAddress, parsePrefix, prefixContains } from '@patronus/net';
import fc from 'fast-check';
import { compile, type Flow, type Model, matchPolicy, type Policy, type TrafficMatch } from './index.ts';

const model: Model = {
  ...{ organisation: 'default', controllers: ['198.51.100.1:8444'], mtu: 1420 },
  sites: [
    { id: 's1', name: 'Berlin', prefixes: [{ segment: 0, prefix: '10.1.0.0/16' }] },
    { id: 's2', name: 'Paris', prefixes: [{ segment: 0, prefix: '10.2.0.0/16' }] },
    { id: 's3', name: 'Empty', prefixes: [] },
  ],
  edges: [{ id: 'e1', name: 'berlin', siteId: 's1', overlayAddress: '100.127.0.1', isTrusted: true }],
  ...{ uplinks: [], peers: [], policies: [] },
  applications: [
    { id: 'till', name: 'Till', ports: [{ protocol: 6, first: 7000, last: 7009 }], prefixes: [], names: [] },
    { id: 'meet', name: 'Meet', ports: [], prefixes: [], names: ['meet.example.org'] },
  ],
};

function address(text: string): IpAddress {
  return parseAddress(text)!;
}

function policiesOf(...matches: TrafficMatch[]): Policy[] {
  return matches.map((match, index) => ({ id: `p${index}`, name: `policy ${index}`, match, compression: null }));
}

function ask(matches: TrafficMatch[], more: Partial<Flow> = {}) {
  const flow: Flow = {
    ...{ segment: 0, source: address('10.1.0.5'), destination: address('10.2.0.9') },
    ...{ protocol: 6, sourcePort: 40_000, destinationPort: 443, dscp: 0, application: null },
    ...more,
  };
  const { policy, considered } = matchPolicy({ ...model, policies: policiesOf(...matches) }, flow);
  return { id: policy?.id, verdicts: considered.map(({ verdict }) => verdict), why: considered.map(({ why }) => why) };
}

describe('the policy of a flow', () => {
  test('is the first that matches, and each one before says what differs', () => {
    const { id, why } = ask([
      { protocol: 17 },
      { ports: [[5060, 5061]] },
      { sourceSites: ['s2'] },
      { dscp: [46] },
      { segment: 3 },
      { applications: ['till'] },
      { destinationSites: ['s2'], ports: [[400, 500]] },
      {},
    ]);
    assert.equal(id, 'p6');
    assert.deepEqual(why, [
      'it is for udp, not tcp',
      'it is for port 5060-5061, not 40000 or 443',
      'it is for packets from Paris, not from 10.1.0.5',
      'it is for DSCP 46, not DSCP 0',
      'it is for segment 3, not segment 0',
      'it is for Till',
      'port 443, to 10.2.0.9',
    ]);
  });

  test('is open where it depends on what was not said, and goes on to the one that is certain', () => {
    const open = { protocol: undefined, sourcePort: undefined, dscp: undefined, application: undefined };
    const { id, verdicts, why } = ask(
      [{ dscp: [46] }, { protocol: 17 }, { ports: [[40_000, 40_000]] }, { applications: ['meet'] }, {}],
      open,
    );
    assert.equal(id, 'p4');
    assert.deepEqual(verdicts, ['depends', 'depends', 'depends', 'depends', 'matches']);
    assert.match(why[3]!, /Meet, which a name in a later packet may show/);
    assert.equal(ask([{ ports: [[443, 443]] }], open).id, 'p0', 'one port is enough where it is in the range');
  });

  test('of an application is known by port at once, or by the name that was seen', () => {
    assert.equal(ask([{ applications: ['till'] }], { destinationPort: 7005 }).id, 'p0');
    assert.equal(ask([{ applications: ['till'] }], { destinationPort: 7005, protocol: 17 }).id, undefined);
    assert.equal(ask([{ applications: ['meet'] }], { application: 'meet' }).id, 'p0');
    assert.equal(ask([{ applications: ['meet'] }]).id, undefined);
  });

  test('is none where none matches; one for a site without prefixes matches nothing', () => {
    assert.deepEqual(ask([{ sourceSites: ['s3'] }]), {
      id: undefined,
      verdicts: ['differs'],
      why: ['it is for packets from Empty, not from 10.1.0.5'],
    });
  });

  test('is the one that an edge finds in what it is told, for any policies and packets', () => {
    const prefix = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/24', '10.2.0.9/32', '192.0.2.0/24');
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
    const port = fc.integer({ min: 0, max: 12 });
    const match = fc
      .record({
        protocol: maybe(fc.constantFrom(6, 17)),
        ports: maybe(fc.array(fc.tuple(port, port), { minLength: 1, maxLength: 2 })),
        dscp: maybe(fc.array(fc.constantFrom(0, 8, 46), { minLength: 1, maxLength: 2 })),
        sources: maybe(fc.array(prefix, { minLength: 1, maxLength: 2 })),
        destinations: maybe(fc.array(prefix, { minLength: 1, maxLength: 2 })),
        sourceSites: maybe(fc.array(fc.constantFrom('s1', 's2', 's3'), { minLength: 1, maxLength: 2 })),
        segment: maybe(fc.constantFrom(0, 1)),
      })
      .map((parts): TrafficMatch => Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)));
    const host = fc.constantFrom('10.1.0.5', '10.2.0.9', '10.2.5.1', '192.0.2.7', '203.0.113.1');
    const packet = fc.record({
      ...{ segment: fc.constantFrom(0, 1), source: host, destination: host, protocol: fc.constantFrom(6, 17) },
      ...{ sourcePort: port, destinationPort: port, dscp: fc.constantFrom(0, 8, 46) },
    });
    fc.assert(
      fc.property(fc.array(match, { maxLength: 6 }), packet, (matches, said) => {
        const policies = policiesOf(...matches);
        const flow: Flow = { ...said, source: address(said.source), destination: address(said.destination) };
        const told = compile({ ...model, policies }).get('e1')!.policies;
        const expected = told.find((policy) => isHeld(policy.match, flow))?.id;
        assert.equal(matchPolicy({ ...model, policies }, flow).policy?.id, expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** As the packet path reads a compiled match: all that is given has to hold. */
function isHeld(match: TrafficMatch, flow: Flow): boolean {
  const holds = (prefixes: readonly string[] | undefined, host: IpAddress) =>
    prefixes?.some((text) => {
      const prefix = parsePrefix(text);
      return prefix.ok && prefixContains(prefix.value, host);
    }) ?? true;
  const ports = [flow.sourcePort!, flow.destinationPort!];
  return (
    (match.segment ?? flow.segment) === flow.segment &&
    (match.protocol ?? flow.protocol) === flow.protocol &&
    (match.dscp?.includes(flow.dscp!) ?? true) &&
    (match.ports?.some(([first, last]) => ports.some((port) => port >= first && port <= last)) ?? true) &&
    holds(match.sources, flow.source) &&
    holds(match.destinations, flow.destination)
  );
}
