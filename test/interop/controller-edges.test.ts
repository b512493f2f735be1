import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { SIGNING_CONTEXT, type TunnelTelemetry } from '@patronus/protocol';
import {
  addSite,
  connectEdge,
  enrol,
  enrolmentToken,
  eventually,
  siteWithEdge,
  startTestController,
  type TestEdge,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

function telemetryOf(id: string, state: TunnelTelemetry['state'], bytes = 0): TunnelTelemetry {
  return {
    id,
    state,
    sinceMs: Date.now(),
    active: true,
    roundTripUs: 12_500,
    loss: 0.01,
    receivedBytes: bytes,
    sentBytes: bytes,
    receivedPackets: 0,
    sentPackets: 0,
    lastHandshakeMs: Date.now(),
    remoteEndpoint: '192.0.2.1:51820',
  };
}

test(
  'two gateways get signed configurations with the tunnels between them, and new ones only when something changed',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const paris = await siteWithEdge(t, controller, 'Paris', 2);
    const configuration = await berlin.edge.configuration((one) => one.tunnels.length === 4);
    equal(configuration.edge.siteName, 'Berlin');
    deepEqual(
      configuration.routes.map((route) => [route.prefix, route.nextHops]),
      [['10.2.0.0/16', [paris.identity.answer.edgeId]]],
    );
    deepEqual(configuration.controllers, [`127.0.0.1:${controller.running.edgePort}`]);
    const { signed } = await berlin.edge.hear('configuration');
    const key = createPublicKey(berlin.identity.answer.signingKey);
    ok(verify(null, Buffer.from(SIGNING_CONTEXT + signed.payload), key, Buffer.from(signed.signature, 'base64')));

    berlin.edge.say({ type: 'applied', version: configuration.version });
    berlin.edge.say({ type: 'confirmed', version: configuration.version });
    const state = '{ siteByName(name: "Berlin") { edges { state configurationState configurationVersion } } }';
    await eventually(
      () => controller.admin(state),
      ({ siteByName }) => siteByName.edges[0].configurationState === 'CURRENT',
    );
    const heard = berlin.edge.messages.length;
    await controller.admin('mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { site { revision } } }', {
      input: { id: berlin.site.id, description: 'no edge has to know' },
    });
    berlin.edge.say({ type: 'ping', id: 7 });
    await berlin.edge.hear('pong');
    deepEqual(
      berlin.edge.messages.slice(heard).map((message) => message.type),
      ['pong'],
    );
  },
);

test('reports of both ends become the state, the rates and the alarms that people see', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length === 4);
  const report = (edge: TestEdge, state: TunnelTelemetry['state'], wallMs: number, bytes: number) =>
    edge.say({
      type: 'telemetry',
      wallMs,
      tunnels: tunnels.map(({ id }, index) => telemetryOf(id, index === 0 ? state : 'up', bytes)),
      counters: {},
      dropped: 0,
    });
  const start = Date.now();
  for (const { edge } of [berlin, paris]) {
    report(edge, 'up', start, 0);
    report(edge, 'up', start + 1000, 125_000);
  }
  const query =
    '{ overview { sites { up total } edges { online total } tunnels { up total } throughputBitsPerSecond } }';
  const { overview } = await eventually(
    () => controller.admin(query),
    (data) => data.overview.tunnels.up === 4 && data.overview.throughputBitsPerSecond > 0,
  );
  deepEqual(overview.sites, { up: 2, total: 2 });
  deepEqual(overview.edges, { online: 2, total: 2 });
  equal(overview.throughputBitsPerSecond, 8 * 1_000_000);

  report(paris.edge, 'down', start + 2000, 125_000);
  const detail = `{ tunnel(id: "${tunnels[0]!.id}") { state roundTripMs lossPercent a { state } b { state } }
    siteByName(name: "Berlin") { state } alarms(filter: { active: true }) { edges { node { code site { name } } } } }`;
  const seen = await eventually(
    () => controller.admin(detail),
    (data) => data.tunnel.state === 'DOWN' && data.alarms.edges.length === 2,
  );
  equal(seen.siteByName.state, 'DEGRADED');
  equal(seen.tunnel.roundTripMs, null);
  equal(seen.tunnel.lossPercent, 1);
  deepEqual(
    new Set(seen.alarms.edges.map((edge: { node: { code: string } }) => edge.node.code)),
    new Set(['TUNNEL_DOWN']),
  );

  const history = await eventually(
    () => controller.admin(`{ tunnel(id: "${tunnels[1]!.id}") { history { state roundTripMs } } }`),
    (data) => data.tunnel.history.length > 0,
  );
  equal(history.tunnel.history[0].roundTripMs, 12.5);
});

test('what edges measured while the controller was away is in the history after it is back', limit, async (t) => {
  const first = await startTestController(t);
  const berlin = await siteWithEdge(t, first, 'Berlin', 1);
  const paris = await siteWithEdge(t, first, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length === 4);
  const id = tunnels[0]!.id;
  const second = await first.restart();
  const edge = await connectEdge(t, second, berlin.identity, {
    continuation: berlin.continuation,
    uplinks: berlin.uplinks,
  });
  await edge.hear('welcome');
  const now = Date.now();
  const say = (wallMs: number, state: TunnelTelemetry['state'], ids = [id]) =>
    edge.say({
      type: 'telemetry',
      wallMs,
      tunnels: ids.map((one) => telemetryOf(one, state)),
      counters: {},
      dropped: 4,
    });
  for (let ago = 60; ago > 0; ago--) say(now - ago * 1_000, ago === 30 ? 'down' : 'up', [id, 'of-nobody']);
  say(now - 3_600_000, 'up');
  say(now, 'up');
  const { tunnel } = await eventually(
    () =>
      second.admin(`{ tunnel(id: "${id}") { state history(seconds: 4000, points: 1000) { at state roundTripMs } } }`),
    (data) => data.tunnel.state === 'UP',
  );
  const history: { at: string; state: string; roundTripMs: number | null }[] = tunnel.history;
  const times = history.map(({ at }) => Date.parse(at)).filter((at) => at < now);
  ok(times[0]! >= now - 61_000, 'what is an hour old is not taken');
  for (const [index, at] of times.entries()) ok(index === 0 || at - times[index - 1]! <= 8_000, `a hole before ${at}`);
  ok(times[0]! <= now - 55_000 && times.at(-1)! >= now - 8_000);
  ok(history.some(({ state }) => state === 'DOWN'));
  ok(history.some(({ roundTripMs }) => roundTripMs === 12.5));
  const { alarms } = await second.admin('{ alarms(filter: { active: true }) { edges { node { code } } } }');
  deepEqual(alarms.edges, [], 'a break that is over is no alarm');
  match((await second.fetch('/metrics')).text, /^patronus_edge_reports_dropped 4$/m);
  await paris.edge.closed;
});

test('an edge whose clock is off by an hour works and raises an alarm', limit, async (t) => {
  const controller = await startTestController(t);
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const identity = await enrol(controller, await enrolmentToken(controller, site.id));
  const edge = await connectEdge(t, controller, identity, { wallMs: Date.now() - 3_600_000 });
  await edge.hear('welcome');
  const { alarms } = await eventually(
    () => controller.admin('{ alarms { edges { node { code message } } } }'),
    (data) => data.alarms.edges.length > 0,
  );
  equal(alarms.edges[0].node.code, 'CLOCK_SKEW');
  match(alarms.edges[0].node.message, /60 minutes behind/);
});

test(
  'a configuration that an edge gave up is shown with its reason and not pressed upon it again',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const { version } = await berlin.edge.configuration();
    berlin.edge.say({ type: 'returned', version, running: null, code: 'NOT_CONFIRMED', reason: 'no tunnel came back' });
    const query =
      '{ siteByName(name: "Berlin") { edges { configurationState configurationError } } alarms { edges { node { code } } } }';
    const seen = await eventually(
      () => controller.admin(query),
      (data) => data.alarms.edges.length > 0,
    );
    deepEqual(seen.siteByName.edges, [
      { configurationState: 'RETURNED', configurationError: 'NOT_CONFIRMED: no tunnel came back' },
    ]);
    equal(seen.alarms.edges[0].node.code, 'CONFIGURATION_RETURNED');
  },
);

test(
  'a confirmation over a fresh connection counts, and one that got lost is presumed after the trial',
  limit,
  async (t) => {
    let offset = 0;
    const controller = await startTestController(t, { now: () => Date.now() + offset });
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const { version } = await berlin.edge.configuration();
    const query = '{ siteByName(name: "Berlin") { edges { configurationState } } }';
    const state = async () => (await controller.admin(query)).siteByName.edges[0].configurationState;
    const look = { instanceId: 'the-same-instance-id', running: version, uplinks: berlin.uplinks };
    berlin.edge.socket.terminate();
    const first = await connectEdge(t, controller, berlin.identity, { ...look, continuation: berlin.continuation });
    const { continuation } = await first.hear('welcome');
    const second = await connectEdge(t, controller, berlin.identity, { ...look, continuation });
    await second.hear('welcome');
    equal(await state(), 'APPLYING');
    second.say({ type: 'confirmed', version });
    await eventually(state, (one) => one === 'CURRENT');

    await controller.running.core.store.db.updateTable('edge').set({ confirmed_version: null }).execute();
    await controller.running.core.network.reload();
    equal(await state(), 'APPLYING');
    offset = 66_000;
    second.say({ type: 'telemetry', wallMs: Date.now(), tunnels: [], counters: {}, dropped: 0 });
    await eventually(state, (one) => one === 'CURRENT');
  },
);
