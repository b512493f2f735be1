import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configurationSchema } from '@patronus/protocol';
import { check, compile, type Finding, type Model, type Policy, treatmentOf } from './index.ts';

const uplink = { interface: 'eth0', domain: 'internet', cost: 10, port: 51_820, publicKey: null, endpoints: [] };
const model: Model = {
  ...{ organisation: 'default', controllers: ['198.51.100.1:8444'], mtu: 1420 },
  sites: [
    { id: 's1', name: 'Berlin', prefixes: [{ segment: 0, prefix: '10.1.0.0/16' }] },
    { id: 's2', name: 'Paris', prefixes: [{ segment: 0, prefix: '10.2.0.0/16' }] },
  ],
  edges: [
    { id: 'e1', name: 'berlin', siteId: 's1', overlayAddress: '100.127.0.1', isTrusted: true },
    { id: 'e2', name: 'paris', siteId: 's2', overlayAddress: '100.127.0.2', isTrusted: true },
  ],
  uplinks: [
    { ...uplink, id: 'u1', edgeId: 'e1', label: 'internet' },
    { ...uplink, id: 'u2', edgeId: 'e1', label: 'lte', interface: 'wwan0', port: 51_821, cost: 50 },
    { ...uplink, id: 'u3', edgeId: 'e2', label: 'internet' },
    { ...uplink, id: 'u4', edgeId: 'e2', label: 'mpls', interface: 'eth1', port: 51_821, domain: 'mpls' },
  ],
  ...{ peers: [], policies: [] },
  slaClasses: [{ id: 'voice', name: 'Voice', roundTripMs: 150, jitterMs: 30, loss: 0.01, mos: 3.6 }],
  applications: [
    { id: 'till', name: 'Till', ports: [{ protocol: 6, first: 7000, last: 7009 }], prefixes: [], names: [] },
  ],
};

function policy(id: string, more: Partial<Policy> = {}): Policy {
  return { id, name: id, match: {}, compression: null, ...more };
}

function findings(policies: readonly Policy[], more: Partial<Model> = {}): Finding[] {
  return check({ ...model, ...more, policies });
}

function codes(policies: readonly Policy[], more: Partial<Model> = {}): string[] {
  return findings(policies, more).map(({ code, severity }) => `${severity} ${code}`);
}

describe('what policies name', () => {
  test('has to be there: sites, applications and SLA classes are errors, with the policy they are about', () => {
    const wrong: Readonly<Record<string, Partial<Policy>>> = {
      POLICY_SITE_UNKNOWN: { match: { sourceSites: ['s9'] } },
      POLICY_APPLICATION_UNKNOWN: { match: { applications: ['zoom'] } },
      POLICY_SLA_CLASS_UNKNOWN: { slaClassId: 'gone' },
    };
    for (const [code, more] of Object.entries(wrong)) {
      const [finding, ...others] = findings([policy('p', more)]);
      assert.deepEqual([finding?.severity, finding?.code, finding?.policyId], ['error', code, 'p']);
      assert.deepEqual(others, []);
    }
    const right = { match: { sourceSites: ['s1'], applications: ['till'] }, slaClassId: 'voice' };
    assert.deepEqual(codes([policy('p', right)]), []);
  });

  test('by label is warned of where no uplink has it, in an order, a balance or a breakout', () => {
    const paths: Partial<Policy>[] = [
      { path: { mode: 'ordered', labels: ['internet', 'satellite'] } },
      { path: { mode: 'balance', weights: [{ label: 'satellite', weight: 1 }] } },
    ];
    for (const more of paths) {
      const [finding] = findings([policy('p', more)]);
      assert.equal(finding?.code, 'POLICY_LABEL_UNKNOWN');
      assert.match(finding.message, /satellite.*internet, lte, mpls/);
    }
    assert.deepEqual(codes([policy('p', { action: 'breakout', breakoutLabels: ['satellite'] })]), [
      'warning POLICY_LABEL_UNKNOWN',
      'warning BREAKOUT_WITHOUT_UPLINK',
    ]);
  });

  test('as prefixes of its sites may not outgrow what a gateway is told', () => {
    const prefixes = Array.from({ length: 1_025 }, (_, at) => ({
      segment: 0,
      prefix: `10.1.${at >> 8}.${at & 255}/32`,
    }));
    const sites = [{ ...model.sites[0]!, prefixes }, model.sites[1]!];
    assert.deepEqual(codes([policy('p', { match: { sourceSites: ['s1'] } })], { sites }), ['error POLICY_TOO_WIDE']);
  });
});

describe('policies are warned of', () => {
  test('that break out where a site has none of their uplinks, with the names of those sites', () => {
    const [finding, ...others] = findings([policy('web', { action: 'breakout', breakoutLabels: ['lte'] })]);
    assert.deepEqual([finding?.code, finding?.siteIds], ['BREAKOUT_WITHOUT_UPLINK', ['s2']]);
    assert.match(finding!.message, /Paris has no uplink labelled lte/);
    assert.deepEqual(others, []);
    const narrow = policy('web', { action: 'breakout', breakoutLabels: ['lte'], match: { sourceSites: ['s1'] } });
    assert.deepEqual(codes([narrow]), []);
    assert.deepEqual(codes([policy('web', { action: 'breakout' })]), []);
  });

  test('that deny everything, and what is hidden behind a denial or hides one', () => {
    const deny = policy('nothing', { action: 'deny' });
    assert.match(findings([deny])[0]!.message, /no site reaches another/);
    const allowed = policy('web', { match: { ports: [[443, 443]] } });
    const [everything] = findings([allowed, deny]);
    assert.equal(everything?.code, 'EVERYTHING_DENIED');
    assert.match(everything.message, /whatever no policy in front of it allows/);
    const [, hidden] = findings([deny, allowed]);
    assert.equal(hidden?.code, 'POLICY_HIDDEN');
    assert.match(hidden.message, /denies all of its/);
    const late = policy('late', { action: 'deny', match: { ports: [[443, 443]], dscp: [8] } });
    assert.match(findings([allowed, late])[0]!.message, /late denies nothing: web/);
  });

  test('that another hides by the LANs of its site', () => {
    const bySite = policy('site', { match: { sourceSites: ['s1'] } });
    const inside = policy('inside', { match: { sources: ['10.1.7.0/24'] } });
    assert.deepEqual(codes([bySite, inside]), ['warning POLICY_HIDDEN']);
    assert.deepEqual(codes([inside, bySite]), []);
    const till = policy('till', { match: { applications: ['till'] } });
    assert.deepEqual(codes([till, policy('more', { match: { applications: ['till'], dscp: [8] } })]), [
      'warning POLICY_HIDDEN',
    ]);
    assert.deepEqual(codes([till, policy('any')]), []);
  });
});

test('a site whose every uplink is drained is warned of, and its edge is told', () => {
  const drain = (...ids: string[]) =>
    model.uplinks.map((one) => (ids.includes(one.id) ? { ...one, isDrained: true } : one));
  assert.deepEqual(codes([], { uplinks: drain('u1') }), []);
  const [finding] = findings([], { uplinks: drain('u1', 'u2') });
  assert.deepEqual([finding?.code, finding?.siteIds], ['SITE_DRAINED', ['s1']]);
  const told = compile({ ...model, uplinks: drain('u1') }).get('e1')!;
  assert.deepEqual(
    told.uplinks.map(({ isDrained }) => isDrained),
    [true, false],
  );
});

test('a reach probe has to be in a LAN of its own site', () => {
  const probe = (reachProbe: string) => codes([], { sites: [{ ...model.sites[0]!, reachProbe }, model.sites[1]!] });
  assert.deepEqual(probe('10.1.0.1'), []);
  for (const foreign of ['10.2.0.1', 'gateway', 'fd00::1'])
    assert.deepEqual(probe(foreign), ['error REACH_PROBE_FOREIGN']);
});

describe('an edge is told', () => {
  const voice = { slaClassId: 'voice', path: { mode: 'ordered', labels: ['mpls', 'internet'] } } as const;

  test('each treatment once, sites as their prefixes, breakouts as its own uplinks, and what its policies name', () => {
    const policies = [
      policy('calls', { ...voice, priority: 'realtime', mark: 46, match: { destinationSites: ['s2'] } }),
      policy('more', { ...voice, limitPercent: 30, match: { applications: ['till'] } }),
      policy('web', { action: 'breakout', breakoutLabels: ['lte', 'internet'] }),
      policy('empty', { match: { sourceSites: ['s3'] } }),
    ];
    const sites = [...model.sites, { id: 's3', name: 'Empty', prefixes: [] }];
    const told = compile({ ...model, sites, policies }).get('e1')!;
    assert.deepEqual(
      told.policies.map(({ id, treatment }) => [id, treatment]),
      [
        ['calls', treatmentOf(policies[0]!).id],
        ['more', treatmentOf(policies[0]!).id],
        ['web', 'default'],
      ],
      'the one that can match nothing is left out',
    );
    assert.deepEqual(told.policies[0]!.match, { destinations: ['10.2.0.0/16'] });
    assert.deepEqual(told.policies[2]!.breakoutUplinks, ['u2', 'u1']);
    assert.equal(told.treatments.length, 1);
    assert.deepEqual(
      [told.slaClasses.map(({ id }) => id), told.applications.map(({ id }) => id)],
      [['voice'], ['till']],
    );
    const dated = { format: 1, version: { epoch: 1, sequence: 1 }, issuedAt: '2026-01-01T00:00:00.000Z', ...told };
    assert.deepEqual(configurationSchema.parse(dated), dated);
  });

  test('another treatment for each other wish, and the same one whatever else differs', () => {
    const wishes: Partial<Policy>[] = [
      {},
      { slaClassId: 'voice' },
      { path: { mode: 'best' } },
      { path: { mode: 'ordered', labels: ['a', 'b'] } },
      { path: { mode: 'ordered', labels: ['b', 'a'] } },
      { path: { mode: 'balance', weights: [{ label: 'a', weight: 1 }] } },
      { path: { mode: 'balance', weights: [{ label: 'a', weight: 2 }] } },
    ];
    const ids = wishes.map((wish) => treatmentOf(policy('p', wish)).id);
    assert.equal(new Set(ids).size, wishes.length);
    assert.equal(treatmentOf(policy('other', { ...wishes[3], priority: 'bulk', mark: 8 })).id, ids[3]);
  });
});
