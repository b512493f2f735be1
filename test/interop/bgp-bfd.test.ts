/** BFD of the speaker by itself beside a daemon that has none. Where it has: `bgp-daemons.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NeighbourReport } from '@patronus/bgp';
import { bird } from './bgp-daemons/bird.ts';
import { OWN } from './bgp-daemons/daemon.ts';
import { BgpWorld } from './fixtures/bgpWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const bfdOf = (report: NeighbourReport) => (report as NeighbourReport & { readonly bfd: string | null }).bfd;

test('BIRD without BFD: a session that BFD never saw up is left alone', { skip: skipWithoutRoot }, async (context) => {
  const world = new BgpWorld(context, 'nobfd');
  await bird.start(world, {});
  await world.route('holdTime: 30, bfd: { interval: 50, multiplier: 3 }');
  await world.is('up', ({ state }) => state === 'Established');
  await world.learns(OWN[4]);
  const report = await world.is('told as unwatched', (one) => bfdOf(one) === 'down');
  assert.deepEqual([report.state, report.flaps], ['Established', 0]);
});
