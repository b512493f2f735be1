/** Edges of a whole model in memory, with routers beside them: who learns what, and from whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyKey, type Speaker } from '@patronus/bgp';
import { SimulatedNetwork } from '@patronus/bgp/simulation';
import { type BgpAllowance, type BgpIntent, compile, type Model } from '@patronus/fabric';
import { formatAddress, parseAddress, parsePrefix } from '@patronus/net';
import { configurationSchema } from '@patronus/protocol';
import { speakerOf } from './intent.ts';
import { overlayKey } from './learned.ts';

const FABRIC_AS = 4_200_000_000;
const key = `${'A'.repeat(42)}A=`;

interface Wanted extends Partial<Pick<BgpIntent, 'reflectors' | 'allowances'>> {
  /** Site of each edge, from 1 on. */
  readonly sites: readonly number[];
  /** By number of the router, which stands beside the edges named: what it announces. */
  readonly routers: Readonly<
    Record<number, { readonly beside: readonly number[]; readonly announces: readonly string[] }>
  >;
}

const allowance = (site: number, prefix: string, preference: number | null = null): BgpAllowance => ({
  ...{ id: `${site} ${prefix}`, siteId: `s${site}`, prefix, longest: 24, preference },
});
const prefixOf = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
};

function modelOf({ sites, routers, reflectors = [], allowances = [] }: Wanted): Model {
  const everything = { prefixes: null, communities: [], localPreference: null };
  const numbers = sites.map((_, at) => at + 1);
  return {
    ...{ organisation: 'o', controllers: ['c:1'], mtu: 1420, peers: [], policies: [] },
    sites: [...new Set(sites)].map((site) => ({
      ...{ id: `s${site}`, name: `Site ${site}`, prefixes: [{ segment: 0, prefix: `10.${site}.0.0/16` }] },
    })),
    edges: numbers.map((number) => ({
      ...{ id: `e${number}`, name: `edge-${number}`, siteId: `s${sites[number - 1]}` },
      ...{ overlayAddress: `100.127.0.${number}`, isTrusted: true },
    })),
    uplinks: numbers.map((number) => ({
      ...{ id: `u${number}`, edgeId: `e${number}`, label: 'wan', interface: 'wan0', domain: 'internet', cost: 1 },
      ...{ port: 51_820, endpoints: [`192.0.2.${number}:1`], publicKey: key },
    })),
    bgp: {
      ...{ as: FABRIC_AS, reflectors, allowances },
      neighbours: Object.entries(routers).flatMap(([router, { beside }]) =>
        beside.map((number) => ({
          ...{ id: `r${router}e${number}`, edgeId: `e${number}`, name: router, address: `10.0.${router}.2` },
          ...{ remoteAs: 65_000 + Number(router), interface: 'lan0', key: null, passive: false, holdSeconds: 90 },
          ...{ keepaliveSeconds: null, maxPrefixes: 100, restartAfterSeconds: 60, gtsm: false, bfd: false },
          ...{ import: everything, export: everything },
        })),
      ),
    },
  };
}

/** All of it, settled; edges at 10.9.0.N and their overlay addresses, routers at 10.0.N.2. */
function fabric(wanted: Wanted) {
  const network = new SimulatedNetwork();
  const compiled = compile(modelOf(wanted));
  const edges = [...compiled.values()].map((plain, at) => {
    const dated = { format: 1, version: { epoch: 1, sequence: 1 }, issuedAt: '', ...plain };
    const configuration = configurationSchema.parse(dated);
    const { overlayAddress } = configuration.edge;
    const lan = `10.9.0.${at + 1}`;
    const unreachable = new Set<string>();
    const speaker = network.add(lan, speakerOf(configuration, configuration.bgp!), {
      interiorCost: (nextHop) => (unreachable.has(overlayKey(nextHop)) ? undefined : 10),
      isOwnAddress: (bytes) => [lan, overlayAddress].includes(overlayKey(bytes)),
      ownNextHops: (local) => ({ ipv4: local.bytes }),
    });
    network.alias(overlayAddress, lan);
    return { speaker, unreachable };
  });
  const routers = Object.entries(wanted.routers).map(([number, { beside, announces }]) => {
    const address = `10.0.${number}.2`;
    const as = 65_000 + Number(number);
    return network.add(address, {
      ...{ as, identifier: Number(number), policies: new Map() },
      networks: announces.map((text) => ({ prefix: prefixOf(text), set: {} })),
      neighbours: beside.map((edge) => ({
        ...{
          name: `e${edge}`,
          address: parseAddress(`10.9.0.${edge}`)!,
          routes: { import: 'accept', export: 'accept' },
        },
        session: { localAs: as, peerAs: FABRIC_AS, identifier: Number(number), families: [familyKey(1, 1)] },
      })),
    });
  });
  network.start();
  network.run(30_000);
  for (const { speaker } of edges) {
    const states = [...speaker.neighbourReports(network.nowMs)];
    assert.ok(
      states.every(({ state }) => state === 'Established'),
      JSON.stringify(states.map(({ name, state }) => [name, state])),
    );
  }
  return {
    ...{ network, edges, routers },
    /** `prefix → next hop` of what came by BGP, of edge N. */
    edge: (number: number) => bestOf(edges[number - 1]!.speaker),
    /** Prefixes with their AS path, of router N. */
    router: (number: number) => {
      const at = Object.keys(wanted.routers).indexOf(String(number));
      const routes = [...routers[at]!.routes.reports({ isBestOnly: true })];
      return Object.fromEntries(routes.map((route) => [route.prefix, String(route.attributes['as-path'])]));
    },
  };
}

function bestOf(speaker: Speaker): Readonly<Record<string, string>> {
  const routes = [...speaker.routes.reports({ isBestOnly: true })].filter(({ from }) => from !== 'local');
  return Object.fromEntries(routes.map((route) => [route.prefix, route.nextHop]));
}

test('what a router says reaches the routers of all other sites, with one AS of ours in its path', () => {
  const world = fabric({
    ...{ sites: [1, 2, 3], allowances: [allowance(1, '172.16.0.0/16'), allowance(2, '172.17.0.0/16')] },
    routers: {
      1: { beside: [1], announces: ['172.16.1.0/24', '172.18.0.0/24'] },
      2: { beside: [2], announces: ['172.17.1.0/24', '172.16.9.0/24'] },
    },
  });
  assert.deepEqual(world.edge(3), { '172.16.1.0/24': '100.127.0.1', '172.17.1.0/24': '100.127.0.2' });
  assert.equal(world.router(2)['172.16.1.0/24'], `${FABRIC_AS} 65001`);
  assert.equal(world.router(2)['172.18.0.0/24'], undefined, 'no site may bring it');
  assert.equal(world.router(1)['172.16.9.0/24'], undefined, 'another site may bring it');
  assert.equal(world.router(1)['10.2.0.0/16'], String(FABRIC_AS), 'LANs too');
});

test('hubs reflect: spokes learn of each other without a session, and nothing comes back to where it began', () => {
  const world = fabric({
    ...{ sites: [1, 2, 3], reflectors: ['s1'] },
    allowances: [allowance(2, '172.17.0.0/16'), allowance(3, '172.18.0.0/16')],
    routers: {
      2: { beside: [2], announces: ['172.17.1.0/24'] },
      3: { beside: [3], announces: ['172.18.1.0/24'] },
    },
  });
  assert.equal([...world.edges[1]!.speaker.neighbours].length, 2, 'a router and the hub');
  assert.deepEqual(world.edge(2), { '172.17.1.0/24': '10.0.2.2', '172.18.1.0/24': '100.127.0.3' });
  assert.deepEqual(world.edge(3), { '172.18.1.0/24': '10.0.3.2', '172.17.1.0/24': '100.127.0.2' });
  assert.equal(world.router(2)['172.18.1.0/24'], `${FABRIC_AS} 65003`);
});

test('two edges of a site both bring what its router says; when one cannot be reached the other is used', () => {
  const world = fabric({
    ...{ sites: [1, 1, 2], allowances: [allowance(1, '172.16.0.0/16')] },
    routers: { 1: { beside: [1, 2], announces: ['172.16.1.0/24'] } },
  });
  assert.deepEqual(world.edge(1), { '172.16.1.0/24': '10.0.1.2' });
  assert.deepEqual(world.edge(2), { '172.16.1.0/24': '10.0.1.2' });
  const used = world.edge(3)['172.16.1.0/24']!;
  assert.match(used, /^100\.127\.0\.[12]$/);
  const third = world.edges[2]!;
  third.unreachable.add(used);
  third.speaker.routes.nextHopsChanged();
  world.network.run(10);
  assert.equal(world.edge(3)['172.16.1.0/24'], used === '100.127.0.1' ? '100.127.0.2' : '100.127.0.1');
});

test('of two sites that share a prefix the lower preference is used, the other one when that is gone, at home the own', () => {
  const world = fabric({
    ...{ sites: [1, 2, 3], allowances: [allowance(1, '172.16.0.0/16', 20), allowance(2, '172.16.0.0/16', 10)] },
    routers: {
      1: { beside: [1], announces: ['172.16.1.0/24'] },
      2: { beside: [2], announces: ['172.16.1.0/24'] },
    },
  });
  assert.equal(world.edge(3)['172.16.1.0/24'], '100.127.0.2');
  assert.equal(world.edge(1)['172.16.1.0/24'], '10.0.1.2', 'its own router comes first');
  const [, second] = world.edges;
  second!.speaker.shutdown(second!.speaker.neighbour('r2e2')!, undefined, world.network.nowMs);
  world.network.run(10);
  assert.equal(world.edge(3)['172.16.1.0/24'], '100.127.0.1');
  assert.equal(world.edge(2)['172.16.1.0/24'], '100.127.0.1');
});

test('who does not reflect may bring its own routes alone', () => {
  const wanted: Wanted = {
    ...{
      sites: [1, 2, 3],
      allowances: [allowance(1, '172.16.0.0/16')],
      routers: { 1: { beside: [1], announces: [] } },
    },
  };
  const configuration = configurationSchema.parse({
    ...{ format: 1, version: { epoch: 1, sequence: 1 }, issuedAt: '' },
    ...compile(modelOf(wanted)).get('e3'),
  });
  const victim = speakerOf(configuration, configuration.bgp!);
  const network = new SimulatedNetwork();
  const speaker = network.add('100.127.0.3', victim);
  // Edge 2 was taken over, and says that edge 1 has something new.
  network.add('100.127.0.2', {
    ...{ as: FABRIC_AS, identifier: 2, policies: new Map() },
    networks: [{ prefix: prefixOf('172.16.66.0/24'), set: { nextHop: '100.127.0.1' } }],
    neighbours: [
      {
        ...{
          name: 'e3',
          address: parseAddress('100.127.0.3')!,
          routes: { import: 'accept', export: 'accept', nextHop: 'unchanged' },
        },
        session: { localAs: FABRIC_AS, peerAs: FABRIC_AS, identifier: 2, families: [familyKey(1, 1)] },
      },
    ],
  });
  network.start();
  network.run(30_000);
  const from = speaker.neighbour('e2')!;
  const [route] = [...speaker.routes.reports({ isBestOnly: false, neighbour: from })];
  assert.deepEqual([route?.prefix, route?.nextHop, route?.refusal], ['172.16.66.0/24', '100.127.0.1', 'import policy']);
  assert.equal(speaker.routes.tallies().get('e2')?.refused?.prefix, '172.16.66.0/24');
  assert.equal(formatAddress(from.address), '100.127.0.2');
});

test('an IPv6 route of a router reaches the others under our overlay address, as RFC 4798 writes it', () => {
  const base = modelOf({ sites: [1, 2], allowances: [allowance(1, 'fd77::/32')], routers: {} });
  const everything = { prefixes: null, communities: [], localPreference: null };
  const bgp: BgpIntent = {
    ...base.bgp!,
    allowances: [{ ...allowance(1, 'fd77::/32'), longest: 48 }],
    neighbours: [
      {
        ...{ id: 'r1', edgeId: 'e1', name: 'r1', address: 'fd00:1::2', remoteAs: 65_001, interface: 'lan0', key: null },
        ...{ passive: false, holdSeconds: 90, keepaliveSeconds: null, gtsm: false, bfd: false },
        ...{ maxPrefixes: 9, restartAfterSeconds: 60 },
        ...{ import: everything, export: everything },
      },
    ],
  };
  const network = new SimulatedNetwork();
  const compiled = compile({ ...base, bgp });
  const [, second] = ['e1', 'e2'].map((id) => {
    const dated = { format: 1, version: { epoch: 1, sequence: 1 }, issuedAt: '', ...compiled.get(id) };
    const configuration = configurationSchema.parse(dated);
    const { overlayAddress } = configuration.edge;
    const own = parseAddress(overlayAddress)!;
    const mapped = Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, ...own.bytes);
    const speaker = network.add(overlayAddress, speakerOf(configuration, configuration.bgp!), {
      isOwnAddress: (bytes) => overlayKey(bytes) === overlayAddress,
      ownNextHops: (local) => (local.family === 4 ? { ipv4: own.bytes, ipv6: mapped } : { ipv6: local.bytes }),
    });
    return speaker;
  });
  network.alias('fd00:1::1', '100.127.0.1');
  network.add('fd00:1::2', {
    ...{ as: 65_001, identifier: 77, policies: new Map(), networks: [{ prefix: prefixOf('fd77:0:1::/48'), set: {} }] },
    neighbours: [
      {
        ...{ name: 'e1', address: parseAddress('fd00:1::1')!, routes: { import: 'accept', export: 'accept' } },
        session: { localAs: 65_001, peerAs: FABRIC_AS, identifier: 77, families: [familyKey(2, 1)] },
      },
    ],
  });
  network.start();
  network.run(30_000);
  const found = [...second!.routes.reports({ isBestOnly: false })].filter(({ from }) => from !== 'local');
  const [route] = found;
  assert.ok(route !== undefined, JSON.stringify([...second!.neighbourReports(network.nowMs)]));
  assert.deepEqual([route.prefix, route.isBest, route.refusal], ['fd77:0:1::/48', true, null]);
  assert.equal(overlayKey(parseAddress(route.nextHop)!.bytes), '100.127.0.1');
});
