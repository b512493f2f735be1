/** Two edges with their forwarders: traffic passes, without the controller too, and never beside the tunnels. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { before, describe, type TestContext, test } from 'node:test';
import { buildTwoSites, type Gateway, settle, uplinkNames } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

/** Counts packets for the other site's LAN that leave by an uplink as they are. */
function watchForLeaks(gateway: Gateway, prefix: string): () => number {
  const uplinks = uplinkNames.map((name) => `"${name}"`).join(', ');
  gateway.run('nft', 'add table inet ptwatch');
  gateway.run('nft', 'add chain inet ptwatch out { type filter hook postrouting priority 0; }');
  gateway.run('nft', `add rule inet ptwatch out oifname { ${uplinks} } ip daddr ${prefix} counter`);
  return () => Number(/counter packets (\d+)/.exec(gateway.run('nft', 'list', 'chain', 'inet', 'ptwatch', 'out'))?.[1]);
}

/** Pings on and on, whatever the answer. */
function keepPinging(context: TestContext, from: Gateway, to: Gateway): ChildProcess {
  const command = `while :; do ping -q -c 1 -W 0.1 -I ${from.lanAddress} ${to.lanAddress}; sleep 0.02; done`;
  const child = spawn('ip', ['netns', 'exec', from.namespace, 'sh', '-c', command], { stdio: 'ignore' });
  context.after(() => child.kill('SIGKILL'));
  return child;
}

describe('edges that forward', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('two sites forward, fail over, survive the controller and a kill, and never leak', async (context) => {
    const world = await buildTwoSites(context, ['--supervise']);
    const { controller, berlin, london } = world;
    const status = () => berlin.status();

    await context.test('the status tells identity, uplinks, tunnels and decisions, and no secret', async () => {
      await eventually(
        'four tunnels are up',
        () => status()?.tunnels.filter(({ state }) => state === 'up').length === 4,
      );
      // Tunnels come up while a configuration is still on trial, which makes a fresh connection to the controller.
      await eventually('the controller is connected', () => status()?.controller.state === 'connected');
      const shown = status()!;
      assert.equal(shown.edge.id, 'edge1');
      assert.equal(shown.controller.state, 'connected');
      assert.deepEqual(
        shown.uplinks.map(({ label, isUp, addresses }) => [label, isUp, addresses]),
        [
          ['internet', true, ['198.18.1.2']],
          ['lte', true, ['198.19.1.2']],
        ],
      );
      assert.ok(shown.decisions.length > 0);
      assert.doesNotMatch(JSON.stringify(shown), /PRIVATE|privateKey/);
      assert.doesNotMatch(berlin.output + london.output, /PRIVATE|privateKey|"secret"/);
    });

    await context.test('telemetry reaches the controller, and says which tunnel is used', () =>
      eventually('telemetry', () =>
        controller
          .heard('edge1', 'telemetry')
          .some(({ tunnels }) => tunnels.some(({ active, state }) => active && state === 'up')),
      ),
    );

    await context.test('a killed edge leaves nothing to the default route, and forwards again', async (inner) => {
      const leaked = watchForLeaks(berlin, '10.2.0.0/24');
      keepPinging(inner, berlin, london);
      const killedAt = performance.now();
      process.kill(status()!.process.pid, 'SIGKILL');
      await eventually('the fabric refuses', () => !berlin.ip('route', 'show', 'table', '51800').includes('patronus0'));
      assert.match(berlin.ip('route', 'get', '8.8.8.8'), /ptinternet/, 'the default route is there to be tempting');
      await eventually('it forwards again', () => berlin.reaches(london));
      inner.diagnostic(`forwarding ${Math.round(performance.now() - killedAt)} ms after the kill`);
      assert.equal(leaked(), 0);
    });

    await context.test('a killed forwarder is replaced over the same descriptors', async () => {
      await eventually('the edge answers', () => (status()?.process.forwarderPid ?? null) !== null);
      const before = status()!;
      process.kill(before.process.forwarderPid!, 'SIGKILL');
      await eventually('a successor', () => {
        const pid = status()?.process.forwarderPid ?? null;
        return pid !== null && pid !== before.process.forwarderPid;
      });
      await eventually('it forwards again', () => berlin.reaches(london));
      assert.equal(status()!.process.pid, before.process.pid);
      await eventually('the controller hears of it', () =>
        controller.heard('edge1', 'notice').some(({ code }) => code === 'FORWARDER_RESTARTED'),
      );
    });

    await context.test('a tunnel that falls silent is left for another uplink', async () => {
      berlin.cut('ptinternet');
      await eventually('traffic moves', () => berlin.reaches(london));
      await eventually('the channel moves', () => status()?.controller.way?.includes('lte') === true);
      berlin.mend();
    });

    await context.test(
      'without the controller a restarted edge forwards from disk, and keeps its reports',
      async () => {
        await controller.close();
        await berlin.end();
        berlin.start(['--supervise']);
        await eventually('it forwards', () => berlin.reaches(london));
        assert.equal(status()?.configuration.running, status()?.configuration.lastGood);
        await eventually('reports wait', () => (status()?.reports.waiting ?? 0) > 0);
        assert.notEqual(status()?.controller.state, 'connected');
        const before = controller.heard('edge1', 'telemetry').length;
        await controller.listen();
        await settle(world);
        await eventually('what waited is told', () => controller.heard('edge1', 'telemetry').length > before);
      },
    );

    await context.test('a full disk stops nothing that forwards, and is told', async () => {
      await berlin.end();
      berlin.fillDisk();
      berlin.start(['--supervise']);
      await eventually('it forwards', () => berlin.reaches(london));
      await eventually('it is told', () => berlin.output.includes('STATE_NOT_WRITABLE'));
      const running = status()!.process.pid;
      berlin.freeDisk();
      await eventually('it connects when there is room', () => status()?.controller.state === 'connected');
      assert.equal(status()!.process.pid, running, 'without a restart');
    });

    await context.test('a stopped edge fails closed, and only uninstalling opens', async () => {
      const { configuration } = status()!;
      assert.notEqual(configuration.lastGood, null);
      await berlin.end();
      const left = berlin.ip('route', 'show', 'table', '51800');
      assert.match(left, /unreachable 10\.2\.0\.0\/24/);
      assert.doesNotMatch(left, /patronus0/);
      assert.match(berlin.ip('rule'), /5180:\tfrom all lookup 51800/);
      assert.doesNotMatch(berlin.ip('rule'), /5170|5185/);
      assert.throws(() => berlin.ip('route', 'get', london.lanAddress), /No route to host/);
      const printed = berlin.run(process.execPath, edgeMain, 'uninstall', '--wipe', '--state', berlin.state);
      assert.match(printed, /Removed \d+ routes and 2 rules, identity, keys and configuration/);
      assert.doesNotMatch(berlin.ip('rule'), /51800/);
      assert.match(berlin.ip('route', 'get', london.lanAddress), /ptinternet/);
    });
  });
});

const edgeMain = new URL('../../apps/edge/main.ts', import.meta.url).pathname;
