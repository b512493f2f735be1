/** Equally good routes of two neighbours, used at once by the kernel: beside two BIRDs. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { BgpRouter } from './fixtures/bgpRouter.ts';
import { end } from './fixtures/ending.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

const THEIRS = 'ptecmp';
const WIRE = 'ptecmpwire';
const TABLE = '991';
const PREFIX = { 4: '198.51.100.0/24', 6: '2001:db8:1::/48' } as const;

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
});

function wire(context: TestContext): void {
  ip('netns', 'add', THEIRS);
  context.after(() => ip('netns', 'del', THEIRS));
  ip('link', 'add', WIRE, 'type', 'veth', 'peer', 'name', WIRE, 'netns', THEIRS);
  ip('link', 'set', WIRE, 'up');
  for (const address of ['10.99.0.1/24', 'fd99::1/64']) add([], address);
  ip('-n', THEIRS, 'link', 'set', WIRE, 'up');
  ip('-n', THEIRS, 'link', 'set', 'lo', 'up');
  for (const last of [2, 3])
    for (const address of [`10.99.0.${last}/24`, `fd99::${last}/64`]) add(['-n', THEIRS], address);
}

function add(namespace: readonly string[], address: string): void {
  ip(...namespace, 'addr', 'add', address, 'dev', WIRE, ...(address.includes(':') ? ['nodad'] : []));
}

/** BIRD at 10.99.0.`last`, AS 64501, with a route of each family. */
async function bird(context: TestContext, folder: string, last: number) {
  const [configuration, socket] = [join(folder, `bird${last}.conf`), join(folder, `bird${last}.ctl`)];
  writeFileSync(
    configuration,
    `router id 10.99.0.${last}; protocol device { }
protocol static own4 { ipv4; route ${PREFIX[4]} blackhole; }
protocol static own6 { ipv6; route ${PREFIX[6]} blackhole; }
protocol bgp ours { local 10.99.0.${last} as 64501; strict bind yes; neighbor 10.99.0.1 as 64500;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  ipv4 { import none; export all; }; ipv6 { import none; export all; next hop address fd99::${last}; }; }
`,
  );
  rmSync(socket, { force: true });
  const files = ['-c', configuration, '-s', socket, '-P', join(folder, `bird${last}.pid`)];
  const child = spawn('ip', ['netns', 'exec', THEIRS, 'bird', '-f', ...files], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  context.after(() => end(child, () => child.kill('SIGKILL')));
  await eventually('BIRD to start', () => existsSync(socket) || undefined);
  return {
    say: (...words: string[]) => execFileSync('birdc', ['-s', socket, ...words], { encoding: 'utf8' }),
    kill: () => end(child, () => child.kill('SIGKILL')),
  };
}

const yaml = (
  multipath: number,
) => `router: { as: 64500, identifier: 10.99.0.1, listen: 10.99.0.1, multipath: ${multipath} }
kernel: { table: ${TABLE} }
groups: { all: { as: 64501, import: accept, families: [ipv4, ipv6], connectRetry: 1, idleHold: 0.2, gracefulRestart: false } }
neighbours:
  - { name: two, address: 10.99.0.2, group: all }
  - { name: three, address: 10.99.0.3, group: all }
`;

/** Next hops that the kernel has for a prefix. */
function hops(family: 4 | 6): string[] {
  const { stdout } = spawnSync('ip', [`-${family}`, 'route', 'show', 'table', TABLE], { encoding: 'utf8' });
  const at = stdout.indexOf(PREFIX[family]);
  return at < 0 ? [] : [...stdout.slice(at).matchAll(/via (\S+)/g)].map(([, hop]) => hop!).sort();
}

function goes(family: 4 | 6, ...wanted: readonly string[]): Promise<true> {
  return eventually(`the kernel to send ${PREFIX[family]} by ${wanted.join(' and ') || 'nobody'}`, () =>
    hops(family).join() === wanted.join() ? true : undefined,
  );
}

test('two equally good routes are one route of the kernel with two next hops, in both families, and follow what changes', {
  skip: skipWithoutRoot,
}, async (context) => {
  wire(context);
  const router = new BgpRouter(context);
  await bird(context, router.folder, 2);
  const three = await bird(context, router.folder, 3);
  await router.start(yaml(2));
  await goes(4, '10.99.0.2', '10.99.0.3');
  await goes(6, 'fd99::2', 'fd99::3');

  three.say('disable', 'own4');
  await goes(4, '10.99.0.2');
  assert.deepEqual(hops(6), ['fd99::2', 'fd99::3']);
  three.say('enable', 'own4');
  await goes(4, '10.99.0.2', '10.99.0.3');

  router.write(yaml(1));
  await router.ask({ command: 'reload' });
  await goes(4, '10.99.0.2');
  await goes(6, 'fd99::2');
  router.write(yaml(2));
  await router.ask({ command: 'reload' });
  await goes(4, '10.99.0.2', '10.99.0.3');
  await goes(6, 'fd99::2', 'fd99::3');

  await three.kill();
  await goes(4, '10.99.0.2');
  await goes(6, 'fd99::2');
  await bird(context, router.folder, 3);
  await goes(4, '10.99.0.2', '10.99.0.3');
  await goes(6, 'fd99::2', 'fd99::3');

  await router.end('SIGTERM');
  assert.deepEqual([hops(4), hops(6)], [[], []], 'nothing stays');
});
