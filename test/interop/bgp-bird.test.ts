/** BGP with BIRD: both families both ways, and what is agreed on beside them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AS, BgpWorld, OURS } from './fixtures/bgpWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

/** BIRD with two routes of its own; `options` go into its session, `channel` into both of its channels. */
async function bird(world: BgpWorld, options = '', channel = '') {
  const configuration = world.write(
    'bird.conf',
    `router id 10.92.0.2; protocol device { }
protocol static own4 { ipv4; route 198.51.100.0/24 blackhole {
  bgp_community.add((64501,7)); bgp_large_community.add((64501,1,2)); bgp_ext_community.add((rt, 64501, 5)); }; }
protocol static own6 { ipv6; route 2001:db8:1::/48 blackhole { bgp_community.add((64501,7)); }; }
protocol bgp ours { local as ${AS.theirs}; neighbor ${OURS[4]} as ${AS.ours}; connect retry time 1; connect delay time 1;
  error wait time 1, 2; ${options}
  ipv4 { import all; export all; ${channel} }; ipv6 { import all; export all; ${channel} }; }
`,
  );
  const socket = join(world.folder, 'bird.ctl');
  const arguments_ = ['-f', '-c', configuration, '-s', socket, '-P', join(world.folder, 'bird.pid')];
  const start = () => world.start(world.theirs, 'bird', arguments_);
  const child = start();
  await eventually('BIRD to start', () => (existsSync(socket) ? true : undefined));
  // It ends with 1 where it finds nothing.
  const say = (...words: string[]) => spawnSync('birdc', ['-s', socket, ...words], { encoding: 'utf8' }).stdout;
  return {
    ...{ say, child, start },
    /** What it knows of a prefix, once it does. */
    learns: (prefix: string, pattern: RegExp) =>
      eventually(`BIRD to learn ${prefix}`, () => {
        const text = say('show', 'route', 'all', 'for', prefix);
        return pattern.test(text) ? text : undefined;
      }),
    forgets: (prefix: string) =>
      eventually(`BIRD to forget ${prefix}`, () =>
        say('show', 'route', 'for', prefix).includes('[ours') ? undefined : true,
      ),
  };
}

test('BIRD: routes both ways in both families with their communities, into the kernel, and gone again', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BgpWorld(context, 'bird');
  const peer = await bird(world);
  await world.route('holdTime: 9');
  await world.established();
  const route = await world.learns('198.51.100.0/24');
  assert.deepEqual(route.attributes.communities, ['64501:7']);
  assert.deepEqual(route.attributes['large-community'], ['64501:1:2']);
  assert.deepEqual(route.attributes['extended-communities'], ['target:64501:5']);
  assert.equal((await world.learns('2001:db8:1::/48')).nextHop.split(' ')[0], 'fd92::2');
  const told = await peer.learns('192.0.2.0/24', /BGP\.as_path: 64500/);
  assert.match(told, /BGP\.community: \(64500,9\)/);
  assert.match(told, /BGP\.large_community: \(64500, 1, 2\)/);
  assert.match(told, /BGP\.ext_community: \(rt, 64500, 3\)/);
  await peer.learns('2001:db8:2::/48', /BGP\.next_hop: fd92::1/);
  await eventually('the kernel to have both', () =>
    world.kernel(4).includes('198.51.100.0/24 via 10.92.0.2') && world.kernel(6).includes('2001:db8:1::/48 via fd92::2')
      ? true
      : undefined,
  );

  peer.say('disable', 'own4');
  await world.forgets('198.51.100.0/24');
  await eventually('the kernel to forget it', () => (world.kernel(4).includes('198.51.100.0') ? undefined : true));
  peer.say('enable', 'own4');
  await world.learns('198.51.100.0/24');

  // Asked for again, in both directions, without a reset.
  await world.ask({ command: 'clear', neighbour: '10.92.0.2', soft: 'in' });
  peer.say('reload', 'in', 'ours');
  await peer.learns('192.0.2.0/24', /BGP\.as_path: 64500/);
  await world.learns('198.51.100.0/24');
  const report = await world.neighbour();
  assert.equal(report.flaps, 0);
  assert.ok(report.families.every(({ received }) => received === 1));

  await world.ask({ command: 'shutdown', neighbour: '10.92.0.2', reason: 'new line card' });
  await eventually('BIRD to hear why', () =>
    /Received: Administrative shutdown/.test(peer.say('show', 'protocols', 'all', 'ours')) ? true : undefined,
  );
  await peer.forgets('192.0.2.0/24');
  await eventually('the kernel to forget all', () =>
    world.kernel(4) === '' && world.kernel(6) === '' ? true : undefined,
  );
  await world.ask({ command: 'enable', neighbour: '10.92.0.2' });
  await world.established();
});

test('BIRD: TCP MD5, TTL security, add-path and roles hold together', { skip: skipWithoutRoot }, async (context) => {
  const world = new BgpWorld(context, 'birdmd5');
  const peer = await bird(world, 'password "correct horse"; ttl security on; local role provider;', 'add paths on;');
  await world.route('password: correct horse, ttlSecurity: true, role: customer, addPath: both, holdTime: 9');
  const report = await world.established();
  assert.equal(report.role, 'provider');
  const route = await world.learns('198.51.100.0/24');
  assert.notEqual(route.pathId, 0);
  // From a provider: for customers only (RFC 9234 §5).
  assert.equal(route.attributes['only-to-customer'] ?? route.attributes.otc, AS.theirs);
  await peer.learns('192.0.2.0/24', /BGP\.as_path: 64500/);
});

test('BIRD: its routes stay while it restarts, and a silent wire ends the session by the hold timer', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BgpWorld(context, 'birdgr');
  const peer = await bird(world, 'graceful restart on; graceful restart time 20; hold time 3; keepalive time 1;');
  await world.route('holdTime: 3');
  await world.established();
  await world.learns('198.51.100.0/24');
  peer.child.kill('SIGKILL');
  await world.is('down', ({ state }) => state !== 'Established');
  const kept = await world.learns('198.51.100.0/24', ({ isStale }) => isStale);
  assert.equal(kept.isBest, true);
  assert.match(world.kernel(4), /198\.51\.100\.0\/24/);
  peer.start();
  await world.established();
  await world.learns('198.51.100.0/24', ({ isStale }) => !isStale);

  world.cut(world.ours);
  const silent = await world.is('down', ({ state, lastCode }) => state !== 'Established' && lastCode?.[0] === 4);
  assert.match(silent.lastError!, /hold timer expired/);
});
