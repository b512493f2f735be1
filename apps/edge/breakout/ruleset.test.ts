import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, prefixOf } from '@patronus/net';
import type { ConfigurationInput } from '@patronus/protocol';
import { configurationOf } from '../configuration/fixtures.ts';
import type { UplinkView } from '../kernel/uplinks.ts';
import { choose, numberPolicies } from './choice.ts';
import { type Choice, choiceChange, internetPolicies, type RulesetPlan, ruleset } from './ruleset.ts';

type PolicyInput = NonNullable<ConfigurationInput['policies']>[number];
const policy = (id: string, more: Partial<PolicyInput> = {}): PolicyInput => ({
  ...{ id, name: id, match: {}, action: 'breakout', breakoutUplinks: ['internet'], compression: null },
  ...more,
});
const configured = (policies: PolicyInput[], change: Partial<ConfigurationInput> = {}) =>
  configurationOf(1, { policies, ...change });

function planOf(policies: PolicyInput[], change: Partial<ConfigurationInput> = {}): RulesetPlan {
  const configuration = configured(policies, change);
  const numbers = numberPolicies(new Map(), internetPolicies(configuration));
  const choices = new Map<string, Choice>(policies.map(({ id }) => [id, { 4: 3 }]));
  return { configuration, numbers, choices, learnt: [] };
}

/** The rules of one chain of the ruleset. */
function chainOf(text: string, name: string): string[] {
  const body = new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}`).exec(text)?.[1] ?? '';
  return body.split('\n').map((line) => line.trim());
}

test('policies that say nothing about the internet change nothing', () => {
  assert.deepEqual(internetPolicies(configured([])), []);
  assert.deepEqual(internetPolicies(configured([policy('a', { action: 'allow' })])), []);
  assert.deepEqual(internetPolicies(configured([policy('a', { match: { segment: 7 } })])), []);
  const order = [policy('a', { action: 'allow' }), policy('b', { action: 'deny' }), policy('c', { action: 'allow' })];
  assert.deepEqual(
    internetPolicies(configured(order)).map(({ id }) => id),
    ['a', 'b'],
    'what comes before may take something away from a denial',
  );
});

test('what belongs to the fabric, or to this site, is let alone before any policy is asked; a default route is not', () => {
  const routes = [
    { segment: 0, prefix: '0.0.0.0/0', nextHops: ['london'] },
    { segment: 0, prefix: '10.2.0.0/16', nextHops: ['london'] },
  ];
  const text = ruleset(planOf([policy('out')], { routes }));
  assert.match(
    text,
    /set fabric4 \{\n {4}type ipv4_addr\n {4}flags interval\n {4}elements = \{ 10\.1\.0\.0\/16, 10\.2\.0\.0\/16, 100\.64\.0\.1\/32, 100\.64\.0\.2\/32 \}/,
  );
  const arriving = chainOf(text, 'arriving');
  assert.ok(arriving.indexOf('ip daddr @fabric4 accept') < arriving.indexOf('jump policy-0'));
  assert.match(arriving[1]!, /iifname \{ "lo", "patronus0", "eth0" \} accept/);
});

test('each part of a match leads out of the chain, families that are not named as well', () => {
  const match = {
    sources: ['10.1.0.0/16', '10.1.2.0/24'],
    destinations: ['2001:db8::/32'],
    protocol: 17,
    ports: [[100, 200] as [number, number], [150, 300] as [number, number], [5, 5] as [number, number]],
    dscp: [46],
  };
  const text = ruleset(planOf([policy('out', { match })]));
  assert.deepEqual(chainOf(text, 'policy-0'), [
    'ip saddr != { 10.1.0.0/16 } return',
    'meta nfproto ipv6 return',
    'meta nfproto ipv4 return',
    'ip6 daddr != { 2001:db8::/32 } return',
    'meta l4proto != 17 return',
    'meta l4proto != { 6, 17, 33, 132, 136 } return',
    'th sport { 5, 100-300 } goto rest-0',
    'th dport { 5, 100-300 } goto rest-0',
  ]);
  assert.deepEqual(chainOf(text, 'rest-0'), ['ip dscp != { 46 } return', 'ip6 dscp != { 46 } return', 'goto found-0']);
});

test('an application is found by any of its ports, prefixes and names', () => {
  const applications = [
    {
      ...{ id: 'zoom', name: 'Zoom', prefixes: ['192.0.2.0/24'], names: ['zoom.us'] },
      ports: [{ protocol: 17 as const, first: 8801, last: 8810 }],
    },
  ];
  const plan = planOf([policy('out', { match: { applications: ['zoom', 'unknown'] } })], { applications });
  const text = ruleset({ ...plan, learnt: [{ applicationId: 'zoom', family: 4, address: '192.0.2.9', lifeMs: 1500 }] });
  assert.deepEqual(chainOf(text, 'policy-0'), [
    'udp dport { 8801-8810 } goto found-0',
    'ip daddr { 192.0.2.0/24 } goto found-0',
    'ip daddr @names4-zoom goto found-0',
    'ip6 daddr @names6-zoom goto found-0',
  ]);
  assert.match(text, /add element inet patronus names4-zoom \{ 192\.0\.2\.9 timeout 2s \}/);
});

test('a change of uplink touches nothing but where new connections go', () => {
  const plan = planOf([policy('a'), policy('b', { action: 'deny' })]);
  assert.equal(
    choiceChange({ ...plan, choices: new Map([['a', { 4: 1, 6: 2 }]]) }, [plan.configuration.policies[0]!]),
    [
      'flush chain inet patronus choice-0',
      'add rule inet patronus choice-0 meta nfproto ipv4 ct mark set 0x50420001 meta mark set 0x50420001 counter name "sent-0" accept',
      'add rule inet patronus choice-0 meta nfproto ipv6 ct mark set 0x50420002 meta mark set 0x50420002 counter name "sent-0" accept',
      'add rule inet patronus choice-0 meta mark set 0x50440001 accept',
      '',
    ].join('\n'),
  );
});

test('a policy keeps its number while others come and go, since connections carry it', () => {
  const before = numberPolicies(new Map(), configured([policy('a'), policy('b'), policy('c')]).policies);
  const after = numberPolicies(before, configured([policy('d'), policy('c'), policy('a')]).policies);
  assert.deepEqual(Object.fromEntries(after), { a: 0, c: 2, d: 1 });
});

const uplink = (id: string, number: number, more: Partial<UplinkView> = {}): UplinkView => {
  const address = parseAddress(`198.18.${number}.2`)!;
  return {
    ...{ id, label: id, interface: id, port: 1, number, interfaceIndex: number + 5, isUp: true },
    addresses: [{ address, network: prefixOf(address, 24) }],
    exits: { 4: { gateway: parseAddress(`198.18.${number}.1`) } },
    ...more,
  };
};

test('new connections take the first uplink of the order that works, and never one without a way out', () => {
  const uplinkOf = (id: string, isDrained = false) => ({
    ...{ id, label: id, interface: id, domain: 'd', cost: 1, port: 51_820, isDrained },
  });
  const asked = policy('out', { breakoutUplinks: ['b', 'a', 'c'] });
  const configuration = configured([asked], { uplinks: [uplinkOf('a'), uplinkOf('b'), uplinkOf('c')], tunnels: [] });
  const all = [uplink('a', 0), uplink('b', 1), uplink('c', 2)];
  const chosen = (down: string[], views = all, from = configuration) =>
    choose(from.policies[0]!, from, views, (id) => (down.includes(id) ? 'down' : 'up'))[4];
  assert.equal(chosen([]), 1);
  assert.equal(chosen(['b']), 0);
  assert.equal(chosen(['b', 'a']), 2);
  assert.equal(chosen(['a', 'b', 'c']), 1, 'probes may be wrong about all of them');
  assert.equal(chosen([], [uplink('a', 0), uplink('b', 1, { isUp: false })]), 0);
  assert.equal(chosen([], [uplink('b', 1, { exits: {} })]), undefined);
  const draining = configured([asked], { uplinks: [uplinkOf('a'), uplinkOf('b', true), uplinkOf('c')], tunnels: [] });
  assert.equal(chosen([], all, draining), 0);
  assert.equal(chosen(['a', 'c'], all, draining), 1, 'a drained one is better than one that is down');
  assert.equal(choose(configuration.policies[0]!, configuration, all, () => 'up')[6], undefined);
});

test('answers to LANs are copied only where a policy names an application by name', () => {
  assert.doesNotMatch(ruleset(planOf([policy('out')])), /log group/);
  const applications = [{ id: 'zoom', name: 'Zoom', ports: [], prefixes: [], names: ['zoom.us'] }];
  const text = ruleset(planOf([policy('out', { match: { applications: ['zoom'] } })], { applications }));
  assert.match(text, /oifname != \{ "lo", "patronus0", "eth0" \} udp sport 53 log group 20052 snaplen 1500/);
});
