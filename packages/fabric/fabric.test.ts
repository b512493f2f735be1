import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { check, compile, type Model, tunnelId, tunnelsOf } from './index.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

/** `count` sites with one edge each and the given uplinks, addresses 192.0.2.x. */
function mesh(
  count: number,
  labels: readonly string[] = ['internet', 'lte'],
  domains: readonly string[] = ['internet'],
): Model {
  const indices = Array.from({ length: count }, (_, index) => index + 1);
  return {
    organisation: 'default',
    controllers: ['198.51.100.1:8444'],
    mtu: 1380,
    sites: indices.map((n) => ({
      id: `s${n}`,
      name: `site ${n}`,
      prefixes: [{ segment: 0, prefix: `10.${n}.0.0/24` }],
    })),
    edges: indices.map((n) => ({
      id: `e${n}`,
      name: `edge ${n}`,
      siteId: `s${n}`,
      overlayAddress: `100.127.0.${n}`,
      isTrusted: true,
    })),
    uplinks: indices.flatMap((n) =>
      labels.map((label, index) => ({
        id: `u${n}-${label}`,
        edgeId: `e${n}`,
        label,
        interface: `eth${index}`,
        domain: domains[index % domains.length] as string,
        cost: 10 * (index + 1),
        port: 51820 + index,
        publicKey: KEY,
        endpoints: [`192.0.2.${n}:${51820 + index}`],
      })),
    ),
    peers: [],
    policies: [],
  };
}

describe('tunnels', () => {
  test('three sites with two uplinks each in one domain make twelve tunnels', () => {
    assert.equal(tunnelsOf(mesh(3)).length, 12);
  });

  test('uplinks of different reachability domains do not try to reach each other', () => {
    const plans = tunnelsOf(mesh(3, ['internet', 'mpls'], ['internet', 'mpls']));
    assert.equal(plans.length, 6);
    assert.ok(plans.every((plan) => plan.a.uplinkId.split('-')[1] === plan.b.uplinkId.split('-')[1]));
  });

  test('a tunnel has the same name from both ends', () => {
    assert.equal(tunnelId('b', 'a', 4), tunnelId('a', 'b', 4));
  });

  test('an edge that lost trust takes part in no tunnel and no configuration', () => {
    const model = mesh(3);
    const revoked = {
      ...model,
      edges: model.edges.map((edge) => (edge.id === 'e2' ? { ...edge, isTrusted: false } : edge)),
    };
    assert.equal(tunnelsOf(revoked).length, 4);
    const configurations = compile(revoked);
    assert.deepEqual([...configurations.keys()], ['e1', 'e3']);
    assert.ok(!JSON.stringify([...configurations.values()]).includes('"e2"'));
  });

  test('one end with an endpoint is enough, two without one make no tunnel', () => {
    const model = mesh(2, ['internet']);
    const hidden = (ids: readonly string[]): Model => ({
      ...model,
      uplinks: model.uplinks.map((uplink) => (ids.includes(uplink.edgeId) ? { ...uplink, endpoints: [] } : uplink)),
    });
    assert.equal(tunnelsOf(hidden(['e1'])).length, 1);
    assert.equal(tunnelsOf(hidden(['e1', 'e2'])).length, 0);
  });
});

describe('compile', () => {
  test('an edge hears of its own tunnels, the edges at their ends and the prefixes behind them', () => {
    const configuration = compile(mesh(3)).get('e1');
    assert.ok(configuration);
    assert.equal(configuration.tunnels.length, 8);
    assert.deepEqual(
      configuration.edges.map((edge) => edge.id),
      ['e2', 'e3'],
    );
    assert.deepEqual(configuration.routes, [
      { segment: 0, prefix: '10.2.0.0/24', nextHops: ['e2'] },
      { segment: 0, prefix: '10.3.0.0/24', nextHops: ['e3'] },
    ]);
    assert.deepEqual(configuration.local, [{ segment: 0, prefix: '10.1.0.0/24' }]);
  });

  test('a stock peer is reached through its site from everywhere', () => {
    const model: Model = {
      ...mesh(2),
      peers: [
        {
          id: 'p1',
          name: 'phone',
          siteId: 's1',
          uplinkId: 'u1-internet',
          publicKey: KEY,
          allowed: [{ segment: 0, prefix: '10.1.9.9/32' }],
        },
      ],
    };
    const configurations = compile(model);
    assert.equal(configurations.get('e1')?.peers.length, 1);
    assert.equal(configurations.get('e2')?.peers.length, 0);
    assert.deepEqual(
      configurations.get('e2')?.routes.map((route) => route.prefix),
      ['10.1.0.0/24', '10.1.9.9/32'],
    );
    assert.ok(configurations.get('e2')?.edges[0]?.allowed.some((one) => one.prefix === '10.1.9.9/32'));
  });

  test('a shared prefix leads to the preferred site first', () => {
    const model = mesh(3);
    const shared = (id: string, sharedPreference: number) => ({
      segment: 0,
      prefix: '10.99.0.0/16',
      ...(id === '' ? {} : { sharedPreference }),
    });
    const sites = model.sites.map((site) =>
      site.id === 's1' ? site : { ...site, prefixes: [...site.prefixes, shared(site.id, site.id === 's2' ? 20 : 10)] },
    );
    assert.deepEqual(
      check({ ...model, sites }).filter((finding) => finding.severity === 'error'),
      [],
    );
    const route = compile({ ...model, sites })
      .get('e1')
      ?.routes.find((one) => one.prefix === '10.99.0.0/16');
    assert.deepEqual(route?.nextHops, ['e3', 'e2']);
  });

  test('the order in which the model lists things changes nothing', () => {
    const model = mesh(4);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...model.uplinks], { minLength: model.uplinks.length }),
        fc.shuffledSubarray([...model.edges], { minLength: model.edges.length }),
        fc.shuffledSubarray([...model.sites], { minLength: model.sites.length }),
        (uplinks, edges, sites) => {
          const shuffled = compile({ ...model, uplinks, edges, sites });
          assert.deepEqual([...shuffled.values()], [...compile(model).values()]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('check', () => {
  const codes = (model: Model) => check(model).map((finding) => finding.code);

  test('a sound mesh has no findings', () => assert.deepEqual(check(mesh(3)), []));

  test('the same prefix at two sites is refused and both sites are named', () => {
    const model = mesh(2);
    const sites = model.sites.map((site) => ({ ...site, prefixes: [{ segment: 0, prefix: '10.1.0.0/24' }] }));
    const findings = check({ ...model, sites });
    assert.equal(findings[0]?.code, 'PREFIX_AT_TWO_SITES');
    assert.match(findings[0]?.message ?? '', /site 1.*site 2/);
  });

  test('a prefix inside another site’s prefix is normal routing', () => {
    const model = mesh(2);
    const sites = model.sites.map((site) =>
      site.id === 's1' ? { ...site, prefixes: [{ segment: 0, prefix: '10.0.0.0/8' }] } : site,
    );
    assert.deepEqual(codes({ ...model, sites }), []);
  });

  test('the same prefix in two segments is two prefixes', () => {
    const model = mesh(2);
    const sites = model.sites.map((site, index) => ({
      ...site,
      prefixes: [{ segment: index, prefix: '10.1.0.0/24' }],
    }));
    assert.deepEqual(codes({ ...model, sites }), []);
  });

  test('each rule names what breaks it', () => {
    const model = mesh(2);
    const withSite = (prefix: string): Model => ({
      ...model,
      sites: model.sites.map((site) => (site.id === 's1' ? { ...site, prefixes: [{ segment: 0, prefix }] } : site)),
    });
    const table: readonly [string, Model][] = [
      ['PREFIX_INVALID', withSite('10.1.0.1/24')],
      ['PREFIX_IS_DEFAULT', withSite('0.0.0.0/0')],
      ['PREFIX_HOLDS_OVERLAY', withSite('100.64.0.0/10')],
      ['SITE_NAME_TAKEN', { ...model, sites: model.sites.map((site) => ({ ...site, name: 'Berlin' })) }],
      ['PORT_TWICE', { ...model, uplinks: model.uplinks.map((uplink) => ({ ...uplink, port: 51820 })) }],
      ['INTERFACE_TWICE', { ...model, uplinks: model.uplinks.map((uplink) => ({ ...uplink, interface: 'eth0' })) }],
      [
        'SITES_UNREACHABLE',
        { ...model, uplinks: model.uplinks.map((uplink) => ({ ...uplink, domain: uplink.edgeId })) },
      ],
      ['SINGLE_UPLINK', mesh(2, ['internet'])],
    ];
    for (const [code, broken] of table) assert.ok(codes(broken).includes(code), code);
  });
});
