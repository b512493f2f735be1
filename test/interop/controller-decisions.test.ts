import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DecisionTelemetry, EdgeMessage, TunnelTelemetry } from '@patronus/protocol';
import { eventually, siteWithEdge, startTestController, type TestController } from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

function tunnel(id: string, more: Partial<TunnelTelemetry> = {}): TunnelTelemetry {
  return {
    ...{ id, state: 'up', sinceMs: Date.now(), active: true, roundTripUs: 20_000, loss: 0 },
    ...{ receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0 },
    ...{ lastHandshakeMs: null, remoteEndpoint: null, ...more },
  };
}

function telemetry(tunnels: readonly TunnelTelemetry[], more: Partial<Telemetry> = {}): EdgeMessage {
  return { type: 'telemetry', wallMs: Date.now(), tunnels: [...tunnels], counters: {}, dropped: 0, ...more };
}

function decision(number: number, to: string, tunnelIds: readonly string[], more: Partial<DecisionTelemetry> = {}) {
  const figures = { meetsSla: true, roundTripUs: 20_000, loss: 0.001, jitterUs: 1_000, mos: 4.3, cost: 20 };
  return {
    ...{ number, wallMs: Date.now(), generation: number, treatment: 'default', edgeId: to, rule: 'down' },
    ...{ chosen: [tunnelIds[0]!], previous: tunnelIds.slice(1), reason: `lte → lte went down; decision ${number}.` },
    candidates: tunnelIds.map((tunnelId, index) => ({
      ...{ tunnelId, rank: index + 1, state: index === 0 ? 'up' : 'down', ...figures, why: 'is the cheapest' },
    })),
    ...{ configurationHash: 'ab'.repeat(32), configurationVersion: { epoch: 1, sequence: 2 } },
    ...more,
  } as DecisionTelemetry;
}

async function pairOfSites(t: TestContext, controller: TestController) {
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length > 1);
  const [berlinEdge, parisEdge] = [berlin.site.edges[0]!.id, paris.site.edges[0]!.id];
  return { berlin, paris, berlinEdge, parisEdge, tunnelIds: tunnels.map(({ id }) => id).sort() };
}

const LIST = `query ($filter: DecisionFilter, $sort: DecisionSort, $first: Int, $after: String, $last: Int, $before: String) {
  decisions(filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { node { id number rule reason chosenLabel previousLabel configurationVersion edge { name } remoteEdge { name }
      candidates { label rank state meetsSla roundTripMs lossPercent jitterMs mos cost why tunnel { id } } } }
  }
}`;

test('decisions are kept once, shown newest first with their table, filtered and paged', limit, async (t) => {
  const controller = await startTestController(t);
  const { berlin, paris, berlinEdge, parisEdge, tunnelIds } = await pairOfSites(t, controller);
  const [first, second] = tunnelIds as [string, string];
  const start = Date.now() - 60_000;
  const at = (second_: number) => ({ wallMs: start + second_ * 1_000 });
  const told = [1, 2, 3].map((number) => decision(number, parisEdge, [first, second], at(number)));
  for (let twice = 0; twice < 2; twice++) berlin.edge.say({ type: 'decisions', decisions: told, lost: 0 });
  const strange = decision(4, parisEdge, [second], { ...at(4), treatment: 't-0123456789abcdef', rule: 'better' });
  berlin.edge.say({ type: 'decisions', decisions: [strange], lost: 7 });
  paris.edge.say({ type: 'decisions', decisions: [decision(1, berlinEdge, [first, second], at(5))], lost: 0 });
  const list = async (variables: object = {}) => (await controller.admin(LIST, variables)).decisions;
  const all = await eventually(list, ({ totalCount }) => totalCount === 5);
  const numbersOf = (page: typeof all): number[] =>
    page.edges.map((edge: { node: { number: number } }) => edge.node.number);
  deepEqual(numbersOf(all), [1, 4, 3, 2, 1]);
  const { node } = all.edges[2];
  deepEqual([node.edge.name, node.remoteEdge.name, node.configurationVersion], ['Berlin', 'Paris', '1.2']);
  deepEqual(node.candidates[0], {
    ...{ label: node.chosenLabel, rank: 1, state: 'UP', meetsSla: true, roundTripMs: 20, lossPercent: 0.1 },
    ...{ jitterMs: 1, mos: 4.3, cost: 20, why: 'is the cheapest', tunnel: { id: first } },
  });
  match(node.chosenLabel, /^(internet|lte) → (internet|lte)$/);
  const filters: readonly [object, number[]][] = [
    [{ siteId: paris.site.id }, [1]],
    [{ edgeId: berlinEdge }, [4, 3, 2, 1]],
    [{ remoteSiteId: berlin.site.id }, [1]],
    [{ treatmentId: 'default', edgeId: berlinEdge }, [3, 2, 1]],
    [{ rule: 'better' }, [4]],
    [{ tunnelId: first }, [1, 3, 2, 1]],
    [{ tunnelId: first.slice(0, -1) }, []],
    [{ since: new Date(start + 2_500).toISOString(), until: new Date(start + 4_500).toISOString() }, [4, 3]],
    [{ siteId: paris.site.id, edgeId: berlinEdge }, []],
  ];
  for (const [filter, expected] of filters)
    deepEqual(numbersOf(await list({ filter })), expected, JSON.stringify(filter));
  const sort = { field: 'AT', direction: 'ASCENDING' };
  for (const order of [{}, { sort }]) {
    const forwards = numbersOf(await list(order));
    const pages: number[][] = [];
    let after: string | null = null;
    do {
      const page: typeof all = await list({ ...order, first: 2, after });
      equal(page.totalCount, 5);
      equal(page.pageInfo.hasPreviousPage, after !== null);
      pages.push(numbersOf(page));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    deepEqual(pages.flat(), forwards);
    const end = await list({ ...order, last: 2 });
    deepEqual(numbersOf(end), forwards.slice(-2));
    deepEqual(numbersOf(await list({ ...order, last: 2, before: end.pageInfo.startCursor })), forwards.slice(1, 3));
  }
  equal(controller.running.core.live.lostDecisionsOfAll, 7);
  const again = await controller.restart();
  equal((await again.admin(LIST)).decisions.totalCount, 5, 'they outlive a restart');
});

test('a decision made of nonsense ends the connection, and nothing that came with it is kept', limit, async (t) => {
  const controller = await startTestController(t);
  const { berlin, parisEdge, tunnelIds } = await pairOfSites(t, controller);
  const good = decision(1, parisEdge, tunnelIds);
  const wrong = { ...good, number: 2, candidates: [{ ...good.candidates[0]!, loss: 7 }] };
  berlin.edge.say({ type: 'decisions', decisions: [good, wrong], lost: 0 });
  equal((await berlin.edge.closed).code, 4400);
  equal((await controller.admin(LIST)).decisions.totalCount, 0);
});

const EXPLAIN = `query ($from: String!, $to: String!, $protocol: String, $port: Int, $dscp: Int, $application: String, $at: DateTime) {
  explain(from: $from, to: $to, protocol: $protocol, port: $port, dscp: $dscp, application: $application, at: $at) {
    way sentence isCertain unknown policy { name } slaClass { name } treatment { id }
    considered { policy { name } verdict why }
    there { sentence edge { name } remoteEdge { name } tunnel { id } path { members { rank meetsSla } } decision { number candidates { why } } }
    back { sentence edge { name } tunnel { id } decision { number } }
  }
}`;

test(
  'explain names the policy, those asked before, the path each way, and the decision with its table',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const { berlin, paris, berlinEdge, parisEdge, tunnelIds } = await pairOfSites(t, controller);
    const [first, second] = tunnelIds as [string, string];
    const { addSlaClass } = await controller.admin(
      'mutation { addSlaClass(input: { name: "Voice", roundTripMs: 150, lossPercent: 1 }) { slaClass { id bounds } } }',
    );
    equal(addSlaClass.slaClass.bounds, 'round trip ≤ 150 ms, loss ≤ 1 %');
    const add = `mutation ($input: AddPolicyInput!) { addPolicy(input: $input) { policy { id treatment { id } } warnings } }`;
    const input = {
      ...{ name: 'Calls', match: { protocol: 'udp', ports: ['5060'] }, slaClassId: addSlaClass.slaClass.id },
      ...{ path: { mode: 'BEST' }, priority: 'REALTIME' },
    };
    await controller.admin(add, { input: { name: 'Marked', match: { dscp: [46] }, priority: 'HIGH' } });
    const { addPolicy } = await controller.admin(add, { input });
    await controller.admin(add, {
      input: { name: 'No telnet', match: { protocol: 'tcp', ports: ['23'] }, action: 'DENY' },
    });
    await controller.admin(add, {
      input: {
        name: 'Web',
        match: { protocol: 'tcp', ports: ['443'] },
        action: 'BREAKOUT',
        breakoutLabels: ['internet'],
      },
    });
    const treatment: string = addPolicy.policy.treatment.id;
    match(treatment, /^t-[0-9a-f]{16}$/);
    const path = (edgeId: string, tunnelIds_: string[]) => ({ paths: [{ treatment, edgeId, tunnelIds: tunnelIds_ }] });
    const internet = berlin.site.uplinks.find(({ label }) => label === 'internet')!.id;
    const breakout = [{ uplinkId: internet, state: 'up' as const, roundTripUs: 9_000, loss: 0 }];
    berlin.edge.say(telemetry([tunnel(first), tunnel(second)], { ...path(parisEdge, [first, second]), breakout }));
    paris.edge.say(telemetry([tunnel(first), tunnel(second)], path(berlinEdge, [second])));
    const early = Date.now() - 10_000;
    berlin.edge.say({
      ...{ type: 'decisions', lost: 0 },
      decisions: [
        decision(1, parisEdge, [second, first], { treatment, wallMs: early, reason: 'internet is the best.' }),
        decision(2, parisEdge, [first, second], { treatment, wallMs: early + 5_000 }),
      ],
    });
    const ask = async (more: object) =>
      (await controller.admin(EXPLAIN, { from: '10.1.0.5', to: '10.2.0.9', ...more })).explain;
    const call = { protocol: 'udp', port: 5060, dscp: 0 };
    const now = await eventually(
      () => ask(call),
      (one) => one.there.path !== null && one.back.path !== null && one.there.decision !== null,
    );
    deepEqual([now.way, now.policy.name, now.slaClass.name, now.treatment.id], ['FABRIC', 'Calls', 'Voice', treatment]);
    deepEqual(now.considered, [
      { policy: { name: 'Marked' }, verdict: 'DIFFERS', why: 'it is for DSCP 46, not DSCP 0' },
      { policy: { name: 'Calls' }, verdict: 'MATCHES', why: 'udp, port 5060' },
    ]);
    deepEqual([now.there.tunnel.id, now.back.tunnel.id], [first, second]);
    deepEqual(now.there.path.members[0], { rank: 1, meetsSla: true });
    equal(now.there.decision.number, 2);
    match(
      now.sentence,
      /^10\.1\.0\.5 \(Berlin\) → 10\.2\.0\.9 \(Paris\) UDP port 5060 belongs to the policy Calls: the best path that keeps Voice/,
    );
    match(
      now.sentence,
      /There: from Berlin it goes to Paris over .* → .*\. Decision 2, at .*: lte → lte went down; decision 2\. That path now keeps the bounds\./,
    );
    match(now.unknown.join(), /Why Paris goes this way: it told of no decision/);
    equal(now.isCertain, true);

    const open = await ask({ protocol: 'udp', port: 5060 });
    equal(open.isCertain, false);
    match(open.unknown[0], /Marked is asked earlier and may take it: it is for packets with DSCP 46/);

    const then = await ask({ ...call, at: new Date(early + 2_000).toISOString() });
    deepEqual([then.there.decision.number, then.there.tunnel.id, then.there.path], [1, second, null]);
    match(then.there.sentence, /from Berlin it would have gone to Paris over .* internet is the best/);
    ok(then.unknown.some((words: string) => /policies are those of today/.test(words)));
    equal((await ask({ ...call, at: new Date(early - 1_000).toISOString() })).there.decision, null);

    const denied = await ask({ protocol: 'tcp', port: 23, dscp: 0 });
    deepEqual([denied.way, denied.policy.name, denied.there.tunnel], ['DENIED', 'No telnet', null]);
    match(denied.sentence, /denied, because it belongs to the policy No telnet/);
    const web = await ask({ to: '192.0.2.80', protocol: 'tcp', port: 443, dscp: 0 });
    equal(web.way, 'BREAKOUT');
    match(web.sentence, /Berlin sends new flows out by internet \(internet up\)/);
    const outside = await ask({ to: '192.0.2.80', protocol: 'udp', port: 53, dscp: 0 });
    equal(outside.way, 'OUTSIDE');
    match(outside.sentence, /no site holds 192\.0\.2\.80/);
    const local = await ask({ to: '10.1.0.6', ...call });
    equal(local.way, 'LOCAL');
    const rest = await ask({ protocol: 'tcp', port: 80, dscp: 0 });
    deepEqual([rest.policy, rest.treatment.id], [null, 'default']);
    match(
      rest.sentence,
      /belongs to no policy: the cheapest path. There: from Berlin it would go to Paris over a path that no decision is remembered of/,
    );

    // What was in force stays known, whatever became of the policy.
    const before = new Date(Date.now() - 1).toISOString();
    await controller.admin('mutation ($input: RemovePolicyInput!) { removePolicy(input: $input) { removedId } }', {
      input: { id: addPolicy.policy.id },
    });
    equal((await ask(call)).policy, null);
    const past = await ask({ ...call, at: before });
    deepEqual([past.policy.name, past.slaClass.name, past.treatment.id], ['Calls', 'Voice', treatment]);
    deepEqual(
      past.considered.map((one: { policy: { name: string } }) => one.policy.name),
      ['Marked', 'Calls'],
    );
    match(
      past.sentence,
      /belongs to the policy Calls: the best path that keeps Voice .* it would have gone to Paris over/,
    );
    ok(
      past.unknown.some((words: string) => /policies are those of configuration \d+\.\d+, given out at 2/.test(words)),
    );
    const webThen = await ask({ to: '192.0.2.80', protocol: 'tcp', port: 443, dscp: 0, at: before });
    match(webThen.sentence, /Berlin sent new flows out by the first of internet that reached the internet then/);

    for (const [more, field] of [
      [{ to: 'paris' }, 'to'],
      [{ to: 'fd00::1' }, 'to'],
      [{ port: 70_000 }, 'port'],
      [{ protocol: 'pigeon' }, 'protocol'],
      [{ application: 'nothing' }, 'application'],
    ] as const) {
      const answer = await controller.adminRaw(EXPLAIN, { from: '10.1.0.5', to: '10.2.0.9', ...more });
      equal(answer.status, 422, answer.text);
      ok(field in answer.body.errors[0].extensions.fields, answer.text);
    }
  },
);

test(
  'quality of each direction, BFD sessions, paths, breakout and reach are shown as edges tell them',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const { berlin, paris, berlinEdge, parisEdge, tunnelIds } = await pairOfSites(t, controller);
    const [first] = tunnelIds as [string];
    const { tunnel: plan } = await controller.admin(
      `{ tunnel(id: "${first}") { a { edge { id } } aToB { packets } mos } }`,
    );
    deepEqual([plan.aToB, plan.mos], [null, null]);
    const isA = plan.a.edge.id === berlinEdge;
    const direction = (loss: number) => ({ packets: 1_000, loss, jitterUs: 2_500, delayChangeUs: 400 });
    const bfd = {
      ...{ state: 'up' as const, remoteState: 'up' as const, localDiscriminator: 7, remoteDiscriminator: 9 },
      ...{ diagnostic: 1, remoteDiagnostic: 0, transmitIntervalMs: 100, detectionTimeMs: 300, downs: 2 },
    } as const;
    const quality = { outgoing: direction(0.5), incoming: direction(0.01), mos: 4.1, capacityBitsPerSecond: 5e7 };
    const uplinkId = berlin.site.uplinks[0]!.id;
    const queue = {
      ...{ priority: 'realtime' as const, sentPackets: 9, sentBytes: 1_800, droppedPackets: 2, markedPackets: 1 },
      ...{ delayP50Us: 500, delayP99Us: 4_500, delayMostUs: 9_000 },
    };
    const protection = {
      ...{ sent: 90, copies: 80, paritySent: 20, received: 90, duplicates: 70, repaired: 8 },
      ...{ lost: 2, late: 1, tooLate: 0 },
    };
    berlin.edge.say(
      telemetry([tunnel(first, { quality, bfd })], {
        breakout: [{ uplinkId, state: 'down', roundTripUs: null, loss: 1 }],
        reach: [{ edgeId: parisEdge, address: '10.2.0.1', state: 'up', roundTripUs: 12_500 }],
        paths: [{ treatment: 'default', edgeId: parisEdge, tunnelIds: [first, 'gone'] }],
        shaping: [{ uplinkId, bitsPerSecond: 1e7, waitingPackets: 3, waitingBytes: 900, priorities: [queue] }],
        protection,
        counters: { suspicions: 4, falseSuspicions: 1 },
      }),
    );
    const other = { outgoing: direction(0.2), incoming: direction(0.02), mos: 3.9, capacityBitsPerSecond: null };
    paris.edge.say(telemetry([tunnel(first, { quality: other, bfd: { ...bfd, state: 'init', downs: 5 } })]));
    const query = `{
    tunnel(id: "${first}") { lossPercent mos aToB { lossPercent jitterMs delayChangeMs capacityBitsPerSecond } bToA { lossPercent }
      history(seconds: 60, points: 30) { aToBLossPercent bToAJitterMs } }
    bfdSessions(sort: { field: DOWNS, direction: DESCENDING }) { totalCount edges { node { edge { id } remoteEdge { id } state downs diagnosticText detectionTimeMs } } }
    up: bfdSessions(filter: { state: UP, siteId: "${berlin.site.id}" }) { totalCount }
    paths(filter: { siteId: "${berlin.site.id}" }) { edges { node { treatmentId treatment { path { mode } } remoteEdge { id } members { rank uplinkLabel meetsSla } } } }
    breakoutStates(filter: { state: DOWN }) { edges { node { uplink { id } edge { id } lossPercent } } }
    uplinks: site(id: "${berlin.site.id}") { uplinks { shaping { waitingBytes queues { priority droppedPackets delayP99Ms } } } edges { protection { repaired residualPercent } } }
    reachStates { edges { node { address state roundTripMs remoteEdge { id } } } }
  }`;
    const seen = await eventually(
      () => controller.admin(query),
      (one) =>
        one.bfdSessions.totalCount === 2 &&
        one.tunnel.history.some((point: { bToAJitterMs: number | null }) => point.bToAJitterMs !== null),
    );
    // The receiver's word counts: Paris received 2 % short, Berlin 1 %.
    const [there, back] = isA ? [seen.tunnel.aToB, seen.tunnel.bToA] : [seen.tunnel.bToA, seen.tunnel.aToB];
    deepEqual([there.lossPercent, back.lossPercent, seen.tunnel.lossPercent, seen.tunnel.mos], [2, 1, 2, 3.9]);
    if (isA) deepEqual([there.jitterMs, there.delayChangeMs, there.capacityBitsPerSecond], [2.5, 0.4, 5e7]);
    deepEqual(seen.bfdSessions.edges[0].node, {
      ...{ edge: { id: parisEdge }, remoteEdge: { id: berlinEdge }, state: 'INIT', downs: 5 },
      ...{ diagnosticText: 'control detection time expired', detectionTimeMs: 300 },
    });
    equal(seen.up.totalCount, 1);
    const [path] = seen.paths.edges;
    deepEqual([path.node.treatment.path.mode, path.node.remoteEdge.id], ['CHEAPEST', parisEdge]);
    deepEqual(
      path.node.members.map(({ rank, meetsSla }: { rank: number; meetsSla: boolean | null }) => [rank, meetsSla]),
      [[1, null]],
    );
    deepEqual(seen.breakoutStates.edges[0].node, {
      uplink: { id: uplinkId },
      edge: { id: berlinEdge },
      lossPercent: 100,
    });
    deepEqual(seen.reachStates.edges[0].node, {
      ...{ address: '10.2.0.1', state: 'UP', roundTripMs: 12.5, remoteEdge: { id: parisEdge } },
    });

    const [shaped, unshaped] = seen.uplinks.uplinks;
    deepEqual(shaped.shaping, {
      waitingBytes: 900,
      queues: [{ priority: 'REALTIME', droppedPackets: 2, delayP99Ms: 4.5 }],
    });
    deepEqual(
      [unshaped?.shaping ?? null, seen.uplinks.edges[0].protection],
      [null, { repaired: 8, residualPercent: 2 }],
    );
    const metrics = (await controller.fetch('/metrics')).text;
    for (const line of [
      'site_silences{site="Berlin"} 4',
      'site_silences_false{site="Berlin"} 1',
      'site_queue_dropped_packets{site="Berlin",priority="realtime"} 2',
      'site_queue_delay_p99_highest_ms{site="Berlin",priority="realtime"} 4.5',
      'site_protection_repaired{site="Berlin"} 8',
    ])
      ok(metrics.includes(`patronus_${line}`), line);

    berlin.edge.say(
      telemetry([tunnel(first)], {
        reach: [{ edgeId: parisEdge, address: '10.2.0.1', state: 'down', roundTripUs: null }],
        paths: [{ treatment: 'default', edgeId: parisEdge, tunnelIds: [first] }],
      }),
    );
    const { explain } = await eventually(
      () => controller.admin('{ explain(from: "10.1.0.5", to: "10.2.0.9") { there { sentence } back { sentence } } }'),
      (one) => /does not answer/.test(one.explain.there.sentence),
    );
    match(
      explain.there.sentence,
      /LAN behind .* does not answer; traffic goes there all the same, because nothing else/,
    );
    doesNotMatch(explain.back.sentence, /does not answer/);
  },
);
