/** Gateways that speak BGP: what a router of one site says reaches the routers of the others, within what is allowed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, describe, test } from 'node:test';
import {
  allowanceOf,
  bgpOf,
  dump,
  established,
  kernelRoutes,
  neighbourOf,
  neighbourOf6,
  patient,
  SiteRouter,
  withBgp,
} from './fixtures/bgpSites.ts';
import { buildWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { end } from './fixtures/ending.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, skipWithoutRoot } from './ownNamespace.ts';

describe('gateways that speak BGP', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('routes of a router reach the routers of another site, and go within a second, without a controller', async (context) => {
    const world = await buildWorld(context, 2);
    const { controller, gateways } = world;
    const [berlin, london] = gateways as [Gateway, Gateway];
    const [one, two] = gateways.map((gateway) => new SiteRouter(context, gateway)) as [SiteRouter, SiteRouter];
    controller.remodel = withBgp({
      neighbours: [neighbourOf(one), neighbourOf(two), neighbourOf6(one), neighbourOf6(two)],
      allowances: [
        ...[allowanceOf('edge1', one.network), allowanceOf('edge1', one.network6, { longest: 64 })],
        ...[allowanceOf('edge2', two.network), allowanceOf('edge2', two.network6, { longest: 64 })],
      ],
    });
    for (const gateway of gateways) gateway.start(['--token', controller.token(gateway.id), ...patient]);
    await one.start({ more: ['192.168.77.0/24'] });
    await two.start();
    try {
      await established(world, berlin, 3);
      await established(world, london, 3);

      await context.test(
        'they are in kernels and with the routers there, and hosts behind routers reach each other',
        async () => {
          await eventually('London’s router to know Berlin’s network', () => two.knows(one.network) || undefined);
          await eventually('Berlin’s router to know London’s network', () => one.knows(two.network) || undefined);
          assert.match(kernelRoutes(london), /172\.20\.1\.0\/24 dev patronus0/);
          assert.match(kernelRoutes(berlin), /172\.20\.1\.0\/24 via 10\.1\.0\.2 dev ptlan/);
          await eventually('hosts to reach each other', () => one.reaches(two) || undefined);
          assert.ok(two.knows('10.1.0.0/24'), 'LANs of other sites are told too');
        },
      );

      await context.test('IPv6 of the routers passes by the same sessions between the gateways', async () => {
        await eventually('London’s router to know Berlin’s network', () => two.knows(one.network6) || undefined);
        await eventually('Berlin’s router to know London’s network', () => one.knows(two.network6) || undefined);
        assert.match(kernelRoutes(london, 6), /fd20:1::\/64 dev patronus0/);
        assert.match(kernelRoutes(berlin, 6), /fd20:1::\/64 via fd00:1::2 dev ptlan/);
        await eventually('hosts to reach each other', () => one.reaches(two, two.hostAddress6) || undefined);
      });

      await context.test('it listens in the LAN and inside the fabric, each by its interface alone', () => {
        const listening = berlin.run('ss', '-Hltn', 'sport = :179').trim().split('\n');
        const places = listening.map((line) => line.trim().split(/\s+/)[3]);
        assert.deepEqual(places.sort(), ['10.1.0.1%ptlan:179', '100.64.0.1%patronus0:179', '[fd00:1::1]%ptlan:179']);
      });

      await context.test('what the site may not bring stays at the door, and is told', async () => {
        const told = await eventually('the refusal', () => {
          const found = bgpOf(world, berlin)?.neighbours.find(({ refusal }) => refusal !== null);
          return found?.received === 2 ? found : undefined;
        });
        assert.match(told.refusal!, /^192\.168\.77\.0\/24: this site is not allowed to bring it/);
        assert.deepEqual([told.received, told.accepted], [2, 1]);
        assert.ok(!two.knows('192.168.77.0/24'));
        assert.doesNotMatch(kernelRoutes(berlin), /192\.168\.77/);
      });

      await context.test('a forwarder that takes over from one that died is told of what BGP brought', async () => {
        const pid = london.status()!.process.forwarderPid!;
        process.kill(pid, 'SIGKILL');
        await eventually('a successor', () => {
          const now = london.status()?.process.forwarderPid ?? undefined;
          return now !== undefined && now !== pid ? true : undefined;
        });
        await eventually('hosts to reach each other', () => two.reaches(one) || undefined);
      });

      await context.test(
        'with the controller off a withdrawal is in the forwarder of the other site within a second',
        async (inner) => {
          await controller.close();
          const took: number[] = [];
          for (let round = 0; round < 5; round++) {
            await eventually(
              'the route',
              () => /172\.20\.1\.0\/24 dev patronus0/.test(kernelRoutes(london)) || undefined,
            );
            const refused = await forwarderRefuses(london, one.hostAddress);
            const from = performance.now();
            one.say('disable', 'own');
            took.push((await refused.at) - from);
            await eventually('the router', () => !two.knows(one.network) || undefined);
            one.say('enable', 'own');
            await eventually('the route again', () => two.knows(one.network) || undefined);
          }
          inner.diagnostic(`withdrawn after ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`);
          took.sort((a, b) => a - b);
          assert.ok(took[2]! <= 1_000, `the median is ${took[2]} ms`);
          await eventually('hosts to reach each other again', () => one.reaches(two) || undefined);
          await controller.listen();
        },
      );
    } catch (error) {
      dump(world, [one, two]);
      throw error;
    }
  });
});

/**
 * When the forwarder first says that no route leads there, past the kernel's tables: packets are put into the TUN itself, and
 * its answer is seen as it comes out. Answers with a promise once it is watched.
 */
async function forwarderRefuses(gateway: Gateway, address: string): Promise<{ readonly at: Promise<number> }> {
  const inside = (command: string[], stdio: 'ignore' | 'pipe') =>
    spawn('ip', ['netns', 'exec', gateway.namespace, ...command], { stdio: ['ignore', stdio, 'pipe'] });
  const filter = 'icmp[icmptype] == icmp-unreach';
  const watcher = inside(['tcpdump', '-l', '-n', '--immediate-mode', '-Q', 'in', '-i', 'patronus0', filter], 'pipe');
  await new Promise<void>((resolve) => watcher.stderr!.on('data', (text) => /listening/.test(text) && resolve()));
  const pings = inside(['ping', '-q', '-i', '0.01', '-I', 'patronus0', address], 'ignore');
  const stop = () => Promise.all([watcher, pings].map((child) => end(child, () => child.kill('SIGKILL'))));
  const at = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      void stop().then(() => reject(new Error('the forwarder never refused')));
    }, 20_000);
    watcher.stdout!.once('data', () => {
      const now = performance.now();
      clearTimeout(timer);
      void stop().then(() => resolve(now));
    });
  });
  return { at };
}
