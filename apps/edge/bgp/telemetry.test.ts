import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy, familyKey, Secret } from '@patronus/bgp';
import { SimulatedNetwork } from '@patronus/bgp/simulation';
import { parseAddress, parsePrefix } from '@patronus/net';
import { type BgpConfiguration, bgpTelemetrySchema } from '@patronus/protocol';
import { Sessions } from './sessions.ts';
import { tellBgp } from './telemetry.ts';

const IPV4 = familyKey(1, 1);
const everything = { prefixes: null, communities: [], localPreference: null };
const prefixOf = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

/** A gateway and a router beside it, which brings what the site may and what it may not. */
function pair(most: number) {
  const network = new SimulatedNetwork();
  const policy = compilePolicy({
    ...{ name: 'from r1', otherwise: 'reject' },
    statements: [{ match: { prefixes: ['172.16.0.0/16 le 24'] }, action: 'accept' }],
  });
  assert.ok(policy.ok);
  const session = (localAs: number, peerAs: number) => ({
    ...{ localAs, peerAs, identifier: localAs, families: [IPV4], holdTimeS: 9 },
  });
  const gateway = network.add('10.1.0.1', {
    ...{ as: 64_500, identifier: 1, networks: [], policies: new Map([['from r1', policy.value]]) },
    neighbours: [
      {
        ...{ name: 'r1', address: parseAddress('10.1.0.2')!, routes: { import: 'from r1', export: 'accept' } },
        session: { ...session(64_500, 65_001), prefixLimits: [{ family: IPV4, most }], md5Key: new Secret('hush') },
      },
    ],
  });
  network.add('10.1.0.2', {
    ...{ as: 65_001, identifier: 2, policies: new Map() },
    networks: ['172.16.1.0/24', '172.16.2.0/24', '192.0.2.0/24'].map((text) => ({
      ...{ prefix: prefixOf(text), set: { addCommunities: ['65001:7'] } },
    })),
    neighbours: [
      {
        ...{ name: 'gateway', address: parseAddress('10.1.0.1')!, routes: { import: 'accept', export: 'accept' } },
        session: session(65_001, 64_500),
      },
    ],
  });
  const bgp: BgpConfiguration = {
    ...{ as: 64_500, fabric: [], allowances: [] },
    neighbours: [
      {
        ...{ id: 'r1', name: 'Core', address: '10.1.0.2', remoteAs: 65_001, interface: 'lan0', key: 'hush' },
        ...{ passive: false, holdSeconds: 9, keepaliveSeconds: null, gtsm: false, bfdPeerId: null },
        ...{ maxPrefixes: most, restartAfterSeconds: 60 },
        ...{ import: everything, export: everything },
      },
    ],
  };
  network.start();
  network.run(10_000);
  const sessions = new Sessions();
  for (const news of network.news) if ('neighbour' in news && news.neighbour === 'r1') sessions.hear(news, 5_000);
  const own = [{ prefix: '172.16.0.0/16', longest: 24 }];
  const known = { bgp, nowMs: network.nowMs, own, routesTotal: 2, edgeAt: () => undefined };
  const told = bgpTelemetrySchema.parse(tellBgp(gateway, sessions, known));
  return { told, network, sessions };
}

test('a session is told with what came, what was let in, and one that was not, with the reason; never with its key', () => {
  const { told } = pair(100);
  const [session] = told.neighbours;
  assert.deepEqual(
    [session?.state, session?.received, session?.accepted, session?.sinceMs, session?.flaps],
    ['established', 3, 2, 5_000, 0],
  );
  assert.match(session!.refusal!, /^192\.0\.2\.0\/24: this site is not allowed to bring it/);
  assert.deepEqual(
    told.routes.map(({ prefix, nextHop, from, originEdgeId, asPath, communities }) => ({
      ...{ prefix, nextHop, from, originEdgeId, asPath, communities },
    })),
    ['172.16.1.0/24', '172.16.2.0/24'].map((prefix) => ({
      ...{ prefix, nextHop: '10.1.0.2', from: 'r1', originEdgeId: null, asPath: '65001', communities: ['65001:7'] },
    })),
  );
  assert.doesNotMatch(JSON.stringify(told), /hush/);
});

test('a router that brings more than it may is told of so until it is back', () => {
  const { told, network, sessions } = pair(2);
  const [session] = told.neighbours;
  assert.equal(session?.overLimit, 3);
  assert.notEqual(session?.state, 'established');
  const warning = network.news.find((news) => news.kind === 'prefixWarning' && news.isExceeded);
  assert.match(sessions.wordsOf(warning!, () => 'Core')?.message ?? '', /^Core brings 3 prefixes .* more than the 2/);
  sessions.hear({ kind: 'state', neighbour: 'r1', from: 'OpenConfirm', to: 'Established' }, 6_000);
  assert.equal(sessions.overLimit('r1'), undefined);
});
