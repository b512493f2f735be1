/**
 * Paths chosen for real traffic between two edges: a brownout in one direction, a drained uplink, an uplink that flaps
 * (hardening, faults 8 and 9). Windows of a minute are cut to half a second by the configuration.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, describe, type TestContext, test } from 'node:test';
import { type Configuration, type DecisionTelemetry, policySchema } from '@patronus/protocol';
import { replay } from '@patronus/steering';
import { buildTwoSites, type Gateway, settle } from './fixtures/edgeWorld.ts';
import type { TestController } from './fixtures/testController.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

const edgeMain = new URL('../../apps/edge/main.ts', import.meta.url).pathname;
/** Code point of what has to take LTE; ping wants it as the byte it stands in. */
const LTE_CODE_POINT = 8;

/** Dearer than any path that keeps to one kind of uplink: what takes LTE takes it at both ends, and so has no part in internet. */
const MIXED_COST = 1_000;

function withDearMixedPaths(configuration: Configuration): Configuration {
  const kindOf = (uplinkId: string) => uplinkId.split('-')[1];
  const tunnels = configuration.tunnels.map((tunnel) =>
    kindOf(tunnel.uplinkId) === kindOf(tunnel.remote.uplinkId) ? tunnel : { ...tunnel, cost: MIXED_COST },
  );
  return { ...withPolicies(configuration), tunnels };
}

/** Calls may lose 1 % and else take the cheapest path; marked packets take LTE. */
function withPolicies(configuration: Configuration): Configuration {
  const policy = (id: string, match: object, treatment: string) =>
    policySchema.parse({ id, name: id, match, treatment, compression: null });
  return {
    ...configuration,
    slaClasses: [{ id: 'voice', name: 'Voice', roundTripMs: null, jitterMs: null, loss: 0.01, mos: null }],
    treatments: [
      { id: 'calls', slaClassId: 'voice', path: { mode: 'cheapest' } },
      { id: 'lte', slaClassId: null, path: { mode: 'ordered', labels: ['lte'] } },
    ],
    policies: [policy('marked', { dscp: [LTE_CODE_POINT] }, 'lte'), policy('rest', {}, 'calls')],
    steering: { holdMs: 500, longestHoldMs: 500, recoveryMs: 500 },
  };
}

function decisionsOf(controller: TestController, { id }: Gateway, treatment = 'calls'): DecisionTelemetry[] {
  return controller
    .heard(id, 'decisions')
    .flatMap(({ decisions }) => decisions)
    .filter((decision) => decision.treatment === treatment);
}

/** `internet → lte`: what leads now. */
function leadOf(controller: TestController, gateway: Gateway, treatment = 'calls'): string {
  return wordsFor(controller, gateway, decisionsOf(controller, gateway, treatment).at(-1)?.chosen[0]);
}

function wordsFor(controller: TestController, { id }: Gateway, tunnelId: string | undefined): string {
  const tunnel = controller.edge(id).configuration!.tunnels.find((one) => one.id === tunnelId);
  return tunnel === undefined
    ? 'none'
    : [tunnel.uplinkId, tunnel.remote.uplinkId].map((uplink) => uplink.split('-')[1]).join(' → ');
}

/** Packets on and on, until `end`, which answers how many were lost. */
function keepSending(context: Pick<TestContext, 'after'>, from: Gateway, to: Gateway, everyMs: number, codePoint = 0) {
  const options = [
    '-q',
    '-i',
    String(everyMs / 1_000),
    '-Q',
    String(codePoint << 2),
    '-I',
    from.lanAddress,
    to.lanAddress,
  ];
  const child = spawn('ip', ['netns', 'exec', from.namespace, 'ping', ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  context.after(() => child.kill('SIGKILL'));
  return async (): Promise<{ sent: number; lost: number }> => {
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    await gone;
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
    // The last may still be on its way when it is told to stop.
    return { sent: Number(sent), lost: Math.max(0, Number(sent) - Number(received) - 1) };
  };
}

describe('steering', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('paths follow bounds, drains and flapping uplinks, and say why', async (context) => {
    const world = await buildTwoSites(context);
    const { controller, berlin, london } = world;
    controller.rewrite = withPolicies;
    controller.publish();
    await settle(world);
    const areAllUp = () =>
      [berlin, london].every(
        ({ id }) =>
          controller
            .heard(id, 'telemetry')
            .at(-1)
            ?.tunnels.filter(({ state }) => state === 'up').length === 4,
      );
    await eventually('all tunnels are up', areAllUp);
    for (const gateway of [berlin, london]) {
      await eventually(`${gateway.id} leads`, () => leadOf(controller, gateway) === 'internet → internet');
    }

    await context.test('loss on the way there moves the end that sends, and that end alone', async (inner) => {
      const end = keepSending(inner, berlin, london, 4);
      const seen = () => controller.heard(berlin.id, 'telemetry').length;
      const telemetryBefore = seen();
      await eventually('traffic is measured', () => seen() > telemetryBefore + 4);
      london.run('nft', 'add table inet ptloss');
      london.run('nft', 'add chain inet ptloss in { type filter hook prerouting priority -300; }');
      london.run(
        'nft',
        'add rule inet ptloss in iifname "ptinternet" meta l4proto udp numgen random mod 100 < 10 drop',
      );
      const from = performance.now();
      await eventually('Berlin moves', () => leadOf(controller, berlin).endsWith('→ lte'));
      inner.diagnostic(`moved ${Math.round(performance.now() - from)} ms after 10 % of 250 packets a second were lost`);
      const moved = decisionsOf(controller, berlin).findLast(({ rule }) => rule === 'sla-violated');
      assert.match(moved?.reason ?? '', /loses .* where 1 % is allowed/);
      const later = seen();
      await eventually('a while', () => seen() > later + 2);
      assert.deepEqual(
        decisionsOf(controller, london).filter(({ rule }) => rule === 'sla-violated' || rule === 'down'),
        [],
      );
      assert.equal(leadOf(controller, london), 'internet → internet');
      london.run('nft', 'delete table inet ptloss');
      await end();
      await eventually('Berlin is back', () => leadOf(controller, berlin) === 'internet → internet');
    });

    await context.test('the edge explains a flow by itself, and its recording replays', () => {
      const text = berlin.run(
        ...[process.execPath, edgeMain, 'explain', '--state', berlin.state],
        ...['--from', berlin.lanAddress, '--to', london.lanAddress, '--protocol', 'icmp'],
      );
      assert.match(text, /ICMP.* belongs to the policy rest: the cheapest path that keeps Voice \(loss ≤ 1 %\)/);
      assert.match(text, /Decision \d+, .* ago: Back to internet → internet/);
      const replayed = replay(berlin.run(process.execPath, edgeMain, 'record', '--state', berlin.state).split('\n'));
      assert.ok(replayed.ok, replayed.ok ? '' : replayed.error);
      assert.equal(replayed.value.difference, null);
      assert.ok(replayed.value.recorded > 0);
    });

    await context.test('a drained uplink gives its traffic away without losing a packet', async (inner) => {
      const end = keepSending(inner, berlin, london, 10);
      controller.rewrite = (configuration) => {
        const tunnels = withPolicies(configuration).tunnels.map((tunnel) => ({
          ...tunnel,
          isDrained: [tunnel.uplinkId, tunnel.remote.uplinkId].includes(`${berlin.id}-internet`),
        }));
        return { ...withPolicies(configuration), tunnels };
      };
      controller.publish();
      await eventually('Berlin moves', () => leadOf(controller, berlin).startsWith('lte →'));
      await eventually('London moves', () => leadOf(controller, london).endsWith('→ lte'));
      assert.equal(decisionsOf(controller, berlin).at(-1)!.rule, 'drained');
      await settle(world);
      controller.rewrite = withPolicies;
      controller.publish();
      await eventually('Berlin is back', () => leadOf(controller, berlin).startsWith('internet →'));
      await settle(world);
      const { sent, lost } = await end();
      inner.diagnostic(`${lost} of ${sent} packets lost`);
      assert.equal(lost, 0);
    });

    await context.test(
      'an uplink that flaps gets traffic back three times a minute at most, and hurts no other',
      async (inner) => {
        controller.rewrite = withDearMixedPaths;
        controller.publish();
        await settle(world);
        for (const gateway of [berlin, london]) {
          await eventually(
            `${gateway.id} takes LTE at both ends`,
            () => leadOf(controller, gateway, 'lte') === 'lte → lte',
          );
        }
        const known = decisionsOf(controller, berlin).length;
        const end = keepSending(inner, berlin, london, 10, LTE_CODE_POINT);
        const stateOf = (id: string) =>
          controller
            .heard(berlin.id, 'telemetry')
            .at(-1)
            ?.tunnels.find((tunnel) => tunnel.id === id)?.state;
        const flapping = controller
          .edge(berlin.id)
          .configuration!.tunnels.filter(({ uplinkId }) => uplinkId === `${berlin.id}-internet`);
        for (let turn = 0; turn < 5; turn++) {
          berlin.cut('ptinternet');
          await eventually('it is down', () => flapping.every(({ id }) => stateOf(id) === 'down'));
          berlin.mend();
          await eventually('it is up', () => flapping.every(({ id }) => stateOf(id) === 'up'));
          const heard = controller.heard(berlin.id, 'telemetry').length;
          await eventually(
            'it had the time to be taken back',
            () => controller.heard(berlin.id, 'telemetry').length > heard + 2,
          );
        }
        const { sent, lost } = await end();
        const decisions = decisionsOf(controller, berlin).slice(known);
        const ownUplink = (id: string | undefined) => wordsFor(controller, berlin, id).split(' → ')[0];
        const returns = decisions.filter(
          ({ chosen, previous }) => ownUplink(chosen[0]) === 'internet' && ownUplink(previous[0]) === 'lte',
        );
        inner.diagnostic(`${returns.length} returns, ${lost} of ${sent} packets lost on the other uplink`);
        assert.ok(
          returns.length >= 1 && returns.length <= 3,
          JSON.stringify(decisions.map(({ rule, chosen }) => [rule, chosen[0]])),
        );
        assert.equal(lost, 0);
      },
    );
  });
});
