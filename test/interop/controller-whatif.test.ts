import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Tick } from '../../apps/controller/store/samples.ts';
import { siteWithEdge, startTestController } from './fixtures/controller.ts';

const WHAT_IF = `query ($input: WhatIfInput!, $since: DateTime!, $siteId: ID) {
  whatIf(input: $input, since: $since, siteId: $siteId) {
    edge { name } sentence coverage resolutionSeconds confidence was { switches outOfSlaSeconds } wouldBe { switches outOfSlaSeconds downSeconds }
    paths { policies { name } remoteEdge { name } was { switches } wouldBe { switches } }
  }
}`;

/** A path whose loss comes and goes every two minutes, beside one that is dearer and sound, for an hour. */
test('what-if runs changed figures over what was measured, and says how sure it is', { timeout: 60_000 }, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  await siteWithEdge(t, controller, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length === 4);
  const add = `mutation ($input: AddPolicyInput!) { addPolicy(input: $input) { policy { id } } }`;
  const { addSlaClass } = await controller.admin(
    'mutation { addSlaClass(input: { name: "Voice", lossPercent: 1 }) { slaClass { id } } }',
  );
  const slaClassId: string = addSlaClass.slaClass.id;
  const input = { name: 'Calls', match: { dscp: [46] }, slaClassId, path: { mode: 'CHEAPEST' } };
  const { addPolicy } = await controller.admin(add, { input });
  await controller.admin(add, {
    input: { name: 'Same', match: { dscp: [34] }, slaClassId, path: { mode: 'CHEAPEST' } },
  });
  const cheapest = [...tunnels].sort((one, other) => one.cost - other.cost)[0]!.id;
  const { telemetry } = controller.running.core;
  const end = Math.floor(Date.now() / 10_000) * 10_000;
  const start = end - 3_600_000;
  for (let at = start; at < end; at += 10_000) {
    const isLossy = Math.floor((at - start) / 120_000) % 2 === 1;
    const tick: Tick = Object.fromEntries(
      tunnels.map(({ id }) => {
        const loss = id === cheapest && isLossy ? 8 : 0.05;
        return [id, ['UP', 20, loss, 0, 0, [loss, 1], [loss, 1]]];
      }),
    );
    telemetry.record(at, tick);
  }
  const ask = (change: object, siteId?: string) =>
    controller.adminRaw(WHAT_IF, { input: change, since: new Date(start).toISOString(), siteId });
  const [same] = (await ask({}, berlin.site.id)).body.data.whatIf;
  equal(same.edge.name, 'Berlin');
  deepEqual(same.was, { switches: same.wouldBe.switches, outOfSlaSeconds: same.wouldBe.outOfSlaSeconds });
  ok(same.coverage > 0.9, same.sentence);
  equal(same.resolutionSeconds, 10);
  const names = (path: { policies: { name: string }[] }) => path.policies.map(({ name }) => name).join();
  deepEqual(same.paths.map(names).sort(), ['', 'Calls,Same'], 'policies that ask for the same stand together');

  const calls = (answer: typeof same) => answer.paths.find((path: typeof same) => names(path).startsWith('Calls'));
  const [loose] = (await ask({ slaClasses: [{ id: slaClassId, lossPercent: 50 }] }, berlin.site.id)).body.data.whatIf;
  ok(calls(same).was.switches >= 2, JSON.stringify(calls(same)));
  equal(calls(loose).wouldBe.switches, 0, `with bounds that nothing breaks no path is left: ${JSON.stringify(loose)}`);
  match(loose.sentence, /0 switches instead of \d+/);
  const [apart] = (await ask({ policies: [{ id: addPolicy.policy.id, path: { mode: 'BEST' } }] }, berlin.site.id)).body
    .data.whatIf;
  deepEqual(apart.paths.map(names).sort(), ['', 'Calls', 'Same']);
  equal((await ask({})).body.data.whatIf.length, 2, 'for every edge unless a site is named');

  for (const [wrong, field] of [
    [{ thresholds: { holdMs: -1 } }, 'thresholds.holdMs'],
    [{ slaClasses: [{ id: 'sla_none' }] }, 'slaClasses'],
    [{ policies: [{ id: addPolicy.policy.id, slaClassId: 'sla_none' }] }, 'policies'],
  ] as const) {
    const answer = await ask(wrong);
    equal(answer.status, 422, answer.text);
    ok(field in answer.body.errors[0].extensions.fields, answer.text);
  }
  const late = await controller.adminRaw(WHAT_IF, { input: {}, since: new Date(Date.now() + 60_000).toISOString() });
  equal(late.status, 422);
  const answers = await Promise.all([ask({}), ask({}), ask({})]);
  deepEqual(answers.map(({ status }) => status).sort(), [200, 429, 429], 'one at a time');
});
