/** What an edge does with configurations it must not run: refused, or given up by itself (hardening, attack 16, fault 13). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildTwoSites, buildWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { TestController } from './fixtures/testController.ts';
import { eventually as patiently } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

describe('configurations', { skip: skipWithoutRoot }, () => {
  test('bad ones are refused and the last good one keeps running', async (context) => {
    enterOwnNamespace();
    const { controller, berlin, london } = await buildTwoSites(context);
    controller.isPublishing = false;
    const id = berlin.id;
    const good = controller.edge(id).configuration!;
    const { sequence } = good.version;

    /** Sends it, and gives the answer. */
    const answerTo = async (signed: ReturnType<typeof controller.sign>) => {
      const before = controller.heard(id, 'returned').length;
      controller.send(id, signed);
      await eventually('an answer', () => controller.heard(id, 'returned').length > before);
      const answer = controller.heard(id, 'returned').at(-1)!;
      assert.equal(answer.running?.sequence, sequence, 'the last good one runs');
      return answer.code;
    };

    await context.test('a signature that is not the controller’s', async () => {
      const signed = controller.sign(controller.next(id));
      assert.equal(
        await answerTo({ ...signed, payload: signed.payload.replace('10.2.0.0/24', '10.3.0.0/24') }),
        'BAD_SIGNATURE',
      );
      assert.equal(await answerTo({ ...signed, signature: Buffer.alloc(64).toString('base64') }), 'BAD_SIGNATURE');
    });
    await context.test('an older number', async () => {
      const older = { ...good, version: { epoch: 1, sequence: 1 } };
      assert.equal(await answerTo(controller.sign(older)), 'OLDER_VERSION');
    });
    await context.test('the same number with other words', async () => {
      assert.equal(await answerTo(controller.sign({ ...good, mtu: 1300 })), 'SAME_VERSION_DIFFERS');
    });
    await context.test('another edge’s', async () => {
      assert.equal(await answerTo(controller.sign(controller.next(london.id))), 'WRONG_EDGE');
    });
    await context.test('one that names things that are not there', async () => {
      assert.equal(await answerTo(controller.sign(controller.next(id, { uplinks: [] }))), 'NOT_CONSISTENT');
    });
    await context.test('and traffic passes all the while', () => {
      assert.ok(berlin.reaches(london));
      assert.equal(berlin.status()?.configuration.running, `1.${sequence}`);
    });

    await context.test('one that cuts the edge off from its controller is given up by itself', async () => {
      const before = controller.heard(id, 'returned').length;
      const bad = controller.sign(controller.next(id, { controllers: ['192.0.2.99:8444'] }));
      controller.send(id, bad);
      await eventually('it is on trial', () => berlin.status()?.configuration.isOnTrial === true);
      assert.ok(berlin.reaches(london), 'traffic passes while it is on trial');
      await eventually('it is back', () => controller.heard(id, 'returned').length > before);
      const returned = controller.heard(id, 'returned').at(-1)!;
      assert.equal(returned.code, 'TRIAL_FAILED');
      assert.match(returned.reason, /could not be reached \(192\.0\.2\.99:8444\)/);
      assert.equal(berlin.status()?.configuration.running, `1.${sequence}`);
      assert.equal(await answerTo(bad), 'TRIAL_FAILED', 'and it is not tried again at once');
      assert.ok(berlin.reaches(london));
    });

    await context.test('one that leads to somebody else’s controller is given up as well', async (inner) => {
      const stranger = await TestController.start(['192.0.2.1'], [berlin.plan]);
      inner.after(() => stranger.close());
      const before = controller.heard(id, 'returned').length;
      controller.send(id, controller.sign(controller.next(id, { controllers: stranger.controllers })));
      await eventually('it is back', () => controller.heard(id, 'returned').length > before);
      assert.equal(controller.heard(id, 'returned').at(-1)!.code, 'TRIAL_FAILED');
      assert.deepEqual(stranger.edge(id).heard, [], 'the stranger heard nothing');
    });

    await context.test('a sound one is confirmed over a fresh connection, and outlives a restart', async () => {
      const { connections } = controller.edge(id);
      const next = controller.next(id, { mtu: 1340 });
      controller.send(id, controller.sign(next));
      const isConfirmed = () => controller.heard(id, 'confirmed').at(-1)?.version.sequence === next.version.sequence;
      await eventually('it is confirmed', isConfirmed);
      assert.equal(controller.edge(id).connections, connections + 1);
      assert.match(berlin.ip('link', 'show', 'patronus0'), /mtu 1340/);
      await berlin.end('SIGKILL');
      berlin.start();
      await eventually('it runs it', () => berlin.status()?.configuration.lastGood === `1.${next.version.sequence}`);
      await eventually('it forwards', () => berlin.reaches(london));
    });
  });

  test('an edge whose very first one is given up comes up with the next', async (context) => {
    enterOwnNamespace();
    const { controller, gateways } = await buildWorld(context, 2);
    controller.rewrite = (configuration) =>
      configuration.edge.id === 'edge1' ? { ...configuration, controllers: ['192.0.2.99:8444'] } : configuration;
    for (const gateway of gateways) gateway.start(['--token', controller.token(gateway.id)]);
    await patiently('it to be given up', () => controller.heard('edge1', 'returned').length > 0 || undefined);
    assert.equal(controller.heard('edge1', 'returned')[0]!.running, null);
    controller.rewrite = (configuration) => configuration;
    controller.publish();
    const [berlin, london] = gateways as [Gateway, Gateway];
    // Pings hold up this process, and with it the controller: not before it has done its part.
    await patiently('it to be confirmed', () => controller.heard('edge1', 'confirmed').length > 0 || undefined);
    await patiently('both to reach each other', () => berlin.reaches(london) || undefined);
  });
});
