import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatAddress, formatPrefix, type IpAddress } from '@patronus/net';
import { describeError } from './places.ts';
import { readConfiguration } from './read.ts';

const least = 'router: { as: 64500, identifier: 192.0.2.1 }\n';

function errors(text: string): string[] {
  const read = readConfiguration(text);
  assert.ok(!read.ok, 'there is an error');
  return read.error.map((error) => describeError('bgp.yaml', error));
}

function accepted(text: string) {
  const read = readConfiguration(text);
  assert.ok(read.ok, read.ok ? '' : read.error.map((error) => describeError('bgp.yaml', error)).join('\n'));
  return read.value;
}

test('the least there can be is a router with a number and an identifier, that listens everywhere', () => {
  const { speaker, listen, port, kernel } = accepted(least);
  assert.equal(speaker.as, 64_500);
  assert.equal(speaker.identifier, 0xc0000201);
  assert.deepEqual(listen.map(formatAddress), ['0.0.0.0', '::']);
  assert.equal(port, 179);
  assert.equal(kernel, undefined);
});

test('a neighbour has what its group says, unless it says otherwise itself', () => {
  const { speaker } = accepted(`${least}
policies:
  some: { statements: [{ match: { prefixes: 10.0.0.0/8+ }, action: accept }] }
groups:
  upstream: { import: some, export: reject, holdTime: 30, password: hunter2, families: [ipv4, ipv6], maxPrefixes: 100 }
neighbours:
  - { address: 192.0.2.2, as: 64501, group: upstream, holdTime: 9, ttlSecurity: true }
  - { address: 2001:db8::2, as: internal, reflectorClient: true, addPath: both }
  - { name: leaves, address: 10.0.0.0/24, as: external, import: accept }
`);
  const [first, second, third] = speaker.neighbours;
  assert.equal(first!.name, '192.0.2.2');
  assert.equal(first!.session.holdTimeS, 9);
  assert.equal(first!.session.ttlSecurityHops, 1);
  assert.equal(first!.session.md5Key?.reveal(), 'hunter2');
  assert.equal(JSON.stringify(first).includes('hunter2'), false);
  assert.deepEqual(first!.routes, { import: 'some', export: 'reject' });
  assert.deepEqual(
    first!.session.prefixLimits?.map(({ most }) => most),
    [100, 100],
  );
  assert.equal(formatAddress(second!.address as IpAddress), '2001:db8::2');
  assert.deepEqual(second!.session.addPath, [{ family: 0x201, mode: 'both' }]);
  assert.equal(third!.session.isPassive, true);
});

test('BFD watches over whom it is said of, as far away as BGP may go to reach it unless it is said otherwise', () => {
  const { bfd, speaker } = accepted(`${least}
groups: { watched: { bfd: true } }
neighbours:
  - { address: 192.0.2.2, as: 64501, group: watched, keepalive: 5 }
  - { address: 192.0.2.3, as: 64501, group: watched, bfd: false }
  - { name: leaves, address: 10.0.0.0/24, as: external, bfd: { interval: 50, multiplier: 5, passive: true, multihop: true } }
`);
  assert.deepEqual(Object.fromEntries(bfd), {
    '192.0.2.2': { intervalMs: 300, multiplier: 3, isPassive: false },
    leaves: { intervalMs: 50, multiplier: 5, isPassive: true, isMultihop: true },
  });
  assert.equal(speaker.neighbours[0]!.session.keepaliveS, 5);
});

test('RPKI caches and BMP stations are places, with how soon they are tried again', () => {
  const { rpki, bmp } = accepted(`${least}
rpki: [{ address: 192.0.2.40 }, { address: 2001:db8::40, port: 8282, retry: 5 }]
bmp: [{ address: 192.0.2.41, port: 5000 }]
`);
  const told = (one: (typeof rpki)[number]) => [formatAddress(one.address), one.port, one.retryS];
  assert.deepEqual(rpki.map(told), [
    ['192.0.2.40', 323, 60],
    ['2001:db8::40', 8_282, 5],
  ]);
  assert.deepEqual(bmp.map(told), [['192.0.2.41', 5_000, 30]]);
});

test('networks are prefixes, with what is set on them', () => {
  const { speaker } = accepted(`${least}
networks:
  - 198.51.100.0/24
  - { prefix: 2001:db8::/32, set: { addCommunities: 64500:1, med: 5 } }
`);
  assert.deepEqual(
    speaker.networks.map(({ prefix }) => formatPrefix(prefix)),
    ['198.51.100.0/24', '2001:db8::/32'],
  );
  assert.deepEqual(speaker.networks[1]!.set, { addCommunities: ['64500:1'], med: 5 });
});

test('routes go to a table of their own, or to main where that is said', () => {
  assert.deepEqual(accepted(`${least}kernel: {}`).kernel, { table: 51_801, metric: 20 });
  assert.deepEqual(accepted(`${least}kernel: { table: main }`).kernel, { table: 254, metric: 20 });
});

const mistakes: readonly (readonly [string, string, ...(string | RegExp)[]])[] = [
  ['text that is no YAML', 'router: [', /^bgp\.yaml:1:10: this is no YAML/],
  [
    'a key that stands twice',
    `${least}kernel: {}\nkernel: {}\n`,
    /^bgp\.yaml:3:1: this is no YAML: Map keys must be unique/,
  ],
  ['nothing', '', 'bgp.yaml:1:1: router: is missing; write keys and values'],
  [
    'a key that nobody knows',
    `${least}neighbors: []\n`,
    'bgp.yaml:2:1: there is no key "neighbors" here; did you mean "neighbours"?',
  ],
  [
    'a word that is nowhere near',
    `${least}frobnicate: 1\n`,
    /there is no key "frobnicate" here; docs\/bgp\.md lists them all/,
  ],
  ['an AS of 0', 'router: { as: 0, identifier: 192.0.2.1 }', 'bgp.yaml:1:15: router.as: write 1 or more'],
  ['text for a number', 'router: { as: many, identifier: 192.0.2.1 }', 'bgp.yaml:1:15: router.as: write a number'],
  [
    'an identifier of 0',
    'router: { as: 1, identifier: 0.0.0.0 }',
    /1:30: router\.identifier: "0\.0\.0\.0" is no identifier/,
  ],
  [
    'a neighbour without AS',
    `${least}neighbours:\n  - address: 192.0.2.2\n`,
    'bgp.yaml:3:5: neighbours[0].as: is missing; write its AS number, or internal, external, any',
  ],
  [
    'an address that is none',
    `${least}neighbours:\n  - address: 192.0.2\n    as: 1\n`,
    'bgp.yaml:3:14: neighbours[0].address: "192.0.2" is no address: write one like 192.0.2.1 or 2001:db8::1',
  ],
  [
    'a policy that is not there',
    `${least}policies: { mine: { statements: [] } }\nneighbours:\n  - { address: 192.0.2.2, as: 1, import: yours }\n`,
    'bgp.yaml:4:42: neighbours[0].import: there is no policy "yours"; there are accept, reject, mine',
  ],
  [
    'a group that is not there',
    `${least}neighbours:\n  - { address: 192.0.2.2, as: 1, group: x }\n`,
    'bgp.yaml:3:41: neighbours[0].group: there is no group "x"; there are: none',
  ],
  [
    'a policy with a wrong pattern',
    `${least}policies:\n  mine:\n    statements:\n      - match: { communities: [hello] }\n        action: accept\n`,
    /^bgp\.yaml:5:31: policies\.mine\.statements\[0\]\.match\.communities: /,
  ],
  [
    'a policy that matches on what there is not',
    `${least}policies:\n  mine:\n    statements:\n      - { match: { colour: red }, action: accept }\n`,
    /^bgp\.yaml:5:20: policies\.mine\.statements\[0\]\.match: there is no key "colour"/,
  ],
  ['a wrong prefix in a set', `${least}prefixSets: { mine: [10.0.0.0/33] }\n`, /^bgp\.yaml:2:21: prefixSets\.mine: /],
  [
    'a hold time of a second',
    `${least}neighbours: [{ address: 192.0.2.2, as: 1, holdTime: 1 }]\n`,
    /2:53: .*holdTime: a hold time is 0/,
  ],
  [
    'BFD faster than it can be',
    `${least}neighbours: [{ address: 192.0.2.2, as: 1, bfd: { interval: 1 } }]\n`,
    /2:60: neighbours\[0\]\.bfd\.interval: write 10 or more/,
  ],
  [
    'a station without a port',
    `${least}bmp: [{ address: 192.0.2.2 }]\n`,
    /2:7: bmp\[0\]\.port: is missing; write a number/,
  ],
  [
    'the same neighbour twice',
    `${least}neighbours: [{ address: 192.0.2.2, as: 1 }, { address: 192.0.2.2, as: 2 }]\n`,
    /"192\.0\.2\.2" is neighbours\[0\] already/,
  ],
  ['a link-local address alone', `${least}neighbours: [{ address: 'fe80::1', as: 1 }]\n`, /add "interface: eth0"/],
  [
    'a client that is external',
    `${least}neighbours: [{ address: 192.0.2.2, as: 1, reflectorClient: true }]\n`,
    /RFC 4456/,
  ],
  [
    'a limit of nothing',
    `${least}neighbours: [{ address: 192.0.2.2, as: 1, maxPrefixes: { most: 0 } }]\n`,
    /2:64: neighbours\[0\]\.maxPrefixes\.most: write 1 or more/,
  ],
];

for (const [what, text, ...expected] of mistakes) {
  test(`${what} is told with line, column and what to do`, () => {
    const told = errors(text);
    for (const one of expected) {
      if (typeof one === 'string') assert.equal(told[0], one);
      else assert.match(told[0]!, one);
    }
  });
}

test('every mistake is told, not only the first', () => {
  assert.equal(errors('router: { as: 0, identifier: x }\nneighbors: []\n').length, 3);
});

test('the example in docs/bgp.md is a configuration', () => {
  const text = readFileSync(new URL('../../../docs/bgp.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml!);
  assert.ok(examples.length > 0);
  for (const example of examples) accepted(example.startsWith('router:') ? example : `${least}${example}`);
});
