import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { siteWithEdge, startTestController, type TestController } from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

function mutate(controller: TestController, field: string, input: object, selection: string) {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  return controller.adminRaw(`mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`, { input });
}

/** Refused with this status, at this field where one is given, in these words. */
async function refused(
  answer: ReturnType<typeof mutate>,
  status: number,
  words: RegExp,
  field?: string,
): Promise<void> {
  const { status: actual, text, body } = await answer;
  equal(actual, status, text);
  match(body.errors[0].message, words);
  if (field !== undefined) ok(field in body.errors[0].extensions.fields, text);
}

test('what policies name stays while they name it, and what they name has to be there', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  await refused(
    mutate(controller, 'addSlaClass', { name: 'Empty' }, '__typename'),
    422,
    /at least one bound/,
    'roundTripMs',
  );
  const added = await mutate(
    controller,
    'addSlaClass',
    { name: 'Voice', roundTripMs: 150, mos: 3.6 },
    'slaClass { id }',
  );
  const slaClassId: string = added.body.data.addSlaClass.slaClass.id;
  await refused(mutate(controller, 'addSlaClass', { name: 'VOICE', mos: 3 }, '__typename'), 409, /already/, 'name');
  const till = await mutate(
    controller,
    'addApplication',
    { name: 'Till', ports: ['tcp/7000-7009'], names: ['*.Till.Example.org.'] },
    'application { id ports names isBuiltIn }',
  );
  const { id: applicationId, ...application } = till.body.data.addApplication.application;
  deepEqual(application, { ports: ['tcp/7000-7009'], names: ['till.example.org'], isBuiltIn: false });
  for (const ports of [['443'], ['tcp/9-1'], ['sctp/1']])
    await refused(mutate(controller, 'addApplication', { name: 'X', ports }, '__typename'), 422, /tcp\/443/, 'ports.0');
  const { applications } = await controller.admin(
    '{ applications(first: 1, filter: { isBuiltIn: true }) { totalCount edges { node { id } } } }',
  );
  ok(applications.totalCount >= 100, 'the catalogue is there');
  const wellKnown: string = applications.edges[0].node.id;
  await refused(mutate(controller, 'removeApplication', { id: wellKnown }, '__typename'), 409, /catalogue/);

  const wrong: readonly (readonly [object, string])[] = [
    [{ match: { sourceSites: ['site_none'] } }, 'match.sourceSites'],
    [{ match: { destinationSites: ['site_none'] } }, 'match.destinationSites'],
    [{ match: { applications: ['none'] } }, 'match.applications'],
    [{ slaClassId: 'sla_none' }, 'slaClassId'],
  ];
  for (const [more, field] of wrong)
    await refused(
      mutate(controller, 'addPolicy', { name: 'P', match: {}, ...more }, '__typename'),
      409,
      /not there/,
      field,
    );
  await refused(
    mutate(controller, 'addPolicy', { name: 'P', match: {}, path: { mode: 'ORDERED' } }, '__typename'),
    422,
    /at least one uplink label/,
    'path.labels',
  );
  const input = {
    ...{ name: 'Calls', slaClassId, priority: 'REALTIME', limitPercent: 30, mark: 46 },
    path: { mode: 'ORDERED', labels: ['mpls', 'internet'] },
    match: { sourceSites: [berlin.site.id], applications: [applicationId, wellKnown] },
  };
  const policy = await mutate(controller, 'addPolicy', input, 'policy { id treatment { id } } warnings');
  const { warnings, policy: made } = policy.body.data.addPolicy;
  match(warnings.join(), /labelled mpls, and no site has one/);
  const told = await berlin.edge.configuration((one) => one.policies.length === 1);
  const { treatment, mark, limitPercent, priority, match: matched } = told.policies[0]!;
  deepEqual([treatment, mark, limitPercent, priority], [made.treatment.id, 46, 30, 'realtime']);
  deepEqual(matched, { sources: ['10.1.0.0/16'], applications: [applicationId, wellKnown] });
  deepEqual(told.applications.map(({ id }) => id).sort(), [applicationId, wellKnown].sort());
  deepEqual(told.treatments[0]?.path, { mode: 'ordered', labels: ['mpls', 'internet'] });

  await refused(
    mutate(controller, 'removeSlaClass', { id: slaClassId }, '__typename'),
    409,
    /Voice stays: the policy Calls/,
  );
  await refused(mutate(controller, 'removeApplication', { id: applicationId }, '__typename'), 409, /Till stays.*Calls/);
  await refused(mutate(controller, 'removeSite', { id: berlin.site.id }, '__typename'), 409, /Berlin stays.*Calls/);
  const back = { id: made.id, slaClassId: null, path: null, priority: null, mark: null, limitPercent: null };
  const undone = await mutate(
    controller,
    'updatePolicy',
    back,
    'policy { treatment { id } priority mark slaClass { id } }',
  );
  deepEqual(undone.body.data.updatePolicy.policy, {
    ...{ treatment: { id: 'default' }, priority: 'NORMAL', mark: null, slaClass: null },
  });
  equal((await mutate(controller, 'removeSlaClass', { id: slaClassId }, 'removedId')).status, 200);
});

test('drained uplinks, BFD timers and reach probes go to the gateways, and into the audit log', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const [internet, lte] = [berlin.site.uplinks[0]!, berlin.site.uplinks[1]!];
  const drain = (uplinkId: string) => mutate(controller, 'drainUplink', { uplinkId }, 'uplink { isDrained } warnings');
  deepEqual((await drain(lte.id)).body.data.drainUplink, { uplink: { isDrained: true }, warnings: [] });
  const told = await paris.edge.configuration((one) => one.tunnels.some(({ isDrained }) => isDrained));
  equal(told.tunnels.filter(({ isDrained }) => isDrained).length, 2, 'the two of four that end at it');
  match((await drain(internet.id)).body.data.drainUplink.warnings[0], /every uplink of Berlin is drained/);
  await paris.edge.configuration((one) => one.edges[0]?.isDrained === true);
  equal((await mutate(controller, 'undrainUplink', { uplinkId: lte.id }, 'uplink { isDrained }')).status, 200);
  await refused(drain('uplink_none'), 404, /no uplink/);
  const { auditLog } = await controller.admin(
    '{ auditLog(filter: { action: "uplink.drain" }) { edges { node { subject outcome } } } }',
  );
  deepEqual(
    auditLog.edges.map(({ node }: { node: { subject: string; outcome: string } }) => `${node.subject} ${node.outcome}`),
    ['uplink_none NOT_FOUND', 'Berlin: internet OK', 'Berlin: lte OK'],
  );

  const timers = (input: object) =>
    mutate(controller, 'updateBfd', input, 'bfd { intervalMs realtimeIntervalMs multiplier suspectsSilence }');
  deepEqual((await timers({ intervalMs: 200, multiplier: 4 })).body.data.updateBfd.bfd, {
    ...{ intervalMs: 200, realtimeIntervalMs: 100, multiplier: 4, suspectsSilence: true },
  });
  await berlin.edge.configuration(({ bfd }) => bfd.intervalMs === 200 && bfd.multiplier === 4);
  equal((await timers({ suspectsSilence: false })).body.data.updateBfd.bfd.suspectsSilence, false);
  await berlin.edge.configuration(({ bfd }) => !bfd.suspectsSilence && bfd.multiplier === 4);
  await refused(timers({ realtimeIntervalMs: 250 }), 422, /has to be the shorter/, 'realtimeIntervalMs');
  await refused(timers({ intervalMs: 1 }), 422, /intervalMs/, 'intervalMs');
  equal((await timers({ intervalMs: null })).body.data.updateBfd.bfd.intervalMs, 300);

  const figures = (input: object) =>
    mutate(controller, 'updateSteering', input, 'steering { holdMs leastGainMs suspicionMs ownFigures }');
  deepEqual((await figures({ leastGainMs: 30, holdMs: 300_000 })).body.data.updateSteering.steering, {
    // 1,000 ms between the probes of an idle tunnel, 4 of them, and half a second.
    ...{ holdMs: 300_000, leastGainMs: 30, suspicionMs: 4_500, ownFigures: ['holdMs', 'leastGainMs'] },
  });
  await berlin.edge.configuration(({ steering }) => steering?.holdMs === 300_000 && steering.leastGainMs === 30);
  await refused(figures({ longestHoldMs: 200_000 }), 422, /longer than the longest/, 'longestHoldMs');
  await refused(figures({ holdMs: 7_200_000 }), 422, /longer than the longest/, 'holdMs');
  await refused(figures({ leastGainRatio: 2 }), 422, /leastGainRatio/, 'leastGainRatio');
  await refused(figures({ lossReports: 0 }), 422, /lossReports/, 'lossReports');
  deepEqual((await figures({ holdMs: null, leastGainMs: null })).body.data.updateSteering.steering.ownFigures, []);
  await berlin.edge.configuration(({ steering }) => steering === undefined);
  const { auditLog: latest } = await controller.admin('{ auditLog(first: 1) { edges { node { action subject } } } }');
  deepEqual(latest.edges[0].node, {
    ...{ action: 'steering.update', subject: 'holdMs as it comes, leastGainMs as it comes' },
  });

  const probe = (reachProbe: string | null) =>
    mutate(controller, 'updateSite', { id: paris.site.id, reachProbe }, 'site { reachProbe }');
  await refused(probe('10.1.0.1'), 409, /in none of the LANs of Paris/, 'reachProbe');
  await refused(probe('$(id)'), 422, /an address/, 'reachProbe');
  equal((await probe('10.2.0.1')).body.data.updateSite.site.reachProbe, '10.2.0.1');
  await berlin.edge.configuration((one) => one.edges[0]?.reachProbe === '10.2.0.1');
  equal((await probe(null)).body.data.updateSite.site.reachProbe, null);

  const [first, second] = berlin.site.uplinks.map(({ id, label }) => ({ id, label, interface: label.slice(0, 15) }));
  const targets = (probeTargets: string[] | undefined) =>
    mutate(
      controller,
      'updateSite',
      { id: berlin.site.id, uplinks: [{ ...first, probeTargets }, second] },
      'site { uplinks { label probeTargets } }',
    );
  await refused(
    targets(['10.2.0.1']),
    409,
    /internet of Berlin is to ask 10.2.0.1, which lies in a LAN of Paris/,
    'uplinks',
  );
  await refused(targets(['example.org']), 422, /an address such as/, 'uplinks.0.probeTargets.0');
  const { body } = await targets(['192.0.2.1', '2001:DB8::1', '192.0.2.1']);
  deepEqual(body.data.updateSite.site.uplinks[0].probeTargets, ['192.0.2.1', '2001:db8::1']);
  const toldOf = (one: { uplinks: { id: string; probeTargets?: string[] | undefined }[] }) =>
    one.uplinks.find(({ id }) => id === first?.id)?.probeTargets;
  await berlin.edge.configuration((one) => toldOf(one)?.length === 2);
  deepEqual(
    (await targets(undefined)).body.data.updateSite.site.uplinks[0].probeTargets.length,
    2,
    'left out it stays',
  );
  await targets([]);
  await berlin.edge.configuration((one) => toldOf(one) === undefined);
});
