/** A site with two gateways, one of which loses its LAN while its tunnels stay up: others go by the other one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Model } from '@patronus/fabric';
import { atOneSite, patient, SiteRouter } from './fixtures/bgpSites.ts';
import { buildWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

/** Several times what a wrong state would last. */
const STANDS_MS = 8_000;

test('each gateway of a site is asked for the LAN by itself, and the one that has lost it is passed by', {
  skip: skipWithoutRoot,
}, async (context) => {
  enterOwnNamespace();
  const world = await buildWorld(context, 3);
  const { controller, gateways } = world;
  const [berlin, berlin2, london] = gateways as [Gateway, Gateway, Gateway];
  const router = new SiteRouter(context, berlin, berlin2);
  for (const gateway of [berlin, berlin2]) gateway.ip('route', 'add', router.network, 'via', router.addressAt(gateway));
  // Answers come by the second gateway, whichever way the question took.
  ip('-n', router.namespace, 'route', 'add', 'default', 'via', berlin2.lanAddress);
  const together = atOneSite(berlin, berlin2);
  const withHost = (model: Model): Model => ({
    ...model,
    sites: model.sites.map((site) =>
      site.id === 'site-edge1'
        ? {
            ...site,
            prefixes: [...site.prefixes, { segment: 0, prefix: router.network }],
            reachProbe: router.hostAddress,
          }
        : site,
    ),
  });
  controller.remodel = (model) => withHost(together(model));
  for (const gateway of gateways) gateway.start(['--token', controller.token(gateway.id), ...patient]);
  /** Of each gateway of Berlin, as London last told. */
  const states = () => {
    const reach = controller.heard(london.id, 'telemetry').findLast((told) => told.reach !== undefined)?.reach ?? [];
    return Object.fromEntries(reach.map(({ edgeId, state }) => [edgeId, state]));
  };
  const are = (edge1: string, edge2: string) =>
    eventually(`the first ${edge1}, the second ${edge2}`, () =>
      states().edge1 === edge1 && states().edge2 === edge2 ? true : undefined,
    );
  const isReached = () => {
    try {
      london.run('ping', '-c', '1', '-W', '1', '-I', london.lanAddress, router.hostAddress);
      return true;
    } catch {
      return undefined;
    }
  };
  try {
    await are('up', 'up');
    await eventually('the host', isReached);
    berlin.ip('link', 'set', 'ptr1', 'down');
    const from = performance.now();
    await eventually('the host, by the other gateway', isReached);
    context.diagnostic(`reached again ${Math.round(performance.now() - from)} ms after the LAN was lost`);
    await are('down', 'up');
    assert.match(london.output, /172\.20\.1\.10 behind edge1 does not answer although a tunnel there is up/);
    // Asked through the second gateway, the first would seem to answer again after three answers and a second.
    await pause(STANDS_MS);
    assert.deepEqual([states().edge1, states().edge2], ['down', 'up']);
    assert.doesNotMatch(london.output, /answers again|behind edge2 does not answer/);
    berlin.ip('link', 'set', 'ptr1', 'up');
    await are('up', 'up');
    assert.ok(await eventually('the host', isReached));
  } catch (error) {
    for (const { id, output } of gateways) console.error(`${id}:\n${output}`);
    console.error(JSON.stringify(states()));
    throw error;
  }
});
