/** BFD that watches over neighbours of the speaker by itself (RFC 5882, 9384), beside BIRD's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NeighbourReport } from '@patronus/bgp';
import { bird } from './bgp-daemons/bird.ts';
import { OWN } from './bgp-daemons/daemon.ts';
import { BgpWorld, THEIRS } from './fixtures/bgpWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const bfdOf = (report: NeighbourReport) => (report as NeighbourReport & { readonly bfd: string | null }).bfd;
const isUp = (report: NeighbourReport) => report.state === 'Established' && bfdOf(report) === 'up';

test('BIRD: a silent wire ends the session by BFD, long before its hold time, and both come back', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BgpWorld(context, 'bfd');
  await bird.start(world, { hasBfd: true });
  // Two seconds: a machine that is busy is not gone.
  await world.route('holdTime: 600, bfd: { interval: 400, multiplier: 5 }');
  await world.is('watched', isUp);
  await world.learns(OWN[4]);
  const before = (await world.neighbour()).flaps;
  world.cut(world.ours, world.theirs);
  const down = await world.is('down by BFD', ({ state, flaps }) => state !== 'Established' && flaps > before);
  assert.deepEqual(down.lastCode, [6, 10], 'RFC 9384');
  await world.forgets(OWN[4]);
  world.restore(world.ours, world.theirs);
  await world.is('watched again', isUp);
  await world.learns(OWN[4]);

  await world.ask({ command: 'shutdown', neighbour: THEIRS[4] });
  await world.is('watched no longer', (report) => bfdOf(report) === null);
  await world.ask({ command: 'enable', neighbour: THEIRS[4] });
  await world.is('watched again', isUp);
});

test('BIRD without BFD: a session that BFD never saw up is left alone', { skip: skipWithoutRoot }, async (context) => {
  const world = new BgpWorld(context, 'nobfd');
  await bird.start(world, {});
  await world.route('holdTime: 30, bfd: { interval: 50, multiplier: 3 }');
  await world.is('up', ({ state }) => state === 'Established');
  await world.learns(OWN[4]);
  const report = await world.is('told as unwatched', (one) => bfdOf(one) === 'down');
  assert.deepEqual([report.state, report.flaps], ['Established', 0]);
});
