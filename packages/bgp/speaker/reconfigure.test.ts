/** A speaker that becomes another one: what has to be reset is, and nothing else notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import { IPV4_UNICAST } from '../codec/families.ts';
import { compilePolicy } from '../policy/compile.ts';
import { Secret } from '../session/secret.ts';
import type { NeighbourConfiguration, SpeakerConfiguration } from './configuration.ts';
import { isSame, type Reconfigured } from './difference.ts';
import { SimulatedNetwork } from './simulation.ts';
import type { Speaker } from './speaker.ts';

const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const AS = { [A]: 64_501, [B]: 64_502, [C]: 64_503 };
const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
};

interface Wanted {
  readonly networks?: Readonly<Record<string, NonNullable<SpeakerConfiguration['networks'][number]['set']>>>;
  readonly refused?: readonly string[];
  readonly neighbours: Readonly<Record<string, Change>>;
  readonly clusterId?: number;
  readonly identifier?: number;
}
type Change = Partial<Omit<NeighbourConfiguration, 'session'>> & { readonly session?: object };

/** Made anew each time, as a file is read anew. `refused` prefixes do not pass the policy that neighbours import by. */
function configuration(own: keyof typeof AS, { networks = {}, refused = [], neighbours, ...rest }: Wanted) {
  const identifier = rest.identifier ?? new DataView(parseAddress(own)!.bytes.slice().buffer).getUint32(0);
  const statements = [{ match: { prefixSets: ['refused'] }, action: 'reject' } as const, { action: 'accept' } as const];
  const policy = compilePolicy({ name: 'in', statements }, { prefixSets: { refused, other: ['192.0.2.0/24'] } });
  assert.ok(policy.ok);
  const as = AS[own];
  return {
    ...{ as, identifier, policies: new Map([['in', policy.value]]) },
    ...(rest.clusterId === undefined ? {} : { clusterId: rest.clusterId }),
    networks: Object.entries(networks).map(([text, set]) => ({ prefix: prefix(text), set })),
    neighbours: Object.entries(neighbours).map(([name, { session = {}, ...change }]) => ({
      ...{ name, address: name.includes('/') ? prefix(name) : parseAddress(name)! },
      routes: { import: 'in', export: 'accept' },
      ...change,
      session: {
        ...{ localAs: as, peerAs: AS[name as keyof typeof AS] ?? 'external', identifier, families: [IPV4_UNICAST] },
        ...{ holdTimeS: 9, connectRetryS: 2, md5Key: new Secret('battery'), ...session },
      },
    })),
  } satisfies SpeakerConfiguration;
}

const best = (speaker: Speaker) =>
  [...speaker.routes.reports({ isBestOnly: true })].map((route) => `${route.prefix} ${route.attributes['as-path']}`);
const downs = (speaker: Speaker) =>
  Object.fromEntries([...speaker.neighbours].map(({ name, session }) => [name, session.downCount]));
const nothing: Reconfigured = { added: [], removed: [], reset: [], rerouted: [] };

const OF_A: Wanted = {
  networks: { '198.51.100.0/24': {}, '203.0.113.0/24': { addCommunities: ['64501:1'] } },
  neighbours: { [B]: {}, [C]: {} },
};

/** A speaks with B and C, who accept everything. */
function three(of: Wanted = OF_A) {
  const network = new SimulatedNetwork();
  const a = network.add(A, configuration(A, of));
  const peer = (own: typeof B | typeof C, text: string) =>
    network.add(own, configuration(own, { networks: { [text]: {} }, neighbours: { [A]: {} } }));
  const [b, c] = [peer(B, '192.0.2.0/25'), peer(C, '192.0.2.128/25')];
  network.start();
  network.run(8_000);
  assert.equal(a.summary().established, 2);
  return {
    ...{ network, a, b, c },
    /** What A says of it, once all has settled. */
    become: (wanted: Wanted, forMs = 8_000) => {
      const done = a.reconfigure(configuration(A, wanted), network.nowMs);
      network.run(forMs);
      return done;
    },
  };
}

test('what is written again as it was changes nothing', () => {
  const { a, become, network } = three();
  const before = network.news.length;
  assert.deepEqual(become(OF_A), nothing);
  assert.equal(network.news.length, before, 'nobody notices');
  assert.equal(a.routes.hasWork, false);
});

test('networks come and go, and those that are told differently are told again, without a reset', () => {
  const { b, a, become } = three();
  const networks = { '203.0.113.0/24': { addCommunities: ['64501:2'] }, '198.18.0.0/15': {} };
  assert.deepEqual(become({ ...OF_A, networks }), nothing);
  assert.deepEqual(best(b).sort(), [
    '192.0.2.0/25 ',
    '192.0.2.128/25 64501 64503',
    '198.18.0.0/15 64501',
    '203.0.113.0/24 64501',
  ]);
  const [changed] = [...b.routes.reports({ isBestOnly: true, within: prefix('203.0.113.0/24') })];
  assert.deepEqual(changed!.attributes.communities, ['64501:2']);
  assert.deepEqual(downs(a), { [B]: 0, [C]: 0 });
});

test('another policy judges the routes that are there, and what it lets pass again comes back', () => {
  const { a, c, become } = three();
  const done = become({ ...OF_A, refused: ['192.0.2.0/25'] });
  assert.deepEqual(done, { ...nothing, rerouted: [B, C] });
  assert.equal(best(a).includes('192.0.2.0/25 64502'), false);
  assert.equal(best(c).includes('192.0.2.0/25 64501 64502'), false, 'taken back from the third');
  become(OF_A);
  assert.ok(best(a).includes('192.0.2.0/25 64502'));
  assert.ok(best(c).includes('192.0.2.0/25 64501 64502'));
  assert.deepEqual(downs(a), { [B]: 0, [C]: 0 });
});

test('a set that no policy names may change without a word', () => {
  const { become } = three();
  const next = configuration(A, OF_A);
  const policy = compilePolicy(next.policies.get('in')!.written!.source, { prefixSets: { refused: [], other: [] } });
  assert.ok(policy.ok);
  const written = next.policies.get('in')!.written!;
  assert.ok(isSame(policy.value.written, written));
  assert.deepEqual(become(OF_A), nothing);
});

test('a neighbour is told something else without a reset, and the other one hears nothing', () => {
  const { a, b, c, become } = three();
  const silent = { routes: { import: 'in', export: 'reject' } };
  assert.deepEqual(become({ ...OF_A, neighbours: { [B]: silent, [C]: {} } }), { ...nothing, rerouted: [B] });
  assert.deepEqual(best(b), ['192.0.2.0/25 ']);
  assert.equal(best(c).length, 4);
  assert.deepEqual(downs(a), { [B]: 0, [C]: 0 });
});

const sessions: readonly (readonly [string, Change, 'reset' | 'quiet'])[] = [
  ['another hold time', { session: { holdTimeS: 30 } }, 'reset'],
  ['another password', { session: { md5Key: new Secret('staple') } }, 'reset'],
  ['a role', { session: { role: 'provider' } }, 'reset'],
  ['another local address', { localAddress: parseAddress('10.0.0.1')! }, 'reset'],
  ['TTL security', { session: { ttlSecurityHops: 1 } }, 'reset'],
  ['a limit of prefixes', { session: { prefixLimits: [{ family: IPV4_UNICAST, most: 10 }] } }, 'quiet'],
  ['another time to retry', { session: { connectRetryS: 5 } }, 'quiet'],
  ['another send hold time', { session: { sendHoldS: 60 } }, 'quiet'],
  ['another name for ourselves', { session: { hostName: 'edge-2' } }, 'quiet'],
];
for (const [what, change, outcome] of sessions) {
  const words = outcome === 'reset' ? 'resets its neighbour alone' : 'needs no reset';
  test(`${what} ${words}`, () => {
    const { a, become, network } = three();
    const done = become({ ...OF_A, neighbours: { [B]: change, [C]: {} } });
    assert.deepEqual(done, outcome === 'reset' ? { ...nothing, reset: [B] } : nothing);
    assert.deepEqual(downs(a), { [B]: outcome === 'reset' ? 1 : 0, [C]: 0 });
    assert.equal(a.summary().established, 2, 'up again');
    const told = network.news.some(
      ({ kind, ...one }) => kind === 'down' && /other configuration change/.test(String(Object.values(one))),
    );
    assert.equal(told, outcome === 'reset', 'Cease 6/6 (RFC 4486)');
  });
}

test('a neighbour that is taken out hears so, and leaves no routes; one that is new comes up', () => {
  const { a, network, become } = three();
  assert.deepEqual(become({ ...OF_A, neighbours: { [C]: {} } }), { ...nothing, removed: [B] });
  assert.deepEqual(
    [...a.neighbours].map(({ name }) => name),
    [C],
  );
  assert.equal(
    best(a).some((route) => route.startsWith('192.0.2.0/25')),
    false,
  );
  assert.equal(a.neighbour(B), undefined);
  const heard = network.news.filter((one) => one.kind === 'down' && one.neighbour === A);
  assert.ok(
    heard.some((one) => 'reason' in one && /the peer says .*de-?configured/.test(one.reason)),
    'Cease 6/3',
  );
  assert.deepEqual(become(OF_A, 130_000), { ...nothing, added: [B] });
  assert.equal(a.summary().established, 2);
  assert.ok(best(a).includes('192.0.2.0/25 64502'));
  assert.deepEqual(downs(a)[C], 0);
});

test('a neighbour under the same name at another address is another neighbour', () => {
  const { a, become } = three({ ...OF_A, neighbours: { [B]: {}, [C]: {} } });
  const elsewhere = { address: parseAddress('10.0.0.9')! };
  const done = become({ ...OF_A, neighbours: { [B]: elsewhere, [C]: {} } });
  assert.deepEqual(done, { ...nothing, removed: [B], added: [B] });
  assert.equal(a.neighbour(B)!.session.establishedCount, 0);
  assert.equal(a.neighbour(B), a.neighbour('10.0.0.9'));
  assert.equal(a.summary().established, 1);
});

test('a neighbour may be disabled and enabled again by the file, and what a person shut down stays so', () => {
  const { a, become, network } = three();
  become({ ...OF_A, neighbours: { [B]: { isDisabled: true }, [C]: {} } });
  assert.equal(a.neighbour(B)!.session.state, 'Idle');
  become(OF_A);
  assert.equal(a.neighbour(B)!.session.state, 'Established');
  a.shutdown(a.neighbour(B)!, 'line card', network.nowMs);
  become({ ...OF_A, neighbours: { [B]: { session: { holdTimeS: 30 } }, [C]: {} } });
  assert.equal(a.neighbour(B)!.session.state, 'Idle', 'it is not the file that shut it down');
});

test('a limit that was exceeded and is higher now lets the neighbour come up at once', () => {
  const limit = (most: number) => ({ session: { prefixLimits: [{ family: IPV4_UNICAST, most }] } });
  const network = new SimulatedNetwork();
  const networks = { '192.0.2.0/25': {}, '192.0.2.128/25': {} };
  const a = network.add(A, configuration(A, { neighbours: { [B]: limit(1) } }));
  network.add(B, configuration(B, { networks, neighbours: { [A]: {} } }));
  network.start();
  network.run(60_000);
  assert.equal(a.neighbour(B)!.session.state, 'Idle');
  a.reconfigure(configuration(A, { neighbours: { [B]: limit(5) } }), network.nowMs);
  network.run(130_000);
  assert.equal(a.neighbour(B)!.session.state, 'Established');
});

test('neighbours from a range stay in it, follow it, and go when it does not hold them any more', () => {
  const of = (range: string, change: Change = {}, more: Wanted['neighbours'] = {}): Wanted => ({
    networks: OF_A.networks!,
    neighbours: { [range]: { ...change, session: { isPassive: true, ...change.session } }, ...more },
  });
  const { a, become } = three(of('10.0.0.0/24'));
  assert.deepEqual([...a.neighbours].map(({ name }) => name).sort(), [B, C]);
  assert.deepEqual(become(of('10.0.0.0/24')), nothing);
  assert.deepEqual(become(of('10.0.0.0/24', { routes: { import: 'reject', export: 'accept' } })).rerouted.toSorted(), [
    B,
    C,
  ]);
  assert.deepEqual(best(a).sort(), ['198.51.100.0/24 ', '203.0.113.0/24 ']);
  const done = become(of('10.0.0.2/32'), 60_000);
  assert.deepEqual([done.removed, done.rerouted], [[C], [B]]);
  assert.deepEqual(
    [...a.neighbours].map(({ name }) => name),
    [B],
  );
  const listed = become(of('10.0.0.0/24', {}, { [B]: {} }), 130_000);
  assert.deepEqual([listed.removed, listed.added], [[B], [B]], 'it is listed now');
  assert.equal(a.neighbour(B)!.isDynamic, false);
  assert.equal(a.neighbour(C)!.isDynamic, true, 'it may come again');
});

test('another identifier resets all, and another cluster is told to nobody who need not know', () => {
  const { a, become } = three();
  assert.deepEqual(become({ ...OF_A, clusterId: 7 }), nothing);
  const done = become({ ...OF_A, identifier: 7 });
  assert.deepEqual(done.reset, [B, C]);
  assert.equal(a.summary().established, 2);
  assert.equal(a.summary().identifier, '0.0.0.7');
});

test('whatever order changes come in, the last configuration alone decides what neighbours know', () => {
  const { a, b, become } = three();
  const wishes: readonly Wanted[] = [
    { ...OF_A, refused: ['192.0.2.128/25'], networks: {} },
    { ...OF_A, neighbours: { [C]: {} } },
    { ...OF_A, networks: { '198.18.0.0/15': {} }, neighbours: { [B]: {} } },
    { ...OF_A, neighbours: { [B]: { session: { holdTimeS: 12 } }, [C]: {} } },
  ];
  for (const wanted of wishes) become(wanted, 300);
  become(OF_A, 260_000);
  assert.deepEqual(best(b).sort(), [
    '192.0.2.0/25 ',
    '192.0.2.128/25 64501 64503',
    '198.51.100.0/24 64501',
    '203.0.113.0/24 64501',
  ]);
  const table = new Map(a.changes(1_000).map((one) => [formatPrefix(one.prefix), one.nextHop?.join('.')]));
  for (const [text, nextHop] of table) if (nextHop === undefined) table.delete(text);
  assert.deepEqual(Object.fromEntries(table), { '192.0.2.0/25': B, '192.0.2.128/25': C }, 'what a kernel would have');
});
