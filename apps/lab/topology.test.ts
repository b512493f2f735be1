import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes, LabError } from './errors.ts';
import { loadTopology, parseTopology, topologyNames } from './topology.ts';

const site = (name: string, lan: number, extra = '') =>
  `  - name: ${name}\n    lan: { v4: 10.${lan}.0.0/24, v6: 'fd00:${lan}::/64' }\n    uplinks: [{ label: internet, domain: internet }]\n${extra}`;
const text = (...sites: string[]) => `name: test\nsites:\n${sites.join('')}`;

function complaintOf(topology: string): string {
  try {
    parseTopology(topology, 'mine.yaml');
  } catch (error) {
    assert.ok(error instanceof LabError);
    assert.equal(error.exitCode, exitCodes.usage);
    return error.message;
  }
  assert.fail('the topology was taken');
}

test('every topology that comes with the lab can be read', () => {
  assert.ok(topologyNames().includes('three-sites'));
  for (const name of topologyNames()) assert.ok(loadTopology(name).sites.length > 0);
});

test('the default topology has three sites with internet and lte in one domain', () => {
  const { sites } = loadTopology('three-sites');
  assert.deepEqual(
    sites.map((each) => each.name),
    ['berlin', 'london', 'tokyo'],
  );
  for (const { uplinks } of sites) {
    assert.deepEqual(
      uplinks.map(({ label, domain }) => [label, domain]),
      [
        ['internet', 'internet'],
        ['lte', 'internet'],
      ],
    );
  }
});

test('a site without hosts listed gets one', () => {
  assert.deepEqual(parseTopology(text(site('a', 1)), 'mine.yaml').sites[0]?.hosts, ['h1']);
});

for (const [what, topology, expected] of [
  ['text that is no YAML', 'sites: [', /mine\.yaml is not valid YAML/],
  ['a site name with shell characters', text(site('"a;reboot"', 1)), /sites\[0\]\.name: must be a-z/],
  [
    'a site named as one of the lab’s own namespaces',
    text(site('core', 1)),
    /sites\[0\]\.name: must not be one of core/,
  ],
  [
    'a host address in place of a prefix',
    text(site('a', 1)).replace('.0/24', '.7/24'),
    /sites\[0\]\.lan\.v4: must be an IPv4 prefix/,
  ],
  [
    'two sites of one name',
    text(site('a', 1), site('a', 2)),
    /sites\[1\]\.name: "a" is already used at sites\[0\]\.name/,
  ],
  [
    'one LAN at two sites',
    text(site('a', 1), site('b', 1)),
    /sites\[1\]\.lan\.v4: "10\.1\.0\.0\/24" is already used at sites\[0\]\.lan\.v4/,
  ],
  ['an unknown field', text(site('a', 1, '    colour: red\n')), /sites\[0\]: Unrecognized key: "colour"/],
  ['no sites', 'name: test\nsites: []\n', /sites: /],
  [
    'a loss of more than everything',
    text(site('a', 1)).replace('domain: internet', 'domain: internet, impairment: { lossPercent: 101 }'),
    /sites\[0\]\.uplinks\[0\]\.impairment\.lossPercent/,
  ],
  [
    'an interface of somebody else',
    text(site('a', 1)).replace('domain: internet', 'domain: internet, interface: eth0'),
    /uplinks\[0\]\.interface: must begin with pt/,
  ],
  [
    'a range that is no /30',
    text(site('a', 1)).replace('domain: internet', 'domain: internet, range: 198.18.0.1/30'),
    /uplinks\[0\]\.range: must be an IPv4 \/30/,
  ],
] as const) {
  test(`${what} is refused, and the place is named`, () => assert.match(complaintOf(topology), expected));
}

test('an unknown topology is refused with the names of those there are', () => {
  assert.throws(() => loadTopology('four-sites'), /those that come with the lab: .*three-sites/);
  assert.throws(() => loadTopology('./nowhere.yaml'), /there is no topology ".\/nowhere\.yaml"/);
});
