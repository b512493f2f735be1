/** Whole speakers in memory: what one has, the other learns, and forgets again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix } from '@patronus/net';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { PolicySource } from '../policy/source.ts';
import type { NeighbourConfiguration, RouteConfiguration, SpeakerConfiguration } from './configuration.ts';
import { SimulatedNetwork } from './simulation.ts';
import type { Speaker } from './speaker.ts';

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
};

interface Wanted {
  readonly as: number;
  readonly multipath?: number;
  readonly networks?: readonly string[];
  readonly policies?: readonly PolicySource[];
  readonly neighbours: readonly (Partial<NeighbourConfiguration['session']> & {
    readonly address: string;
    readonly peerAs: number | 'external';
    readonly routes?: RouteConfiguration;
  })[];
}

function configuration(own: string, wanted: Wanted): SpeakerConfiguration {
  const { as, networks = [], policies = [], neighbours, multipath = 1 } = wanted;
  const identifier = new DataView(parseAddress(own)!.bytes.slice().buffer).getUint32(0);
  return {
    ...{ as, identifier, multipath },
    networks: networks.map((text) => ({ prefix: prefix(text), set: { addCommunities: [`${as}:1`] } })),
    policies: new Map(
      policies.map((source) => {
        const compiled = compilePolicy(source);
        assert.ok(compiled.ok);
        return [source.name, compiled.value];
      }),
    ),
    neighbours: neighbours.map(({ address, routes = { import: 'accept', export: 'accept' }, ...session }) => ({
      ...{ name: address, address: address.includes('/') ? prefix(address) : parseAddress(address)!, routes },
      session: { localAs: as, identifier, families: [IPV4_UNICAST, IPV6_UNICAST], holdTimeS: 9, ...session },
    })),
  };
}

const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

function routes(speaker: Speaker): string[] {
  return [...speaker.routes.reports({ isBestOnly: true })].map(
    ({ prefix: text, attributes, nextHop }) => `${text} ${attributes['as-path']} via ${nextHop}`,
  );
}

function pair(ofA: Partial<Wanted['neighbours'][number]> = {}, ofB: Partial<Wanted['neighbours'][number]> = {}) {
  const network = new SimulatedNetwork();
  const a = network.add(
    A!,
    configuration(A!, {
      ...{ as: 64_501, networks: ['198.51.100.0/24', '2001:db8:1::/48'] },
      neighbours: [{ address: B!, peerAs: 64_502, ...ofA }],
    }),
  );
  const b = network.add(B!, configuration(B!, { as: 64_502, neighbours: [{ address: A!, peerAs: 64_501, ...ofB }] }));
  network.start();
  network.run(5_000);
  return { network, a, b };
}

test('routes of one speaker are learned by the other, in both families, with their communities', () => {
  const { b } = pair();
  assert.deepEqual(routes(b), ['198.51.100.0/24 64501 via 10.0.0.1', '2001:db8:1::/48 64501 via 2001:db8:ffff::1']);
  const [first] = [...b.routes.reports({ isBestOnly: true })];
  assert.deepEqual(first!.attributes.communities, ['64501:1']);
});

test('changes of best routes are told for a forwarding table, and taken back when the session ends', () => {
  const { network, a, b } = pair();
  const told = (speaker: Speaker) =>
    speaker.changes(100).map(({ prefix: one, nextHop }) => {
      const via = nextHop && formatAddress({ family: one.family, bytes: nextHop } as IpAddress);
      return `${formatPrefix(one)} ${via ?? 'gone'}`;
    });
  assert.deepEqual(told(b), ['198.51.100.0/24 10.0.0.1', '2001:db8:1::/48 2001:db8:ffff::1']);
  assert.deepEqual(told(a), ['198.51.100.0/24 gone', '2001:db8:1::/48 gone'], 'our own are nobody to forward to');
  a.shutdown(a.neighbour(B!)!, 'new line card', network.nowMs);
  network.settle();
  assert.deepEqual(told(b), ['198.51.100.0/24 gone', '2001:db8:1::/48 gone']);
  const report = b.neighbourReport(b.neighbour(A!)!, network.nowMs);
  assert.match(report.lastError!, /administrative shutdown .*"new line card"/);
  assert.deepEqual(report.lastCode, [6, 2]);
  a.enable(a.neighbour(B!)!, network.nowMs);
  network.run(40_000);
  assert.equal(routes(b).length, 2);
});

test('without policy an external neighbour gets and gives nothing', () => {
  const silent = pair({ routes: {} });
  assert.deepEqual(routes(silent.b), []);
  const deaf = pair({}, { routes: {} });
  assert.deepEqual(routes(deaf.b), []);
  assert.equal(deaf.b.neighbourReport(deaf.b.neighbour(A!)!, 0).families[0]!.received, 1, 'it is kept, and not used');
});

test('a transit speaker tells one neighbour what it learned of another, as its policy changes it', () => {
  const network = new SimulatedNetwork();
  const b: Wanted = {
    as: 64_502,
    policies: [
      {
        name: 'out',
        statements: [
          { match: { prefixes: ['203.0.113.0/24'] }, action: 'reject' },
          { set: { prepend: { as: 'self', times: 1 }, addCommunities: ['64502:9'] }, action: 'accept' },
        ],
      },
    ],
    neighbours: [
      { address: A!, peerAs: 64_501 },
      { address: C!, peerAs: 64_503, routes: { import: 'accept', export: 'out' } },
    ],
  };
  const a: Wanted = {
    ...{ as: 64_501, networks: ['198.51.100.0/24', '203.0.113.0/24'] },
    neighbours: [{ address: B!, peerAs: 64_502 }],
  };
  network.add(A!, configuration(A!, a));
  network.add(B!, configuration(B!, b));
  const third = network.add(C!, configuration(C!, { as: 64_503, neighbours: [{ address: B!, peerAs: 64_502 }] }));
  network.start();
  network.run(5_000);
  assert.deepEqual(routes(third), ['198.51.100.0/24 64502 64502 64501 via 10.0.0.2']);
  const [route] = [...third.routes.reports({ isBestOnly: true })];
  assert.deepEqual(route!.attributes.communities, ['64501:1', '64502:9']);
});

test('a neighbour that falls silent is down when the hold time is over, and its routes with it', () => {
  const { network, b } = pair();
  network.cut.add(A!);
  network.run(9_500);
  assert.equal(b.neighbour(A!)!.session.state === 'Established', false);
  assert.deepEqual(routes(b), []);
  assert.ok(network.news.some((one) => one.kind === 'down' && /^hold timer expired/.test(one.reason)));
});

test('routes of a graceful neighbour stay while it restarts, and go when it does not come back', () => {
  const gracefulRestart = {
    ...{ restartTimeS: 20, isForNotification: true, isRestarting: false },
    families: [IPV4_UNICAST, IPV6_UNICAST].map((family) => ({ family, forwarding: true })),
  };
  const { network, b } = pair({ gracefulRestart }, { gracefulRestart });
  network.cut.add(A!);
  network.run(9_500);
  assert.equal(routes(b).length, 2, 'kept');
  assert.equal(
    [...b.routes.reports({ isBestOnly: true })].every(({ isStale }) => isStale),
    true,
  );
  network.run(20_000);
  assert.deepEqual(routes(b), []);
});

test('a neighbour from a range is taken as it comes, others are refused', () => {
  const network = new SimulatedNetwork();
  const hub = network.add(
    A!,
    configuration(A!, { as: 64_501, neighbours: [{ address: '10.0.0.2/31', peerAs: 'external', isPassive: true }] }),
  );
  const join = (own: string, as: number) =>
    network.add(
      own,
      configuration(own, { as, networks: ['198.51.100.0/24'], neighbours: [{ address: A!, peerAs: 64_501 }] }),
    );
  join(B!, 64_502);
  join('10.0.0.9', 64_509);
  network.start();
  network.run(5_000);
  assert.deepEqual(routes(hub), ['198.51.100.0/24 64502 via 10.0.0.2']);
  assert.ok(network.news.some((one) => one.kind === 'refused' && one.reason === 'it is no neighbour of ours'));
});

test('routes are told again when they are asked for', () => {
  const { network, a, b } = pair();
  assert.equal(b.refreshIn(b.neighbour(A!)!, network.nowMs), true);
  network.settle();
  assert.equal(routes(b).length, 2);
  assert.equal(a.neighbour(B!)!.session.downCount, 0);
});

test('routes that are equally good are told together for a forwarding table, as many as may be used at once', () => {
  const network = new SimulatedNetwork();
  const sources = [B!, C!, '10.0.0.4'];
  const ours = (multipath: number): Wanted => ({
    ...{ as: 64_500, multipath },
    neighbours: sources.map((address) => ({ address, peerAs: 64_501 })),
  });
  const a = network.add(A!, configuration(A!, ours(2)));
  for (const own of sources) {
    const neighbours = [{ address: A!, peerAs: 64_500 }];
    network.add(own, configuration(own, { as: 64_501, networks: ['198.51.100.0/24'], neighbours }));
  }
  network.start();
  network.run(5_000);
  const latest = () => {
    const change = a.changes(100).findLast(({ prefix: one }) => one.family === 4);
    return change?.nextHops.map((bytes) => formatAddress({ family: 4, bytes }));
  };
  assert.deepEqual(latest(), [B, C]);
  a.shutdown(a.neighbour(C!)!, undefined, network.nowMs);
  network.settle();
  assert.deepEqual(latest(), [B, '10.0.0.4'], 'the third takes its place, though the best is what it was');
  a.reconfigure(configuration(A!, ours(1)), network.nowMs);
  network.settle();
  assert.deepEqual(latest(), [B]);
  a.shutdown(a.neighbour('10.0.0.4')!, undefined, network.nowMs);
  network.settle();
  assert.equal(latest(), undefined, 'what is not used is no news');
});
