/** BGP of a whole fabric: two gateways of one site, a prefix that two sites share, a site that reflects; and what changes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { BgpAllowance, BgpNeighbour } from '@patronus/fabric';
import {
  allowanceOf,
  atOneSite,
  bgpOf,
  dump,
  established,
  kernelRoutes,
  neighbourOf,
  patient,
  SiteRouter,
  withBgp,
} from './fixtures/bgpSites.ts';
import { buildWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, skipWithoutRoot } from './ownNamespace.ts';

const SHARED = '172.30.0.0/24';
const LATER = '172.21.3.0/24';

/** Berlin has two gateways and one router beside both; Tokyo reflects. */
async function build(context: TestContext) {
  enterOwnNamespace();
  const world = await buildWorld(context, 4);
  const { controller, gateways } = world;
  const [berlin, berlin2, london, tokyo] = gateways as [Gateway, Gateway, Gateway, Gateway];
  const one = new SiteRouter(context, berlin, berlin2);
  const three = new SiteRouter(context, london);
  const four = new SiteRouter(context, tokyo);
  const allowances = [
    ...[allowanceOf('edge1', one.network), allowanceOf('edge1', SHARED, { preference: 20 })],
    ...[allowanceOf('edge3', three.network), allowanceOf('edge3', SHARED, { preference: 10 })],
    allowanceOf('edge4', four.network),
  ];
  const neighbours = [...[neighbourOf(one), neighbourOf(one, {}, berlin2), neighbourOf(three), neighbourOf(four)]];
  const together = atOneSite(berlin, berlin2);
  /** What the controller wants from here on. */
  const want = (change: { allowances?: readonly BgpAllowance[]; neighbours?: readonly BgpNeighbour[] }) => {
    const bgp = withBgp({ reflectors: ['site-edge4'], neighbours, allowances, ...change });
    controller.remodel = (model) => bgp(together(model));
  };
  want({});
  for (const gateway of gateways) gateway.start(['--token', controller.token(gateway.id), ...patient]);
  await Promise.all([one.start({ more: [SHARED] }), three.start({ more: [SHARED, LATER] }), four.start()]);
  return {
    world,
    controller,
    gateways: { berlin, berlin2, london, tokyo },
    one,
    three,
    four,
    allowances,
    neighbours,
    want,
  };
}

describe('BGP among many gateways', { skip: skipWithoutRoot }, () => {
  test('gateways of one site, shared prefixes and reflectors do what they are there for, and changes end no session', async (context) => {
    const { world, controller, gateways, one, three, four, allowances, neighbours, want } = await build(context);
    const { berlin, berlin2, london, tokyo } = gateways;
    const all = [berlin, berlin2, london, tokyo];
    /** The edge behind which a gateway has a prefix, as it last told. */
    const originAt = (gateway: Gateway, prefix: string) =>
      bgpOf(world, gateway)?.routes.find((route) => route.prefix === prefix)?.originEdgeId;
    const allUp = () =>
      Promise.all([
        ...[established(world, berlin, 2), established(world, berlin2, 2), established(world, london, 2)],
        established(world, tokyo, 4),
      ]);
    try {
      await allUp();

      await context.test(
        'what is reflected leads straight to where it came from, by either gateway of the site',
        async () => {
          await eventually('London’s router to know Berlin’s network', () => three.knows(one.network) || undefined);
          await eventually('Berlin’s router to know London’s network', () => one.knows(three.network) || undefined);
          await eventually('the origin', () => /^edge[12]$/.test(originAt(london, one.network) ?? '') || undefined);
          await eventually('hosts to reach each other', () => one.reaches(three) || undefined);
          for (const gateway of [berlin, berlin2])
            assert.match(kernelRoutes(gateway), /172\.20\.1\.0\/24 via 10\.[12]\.0\.2/);
          const fabric = bgpOf(world, london)!.fabric.map(({ id }) => id);
          assert.deepEqual(fabric, ['edge4'], 'a session with the reflector alone');
        },
      );

      await context.test(
        'a prefix that two sites share leads to the preferred one, and to the other when that is gone',
        async () => {
          await eventually('London', () => originAt(tokyo, SHARED) === 'edge3' || undefined);
          assert.match(kernelRoutes(berlin), /172\.30\.0\.0\/24 via 10\.1\.0\.2/, 'at home the own router comes first');
          three.say('disable', 'more');
          await eventually('Berlin', () => /^edge[12]$/.test(originAt(tokyo, SHARED) ?? '') || undefined);
          await eventually('Berlin, from London', () => /^edge[12]$/.test(originAt(london, SHARED) ?? '') || undefined);
          three.say('enable', 'more');
          await eventually('London again', () => originAt(tokyo, SHARED) === 'edge3' || undefined);
        },
      );

      await context.test('what is allowed later is taken then, and no session notices', async () => {
        assert.ok(!one.knows(LATER));
        const before = sessionsOf(all.map((gateway) => bgpOf(world, gateway)));
        const more = neighbours.map((one) => ({ ...one, maxPrefixes: 200 }));
        want({ allowances: [...allowances, allowanceOf('edge3', LATER)], neighbours: more });
        controller.publish();
        await eventually('Berlin’s router to know of it', () => one.knows(LATER) || undefined);
        want({ allowances, neighbours: more });
        controller.publish();
        await eventually('Berlin’s router to know of it no longer', () => !one.knows(LATER) || undefined);
        assert.deepEqual(sessionsOf(all.map((gateway) => bgpOf(world, gateway))), before);
      });

      await context.test('a router that brings too much is cut off with a word, and is back when it may', async () => {
        const limited = (maxPrefixes: number) =>
          neighbours.map((one) => (one.edgeId === 'edge3' ? { ...one, maxPrefixes } : { ...one, maxPrefixes: 200 }));
        want({ neighbours: limited(2) });
        controller.publish();
        await eventually('the cut', () => {
          // The limit is looked at with the next word of the router.
          three.say('reload', 'out', 'edge3');
          return bgpOf(world, london)?.neighbours[0]?.overLimit ?? undefined;
        });
        await eventually('Berlin’s router to forget', () => !one.knows(three.network) || undefined);
        want({ neighbours: limited(10) });
        controller.publish();
        await eventually('Berlin’s router to know again', () => one.knows(three.network) || undefined);
        assert.equal(
          bgpOf(world, tokyo)!.fabric.every(({ flaps }) => flaps === 0),
          true,
        );
      });

      await context.test('when the gateway in use is killed, the other one of its site is used', async (inner) => {
        const used = originAt(london, one.network) === 'edge1' ? berlin : berlin2;
        const from = performance.now();
        await used.end('SIGKILL');
        await eventually('hosts to reach each other by the other one', () => three.reaches(one) || undefined);
        inner.diagnostic(`reached again ${Math.round(performance.now() - from)} ms after the kill`);
        const other = used === berlin ? 'edge2' : 'edge1';
        await eventually('the other origin', () => originAt(london, one.network) === other || undefined);
        used.start(patient);
        await allUp();
      });
    } catch (error) {
      dump(world, [one, three, four]);
      throw error;
    }
  });

  test('a signed session, and BFD that ends it as soon as the router hangs', async (context) => {
    enterOwnNamespace();
    const world = await buildWorld(context, 1);
    const { controller, gateways } = world;
    const [berlin] = gateways as [Gateway];
    const router = new SiteRouter(context, berlin);
    const key = 'correct horse battery';
    const neighbour = neighbourOf(router, { key, gtsm: true, bfd: true, holdSeconds: 90 });
    controller.remodel = withBgp({ neighbours: [neighbour], allowances: [allowanceOf('edge1', router.network)] });
    berlin.start(['--token', controller.token(berlin.id), ...patient]);
    const options = `password "${key}"; ttl security on; bfd on; hold time 90;`;
    const others = 'protocol bfd { interface "ptlan*" { interval 100 ms; multiplier 3; }; }';
    await router.start({ options, others });
    const session = () => bgpOf(world, berlin)?.neighbours[0];
    const bfdIsUp = () => controller.heard('edge1', 'telemetry').at(-1)?.bfdPeers?.[0]?.session.state === 'up';
    try {
      await established(world, berlin, 1);
      await eventually('the route', () => /172\.20\.1\.0\/24 via 10\.1\.0\.2/.test(kernelRoutes(berlin)) || undefined);
      await eventually('BFD', () => bfdIsUp() || undefined);
      // Both ends call at once when they start, which may have cost a session already.
      const { flaps } = session()!;
      const fromMs = performance.now();
      router.signal('SIGSTOP');
      await eventually('the route to go', () => !/172\.20\.1\.0/.test(kernelRoutes(berlin)) || undefined);
      const tookMs = performance.now() - fromMs;
      context.diagnostic(`the route went ${Math.round(tookMs)} ms after the router was stopped`);
      // Three packets of the 300 ms that the gateway asks for (RFC 5880 §6.8.4), and what a busy machine may be late by.
      assert.ok(tookMs <= 900 + 1_000, `${tookMs} ms`);
      const down = await eventually('the end', () => (session()!.flaps > flaps ? session() : undefined));
      assert.match(down.lastError!, /BFD says that the peer is gone/);
      router.signal('SIGCONT');
      await established(world, berlin, 1);
      await eventually('the route again', () => /172\.20\.1\.0\/24 via/.test(kernelRoutes(berlin)) || undefined);
      const said =
        berlin.output + JSON.stringify(berlin.status()) + JSON.stringify(controller.heard('edge1', 'telemetry'));
      assert.ok(!said.includes(key), 'the key is nowhere');
    } catch (error) {
      // It is asked what it knows, which one that stands still never tells.
      router.signal('SIGCONT');
      dump(world, [router]);
      throw error;
    }
  });
});

/** Which sessions there are, and since when. */
function sessionsOf(told: readonly ReturnType<typeof bgpOf>[]) {
  return told.map((bgp) =>
    [...(bgp?.neighbours ?? []), ...(bgp?.fabric ?? [])].map(({ id, state, sinceMs, flaps }) => [
      id,
      state,
      sinceMs,
      flaps,
    ]),
  );
}
