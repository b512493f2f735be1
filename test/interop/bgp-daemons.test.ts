/**
 * The speaker that `patronus bgp run` is, beside the BGP daemons that sites have: every case for every daemon, but for
 * what a daemon cannot do, which its file in `bgp-daemons/` says with the reason.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NeighbourReport, RouteReport } from '@patronus/bgp';
import { bird } from './bgp-daemons/bird.ts';
import {
  type BgpDaemon,
  type Feature,
  OWN,
  ownCommunities,
  processesOf,
  type RunningDaemon,
  type TheirPath,
} from './bgp-daemons/daemon.ts';
import { exabgp } from './bgp-daemons/exabgp.ts';
import { frr } from './bgp-daemons/frr.ts';
import { gobgp } from './bgp-daemons/gobgp.ts';
import { openbgpd } from './bgp-daemons/openbgpd.ts';
import { type RoleCase, roleCases, rolesThatDoNotFit, wrongKey } from './bgp-daemons/refused.ts';
import { AS, BgpWorld, OUR_PREFIX, OURS, THEIRS, THIRD_PREFIX, THIRDS } from './fixtures/bgpWorld.ts';
import { end } from './fixtures/ending.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const daemons: readonly BgpDaemon[] = [bird, frr, gobgp, openbgpd, exabgp];
/** What a machine with a lot else to do may be late by. */
const LATE_MS = 1_000;
/** Three packets, as daemons here are configured, of the 300 ms that are ours unless said. */
const DETECTION_MS = 900;
const can = (daemon: BgpDaemon, feature: Feature) => daemon.cannot[feature] === undefined;

// They mostly wait, so they may wait side by side.
describe('BGP beside', { skip: skipWithoutRoot, concurrency: 3 }, () => {
  for (const daemon of daemons) {
    test(`${daemon.name}: routes, and what becomes of them`, (context) => plainSession(context, daemon));
    test(`${daemon.name}: what two neighbours may agree on`, (context) => agreements(context, daemon));
    if (can(daemon, 'md5')) {
      test(`${daemon.name}: a key that is not the same`, (context) => wrongKey(context, daemon));
    }
    if (can(daemon, 'roles')) {
      for (const [which, { words }] of Object.entries(roleCases)) {
        test(`${daemon.name}: ${words}`, (context) => rolesThatDoNotFit(context, daemon, which as RoleCase));
      }
    }
    if (can(daemon, 'bfd')) {
      test(`${daemon.name}: BFD ends a session over a silent wire, long before its hold time, and both come back`, (context) =>
        watched(context, daemon));
    }
  }
});

/** Paths of a prefix that the daemon has from us, once they fit. */
function theyHave(peer: RunningDaemon, prefix: string, fits: (paths: readonly TheirPath[]) => boolean) {
  return eventually(`the daemon to have what it should of ${prefix}`, async () => {
    const paths = await peer.paths(prefix);
    return fits(paths) ? paths : undefined;
  });
}

const some = (paths: readonly TheirPath[]) => paths.length > 0;
const none = (paths: readonly TheirPath[]) => paths.length === 0;

async function plainSession(context: TestContext, daemon: BgpDaemon): Promise<void> {
  const world = new BgpWorld(context, `${daemon.name.toLowerCase()}a`);
  const peer = await daemon.start(world, {});
  await world.route('holdTime: 30');
  world.thirdSpeaks();

  await context.test(
    'the session comes up, and routes go both ways in both families with their communities',
    async () => {
      await world.established();
      const { attributes, isBest } = await world.learns(OWN[4]);
      assert.ok(isBest);
      assert.equal(attributes['as-path'], `${AS.theirs}`);
      assert.deepEqual(attributes.communities, ownCommunities.communities);
      assert.deepEqual(attributes['large-community'], ownCommunities.largeCommunities);
      if (can(daemon, 'extendedCommunities')) {
        assert.deepEqual(attributes['extended-communities'], ownCommunities.extendedCommunities);
      }
      const six = await world.learns(OWN[6]);
      assert.equal(six.nextHop.split(' ')[0], THEIRS[6]);
      assert.deepEqual(six.attributes.communities, ownCommunities.communities);
      const [told] = await theyHave(peer, OUR_PREFIX[4], some);
      assert.deepEqual(told, {
        ...{ asPath: `${AS.ours}`, nextHop: OURS[4], communities: ['64500:9'], largeCommunities: ['64500:1:2'] },
        extendedCommunities: can(daemon, 'extendedCommunities') ? ['target:64500:3'] : told!.extendedCommunities,
      });
      const [toldSix] = await theyHave(peer, OUR_PREFIX[6], some);
      assert.equal(toldSix!.nextHop, OURS[6]);
      assert.deepEqual(toldSix!.communities, ['64500:9']);
      await eventually('the kernel to have both', () => kernelHasBoth(world) || undefined);
    },
  );

  await context.test('what one of us withdraws is gone at the other, and back when it is announced again', async () => {
    for (const prefix of [OWN[4], OWN[6]]) {
      peer.withdraw(prefix);
      await world.forgets(prefix);
      await eventually(`the kernel to forget ${prefix}`, () => !kernel(world).includes(prefix) || undefined);
      peer.announce(prefix);
      await world.learns(prefix);
    }
    const passedOn = [THIRD_PREFIX[4], THIRD_PREFIX[6]];
    for (const prefix of passedOn) {
      const [path] = await theyHave(peer, prefix, some);
      assert.equal(path!.asPath, `${AS.ours} ${AS.thirds}`);
    }
    await world.ask({ command: 'shutdown', neighbour: THIRDS[4] });
    for (const prefix of passedOn) await theyHave(peer, prefix, none);
    await world.ask({ command: 'enable', neighbour: THIRDS[4] });
    for (const prefix of passedOn) await theyHave(peer, prefix, some);
  });

  await context.test('each tells its routes again when it is asked, without a reset', async () => {
    const before = await world.neighbour();
    if (can(daemon, 'tellingAgain')) {
      await world.ask({ command: 'clear', neighbour: THEIRS[4], soft: 'in' });
      await world.is('told again', ({ receivedUpdates }) => receivedUpdates > before.receivedUpdates);
    }
    if (can(daemon, 'askingAgain')) {
      const count = peer.updates();
      peer.askAgain();
      await eventually('the daemon to be told again', () => peer.updates() > count || undefined);
    }
    await world.learns(OWN[4]);
    await theyHave(peer, OUR_PREFIX[4], some);
    const { flaps, state } = await world.neighbour();
    assert.deepEqual({ flaps, state }, { flaps: before.flaps, state: 'Established' });
  });

  await context.test('a session that a person shuts down takes its routes along', async () => {
    await world.ask({ command: 'shutdown', neighbour: THEIRS[4], reason: 'new line card' });
    if (peer.wasToldWhy !== undefined) {
      await eventually('the daemon to know why', () => peer.wasToldWhy!('new line card') || undefined);
    }
    await theyHave(peer, OUR_PREFIX[4], none);
    await world.forgets(OWN[4]);
    await eventually(
      'the kernel to forget all',
      () => (!kernelHas(world, OWN[4]) && !kernelHas(world, OWN[6])) || undefined,
    );
    await world.ask({ command: 'enable', neighbour: THEIRS[4] });
    await world.established();
    await world.learns(OWN[4]);
    await theyHave(peer, OUR_PREFIX[4], some);
  });

  if (can(daemon, 'gracefulRestart')) {
    await context.test('its routes stay in use while it restarts', async () => {
      const killed = peer.process();
      await end(killed, () => killed.kill('SIGKILL'));
      await world.is('down', ({ state }) => state !== 'Established');
      const kept = await world.learns(OWN[4], ({ isStale }) => isStale);
      assert.equal(kept.isBest, true);
      assert.ok(kernelHasBoth(world), kernel(world));
      await peer.start();
      await world.established();
      const isFresh = ({ isStale }: RouteReport) => !isStale;
      for (const prefix of [OWN[4], OWN[6]]) await world.learns(prefix, isFresh);
      await theyHave(peer, OUR_PREFIX[4], some);
    });
  }

  if (can(daemon, 'helpingToRestart')) {
    await context.test('it keeps our routes while we restart', async () => {
      await world.stop('SIGKILL');
      await eventually('the daemon to miss us', () => !peer.isEstablished() || undefined);
      for (const prefix of [OUR_PREFIX[4], OUR_PREFIX[6]]) assert.ok(some(await peer.paths(prefix)), prefix);
      await world.route('holdTime: 3');
      await world.established();
      await world.learns(OWN[6]);
      await theyHave(peer, OUR_PREFIX[6], some);
    });
  } else {
    await world.stop('SIGTERM');
    await world.route('holdTime: 3');
    await world.established();
  }

  await context.test('one that stands still without a word is given up when the hold time is over', async (inner) => {
    const { flaps } = await world.established();
    const stopped = processesOf(peer.process().pid!);
    const fromMs = performance.now();
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    try {
      const silent = await world.is('down', (report) => report.state !== 'Established' && report.flaps > flaps);
      const tookMs = performance.now() - fromMs;
      assert.deepEqual(silent.lastCode, [4, 0]);
      assert.match(silent.lastError!, /hold timer expired/);
      // From the last word on, which was before it stood still: KEEPALIVEs come every second (RFC 4271 §4.4).
      inner.diagnostic(`given up ${Math.round(tookMs)} ms after it was stopped, with a hold time of 3 s`);
      assert.ok(tookMs <= 3_000 + LATE_MS, `given up after ${tookMs} ms`);
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
  });
}

async function agreements(context: TestContext, daemon: BgpDaemon): Promise<void> {
  const has = (feature: Feature) => can(daemon, feature);
  const world = new BgpWorld(context, `${daemon.name.toLowerCase()}b`);
  const peer = await daemon.start(world, {
    ...(has('md5') ? { password: 'correct-horse' } : {}),
    ...{ hasTtlSecurity: has('ttlSecurity'), hasAddPath: has('addPath'), isProvider: has('roles') },
  });
  const options = [
    ...(has('md5') ? ['password: correct-horse'] : []),
    ...(has('ttlSecurity') ? ['ttlSecurity: true'] : []),
    ...(has('addPath') ? ['addPath: both'] : []),
    ...(has('roles') ? ['role: customer'] : []),
  ];
  await world.route(['holdTime: 30', ...options].join(', '));
  world.thirdSpeaks();
  await context.test(
    `the session comes up ${signed(has('md5'), has('ttlSecurity'))}, and routes go both ways`,
    async () => {
      await world.established();
      for (const prefix of [OWN[4], OWN[6]]) await world.learns(prefix);
      for (const prefix of [OUR_PREFIX[4], OUR_PREFIX[6]]) await theyHave(peer, prefix, some);
    },
  );

  if (has('roles')) {
    await context.test('roles: it is our provider, so its routes are for our customers only', async () => {
      assert.equal((await world.neighbour()).role, 'provider');
      // RFC 9234 §5: whoever comes first sets it.
      for (const prefix of [OWN[4], OWN[6]]) {
        const { attributes } = await world.learns(prefix);
        assert.equal(attributes['only-to-customer'] ?? attributes.otc, AS.theirs);
      }
    });
  }
  if (has('addPath')) {
    await context.test('several paths: it has both of ours, and we tell its own apart', async () => {
      for (const prefix of [OWN[4], OWN[6]]) assert.notEqual((await world.learns(prefix)).pathId, 0);
      const both = await theyHave(peer, OUR_PREFIX[4], (paths) => paths.length === 2);
      assert.deepEqual(both.map(({ asPath }) => asPath).sort(), [`${AS.ours}`, `${AS.ours} ${AS.thirds}`]);
      await world.ask({ command: 'shutdown', neighbour: THIRDS[4] });
      await theyHave(peer, OUR_PREFIX[4], (paths) => paths.length === 1);
      await theyHave(peer, OUR_PREFIX[6], some);
    });
  }
}

async function watched(context: TestContext, daemon: BgpDaemon): Promise<void> {
  const world = new BgpWorld(context, `${daemon.name.toLowerCase()}c`);
  await daemon.start(world, { hasBfd: true });
  // What is said of the end must stay to be read while the wire is cut: nobody answers then.
  await world.route('holdTime: 600, connectRetry: 20, bfd: true');
  const isWatched = (report: NeighbourReport) => report.state === 'Established' && bfdOf(report) === 'up';
  await world.is('watched', isWatched);
  await world.learns(OWN[4]);
  const before = (await world.neighbour()).flaps;
  const cutMs = world.cut(world.ours, world.theirs);
  const down = await world.is('down', ({ state, flaps }) => state !== 'Established' && flaps > before);
  const tookMs = Date.now() - cutMs;
  assert.deepEqual(down.lastCode, [6, 10], 'RFC 9384');
  // RFC 5880 §6.8.4: its multiplier times the slower of what it sends and we take.
  context.diagnostic(`down ${tookMs} ms after the cut, with a detection time of ${DETECTION_MS} ms`);
  assert.ok(tookMs <= DETECTION_MS + LATE_MS, `down after ${tookMs} ms`);
  await world.forgets(OWN[4]);
  world.restore(world.ours, world.theirs);
  await world.is('watched again', isWatched);
  await world.learns(OWN[4]);

  await world.ask({ command: 'shutdown', neighbour: THEIRS[4] });
  await world.is('watched no longer', (report) => bfdOf(report) === null);
  await world.ask({ command: 'enable', neighbour: THEIRS[4] });
  await world.is('watched again', isWatched);
}

/** The host adds to a report how BFD is. */
function bfdOf(report: NeighbourReport): string | null {
  return (report as NeighbourReport & { readonly bfd: string | null }).bfd;
}

function signed(isSigned: boolean, isFromOneHop: boolean): string {
  const words = [...(isSigned ? ['signed with MD5'] : []), ...(isFromOneHop ? ['from one hop away only'] : [])];
  return words.join(' and ') || 'with what was agreed on';
}

function kernel(world: BgpWorld): string {
  return world.kernel(4) + world.kernel(6);
}

function kernelHas(world: BgpWorld, prefix: string): boolean {
  return kernel(world).includes(prefix);
}

function kernelHasBoth(world: BgpWorld): boolean {
  const text = kernel(world);
  return text.includes(`${OWN[4]} via ${THEIRS[4]}`) && text.includes(`${OWN[6]} via ${THEIRS[6]}`);
}
