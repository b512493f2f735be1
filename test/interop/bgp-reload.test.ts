/** A speaker that reads its configuration again while it runs, with real neighbours and the kernel. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, type TestContext, test } from 'node:test';
import { BgpRouter, cli } from './fixtures/bgpRouter.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

const [US, ONE, TWO] = ['10.96.0.1', '10.96.0.2', '10.96.0.3'] as const;

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
  for (const address of [US, ONE, TWO]) ip('addr', 'add', `${address}/24`, 'dev', 'lo');
  ip('link', 'add', 'ptreload', 'type', 'veth', 'peer', 'name', 'ptreload2');
  for (const device of ['ptreload', 'ptreload2']) ip('link', 'set', device, 'up');
  ip('addr', 'add', '10.97.0.1/24', 'dev', 'ptreload');
});

/** All three live in one namespace: a next hop of theirs would be one of our own addresses. */
const VIA = 'via: { statements: [{ set: { nextHop: 10.97.0.9 }, action: accept }] }';

interface Words {
  readonly networks?: string;
  readonly kernel?: string;
  readonly listen?: string;
  readonly policy?: string;
  /** Of the neighbour `one`. */
  readonly imports?: string;
  readonly one?: string;
}

function ours(words: Words = {}): string {
  const { networks = '[198.51.100.0/24]', kernel = 'false', listen = US, policy = 'policies' } = words;
  const both = `localAddress: ${US}, export: via, connectRetry: 1`;
  return `router: { as: 64500, identifier: ${US}, listen: ${listen} }
kernel: ${kernel}
networks: ${networks}
prefixSets: { some: [203.0.113.0/24] }
${policy}:
  most: { statements: [{ match: { prefixSets: some }, action: reject }, { action: accept }] }
  ${VIA}
neighbours:
  - { name: one, address: ${ONE}, as: 64501, import: ${words.imports ?? 'accept'}, ${both}, ${words.one ?? ''} }
  - { name: two, address: ${TWO}, as: 64502, import: accept, ${both} }
`;
}

function theirs(own: string, as: number, options = ''): string {
  const networks = own === ONE ? '[203.0.113.0/24, 192.0.2.0/24]' : '[]';
  return `router: { as: ${as}, identifier: ${own}, listen: ${own} }
networks: ${networks}
policies:
  ${VIA}
neighbours:
  - { name: us, address: ${US}, as: 64500, localAddress: ${own}, import: accept, export: via,
      connectRetry: 1, idleHold: 0.2, ${options} }
`;
}

async function three(context: TestContext, kernel = 'false') {
  const [us, one, two] = [new BgpRouter(context), new BgpRouter(context), new BgpRouter(context)];
  await Promise.all([one.start(theirs(ONE, 64_501)), two.start(theirs(TWO, 64_502)), us.start(ours({ kernel }))]);
  for (const name of ['one', 'two']) await us.established(name);
  return { us, one, two };
}

const prefixes = async (router: BgpRouter) => (await router.routes()).map(({ prefix }) => prefix).sort();
const become = (router: BgpRouter, wanted: readonly string[]) =>
  eventually(`routes to be ${wanted.join(', ')}`, async () =>
    (await prefixes(router)).join() === wanted.join() ? true : undefined,
  );

test('SIGHUP: what has changed is done, sessions that nothing was said of stay', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { us, one, two } = await three(context);
  await become(two, ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']);

  us.write(ours({ networks: '[198.18.0.0/15]', imports: 'most' }));
  us.signal('SIGHUP');
  await us.says(/was read again: other policies for one$/);
  await become(two, ['192.0.2.0/24', '198.18.0.0/15']);
  await become(one, ['192.0.2.0/24', '198.18.0.0/15', '203.0.113.0/24']);

  us.write(ours({ one: 'holdTime: 30' }));
  us.signal('SIGHUP');
  await us.says(/was read again: .*reset one/);
  const reset = await us.is(
    'one',
    'up again',
    ({ state, establishedCount }) => state === 'Established' && establishedCount === 2,
  );
  assert.equal(reset.holdTimeS, 30);
  await become(two, ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']);
  const [heard] = await one.neighbours();
  assert.equal(heard!.flaps, 1);
  const quiet = (await us.neighbours()).find(({ name }) => name === 'two')!;
  assert.deepEqual([quiet.flaps, quiet.establishedCount], [0, 1]);
});

test('a mistake is told with line and column, by SIGHUP and by reload, and nothing changes', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { us, two } = await three(context);
  const known = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'];
  await become(two, known);
  us.write(ours({ networks: '[198.18.0.0/15]', imports: 'nowhere' }));
  us.signal('SIGHUP');
  await us.says(/bgp\.yaml:9:\d+: neighbours\[0\]\.import: there is no policy "nowhere"/);
  await us.says(/^everything stays as it was$/);
  us.write(ours({ networks: '[198.18.0.0/15]', policy: 'polices' }));
  const refused = spawnSync(process.execPath, [cli, 'bgp', 'reload', '--socket', us.socket], { encoding: 'utf8' });
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /bgp\.yaml:5:1: .*there is no key "polices" here; did you mean "policies"\?/);
  assert.deepEqual(await prefixes(two), known);
  assert.deepEqual(
    (await us.neighbours()).map(({ flaps }) => flaps),
    [0, 0],
  );
});

test('an address that cannot be had changes nothing either, and another one is listened at', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { us } = await three(context);
  us.write(ours({ listen: `[${US}, 10.1.2.3]` }));
  await assert.rejects(us.ask({ command: 'reload' }), /no interface has this address/);
  const listening = () => spawnSync('ss', ['-Hltn', 'sport', '=', '179'], { encoding: 'utf8' }).stdout;
  assert.match(listening(), /10\.96\.0\.1:179/);
  us.write(ours({ listen: "'::'" }));
  assert.deepEqual(await us.ask({ command: 'reload' }), [{ added: [], removed: [], reset: [], rerouted: [] }]);
  assert.doesNotMatch(listening(), /10\.96\.0\.1:179/);
  assert.match(listening(), /\[::\]:179/);
});

test('a password that comes, and one that changes, holds for connections of either side', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { us, one } = await three(context);
  for (const [count, password] of [
    [2, 'correct horse'],
    [3, 'battery staple'],
  ] as const) {
    const options = `password: ${password}`;
    us.write(ours({ one: options }));
    one.write(theirs(ONE, 64_501, options));
    const [done] = await us.ask({ command: 'reload' });
    assert.deepEqual(done, { added: [], removed: [], reset: ['one'], rerouted: [] });
    await one.ask({ command: 'reload' });
    await us.is(
      'one',
      'up again',
      ({ state, establishedCount }) => state === 'Established' && establishedCount >= count,
    );
  }
  assert.equal((await us.neighbours()).find(({ name }) => name === 'two')!.flaps, 0);
});

test('routes move to another table of the kernel, and out of it', { skip: skipWithoutRoot }, async (context) => {
  const { us } = await three(context, '{ table: 961 }');
  const table = (number: number) =>
    spawnSync('ip', ['route', 'show', 'table', String(number)], { encoding: 'utf8' }).stdout;
  const holds = (number: number, wanted: boolean) =>
    eventually(`table ${number} ${wanted ? 'to have' : 'to lose'} the routes`, () =>
      /192\.0\.2\.0\/24 via 10\.97\.0\.9/.test(table(number)) === wanted ? true : undefined,
    );
  await holds(961, true);
  us.write(ours({ kernel: '{ table: 962 }' }));
  await us.ask({ command: 'reload' });
  await holds(962, true);
  assert.equal(table(961), '');
  us.write(ours());
  await us.ask({ command: 'reload' });
  assert.equal(table(962), '');
  assert.doesNotMatch(ip('rule'), /96[12]/);
  us.write(ours({ kernel: '{ table: 961 }' }));
  await us.ask({ command: 'reload' });
  await holds(961, true);
  assert.deepEqual(
    (await us.neighbours()).map(({ flaps }) => flaps),
    [0, 0],
  );
});
