/** BFD of the speaker by itself beside a daemon that has none, or is gone. Where it has: `bgp-daemons.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NeighbourReport } from '@patronus/bgp';
import { bird } from './bgp-daemons/bird.ts';
import { OWN } from './bgp-daemons/daemon.ts';
import { BgpWorld, THEIRS } from './fixtures/bgpWorld.ts';
import { end } from './fixtures/ending.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const bfdOf = (report: NeighbourReport) => (report as NeighbourReport & { readonly bfd: string | null }).bfd;

test('BIRD without BFD: a session that BFD never saw up is left alone', { skip: skipWithoutRoot }, async (context) => {
  const world = new BgpWorld(context, 'nobfd');
  await bird.start(world, {});
  await world.route('holdTime: 30, bfd: { interval: 50, multiplier: 3 }');
  await world.is('up', ({ state }) => state === 'Established');
  await world.learns(OWN[4]);
  // Ten times as long as silence would take to end it, had it been up.
  const report = await world.is('up for long', ({ upForMs }) => upForMs !== null && upForMs >= 10 * 3 * 50);
  assert.deepEqual([bfdOf(report), report.flaps], ['down', 0]);
});

test('a neighbour that is shut down while its session waits to begin anew is watched no longer', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BgpWorld(context, 'bfdidle');
  const peer = await bird.start(world, {});
  await world.route('holdTime: 30, idleHold: 600, bfd: { interval: 50, multiplier: 3 }');
  await world.is('up', ({ state }) => state === 'Established');
  const killed = peer.process();
  await end(killed, () => killed.kill('SIGKILL'));
  await world.is('idle and watched', (one) => one.state === 'Idle' && bfdOf(one) === 'down');
  await world.ask({ command: 'shutdown', neighbour: THEIRS[4] });
  await world.is('watched no longer', (one) => bfdOf(one) === null);
});
