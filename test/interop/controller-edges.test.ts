import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { CONTROLLER_SERVER_NAME, SIGNING_CONTEXT, type TunnelTelemetry } from '@patronus/protocol';
import { type Issuer, issueEdge, makeAuthority } from '../../apps/controller/authority/certificates.ts';
import { asCryptoKeyPair } from '../../apps/controller/authority/keys.ts';
import * as x509 from '../../apps/controller/authority/x509.ts';
import {
  addSite,
  certificateRequest,
  connectEdge,
  enrol,
  enrolmentToken,
  eventually,
  postEnrolment,
  posted,
  siteWithEdge,
  startTestController,
  type TestEdge,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };
const DAY_MS = 86_400_000;

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

test('one token used 200 times at once enrols one gateway, the other 199 get 409', limit, async (t) => {
  const controller = await startTestController(t);
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const token = await enrolmentToken(controller, site.id);
  const { pem } = await certificateRequest();
  const answers = await Promise.all(Array.from({ length: 200 }, () => postEnrolment(controller, token, pem)));
  const statuses = answers.map((answer) => answer.status).sort();
  deepEqual(statuses, [201, ...Array.from({ length: 199 }, () => 409)]);
  const replay = await postEnrolment(controller, token, pem);
  equal(replay.status, 409);
  match(replay.body.message, /used already/);
  const { edges } = await controller.admin('{ edges { edges { node { state } } } }');
  deepEqual(edges.edges, [{ node: { state: 'OFFLINE' } }]);
});

test('a token that is unknown, expired or replaced is refused with 401 and says what to do', limit, async (t) => {
  let offset = 0;
  const controller = await startTestController(t, { now: () => Date.now() + offset });
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const { pem } = await certificateRequest();
  const replaced = await enrolmentToken(controller, site.id);
  const token = await enrolmentToken(controller, site.id, 5);
  equal((await postEnrolment(controller, replaced, pem)).status, 401);
  offset = 6 * 60_000;
  const expired = await postEnrolment(controller, token, pem);
  equal(expired.status, 401);
  equal(expired.body.code, 'TOKEN_EXPIRED');
  match(expired.body.message, /make a new one/);
});

test('a certificate request with a foreign name, CA:true or a weak key is refused with 422', limit, async (t) => {
  const controller = await startTestController(t);
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const other = await addSite(controller, 'Paris', '10.2.0.0/16');
  const token = await enrolmentToken(controller, site.id);
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  };
  const otherEdge = other.edges[0]!.id;
  const requests = {
    site: await certificateRequest('CN=Paris'),
    edge: await certificateRequest(`CN=${otherEdge}`),
    authority: await certificateRequest('', [new x509.BasicConstraintsExtension(true)]),
    identity: await certificateRequest('', [
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `patronus:edge:${otherEdge}` }]),
    ]),
    curve: await certificateRequest('', [], { name: 'ECDSA', namedCurve: 'P-384' }),
    rsa: await certificateRequest('', [], rsa),
  };
  for (const [what, { pem }] of Object.entries(requests)) {
    const answer = await postEnrolment(controller, token, pem);
    equal(answer.status, 422, `${what}: ${answer.text}`);
    equal(answer.body.code, 'REQUEST_INVALID');
  }
  const tampered = await certificateRequest();
  const der = Buffer.from(new x509.Pkcs10CertificateRequest(tampered.pem).rawData);
  der[der.length - 1]! ^= 1;
  const broken = new x509.Pkcs10CertificateRequest(der).toString('pem');
  equal((await postEnrolment(controller, token, broken)).status, 422);
  equal((await postEnrolment(controller, token, 'nonsense')).status, 422);
  // None of them used the token up.
  equal((await postEnrolment(controller, token, (await certificateRequest('CN=Berlin')).pem)).status, 201);
});

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

test(
  'port 8444 shows not a byte to whoever has no certificate, a foreign, an expired or a revoked one',
  limit,
  async (t) => {
    let offset = 0;
    const controller = await startTestController(t, { now: () => Date.now() + offset });
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const { answer, key } = berlin.identity;
    const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const foreign: Issuer = { certificate: await makeAuthority(foreignKey, Date.now()), key: foreignKey };
    const { publicKey } = await asCryptoKeyPair(createPrivateKey(key));
    const subject = new x509.PublicKey(await crypto.subtle.exportKey('spki', publicKey));
    const wrongAuthority = await issueEdge(foreign, subject, answer.edgeId, Date.now());
    offset = -200 * DAY_MS;
    const expired = await controller.running.core.authority.issueEdgeCertificate(subject, answer.edgeId);
    offset = 0;
    const attempts = { none: {}, foreign: { key, cert: wrongAuthority.pem }, expired: { key, cert: expired.pem } };
    for (const [what, credentials] of Object.entries(attempts)) {
      equal(await bytesReceived(controller.running.edgePort, answer.certificateAuthority, credentials), 0, what);
    }
    ok(
      (await bytesReceived(controller.running.edgePort, answer.certificateAuthority, {
        key,
        cert: answer.certificate,
      })) > 0,
    );

    await controller.admin('mutation ($input: RevokeEdgeInput!) { revokeEdge(input: $input) { edge { state } } }', {
      input: { edgeId: answer.edgeId },
    });
    equal((await berlin.edge.closed).code, 4401);
    equal(
      await bytesReceived(controller.running.edgePort, answer.certificateAuthority, { key, cert: answer.certificate }),
      0,
      'revoked',
    );
  },
);

/** Application data that comes back on an HTTP request over TLS; a handshake that fails counts as none. */
function bytesReceived(port: number, ca: string, credentials: object): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    const socket = connect({ port, host: '127.0.0.1', ca, servername: CONTROLLER_SERVER_NAME, ...credentials });
    socket.on('data', (data) => {
      count += data.length;
    });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    socket.on('error', () => {});
    socket.on('close', () => resolve(count));
  });
}

test('an edge that speaks as another is closed with 4403 and recorded', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const impostor = await connectEdge(t, controller, berlin.identity, { edgeId: paris.identity.answer.edgeId });
  equal((await impostor.closed).code, 4403);
  const { auditLog } = await controller.admin(
    '{ auditLog(filter: { action: "edge.connect" }) { edges { node { actor outcome subject } } } }',
  );
  deepEqual(auditLog.edges, [
    { node: { actor: 'edge Berlin', outcome: 'WRONG_IDENTITY', subject: paris.identity.answer.edgeId } },
  ]);
});

test('a copied gateway raises an alarm, whether both are alive or the copy comes later', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  berlin.edge.say({ type: 'ping', id: 1 });
  await berlin.edge.hear('pong');
  const twin = await connectEdge(t, controller, berlin.identity, { continuation: berlin.continuation });
  equal((await twin.closed).code, 4409);
  equal(berlin.edge.socket.readyState, berlin.edge.socket.OPEN);
  const active = '{ alarms(filter: { active: true }) { edges { node { id code severity message } } } }';
  const { alarms } = await controller.admin(active);
  equal(alarms.edges[0].node.code, 'EDGE_CLONED');
  match(alarms.edges[0].node.message, /revoke this edge/);

  await berlin.edge.close();
  const again = await connectEdge(t, controller, berlin.identity, { continuation: berlin.continuation });
  await again.hear('welcome');
  again.say({ type: 'ping', id: 2 });
  await again.hear('pong');
  await again.close();
  const copy = await connectEdge(t, controller, berlin.identity, { continuation: berlin.continuation });
  equal((await copy.closed).code, 4409);
  const nothing = await connectEdge(t, controller, berlin.identity, { continuation: null });
  equal((await nothing.closed).code, 4409);
});

test('a gateway that lost the welcome, or restarted, gets in again with what it holds', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  // It never said a word after the welcome: perhaps that one was lost.
  berlin.edge.socket.terminate();
  const second = await connectEdge(t, controller, berlin.identity, { continuation: null });
  const { continuation } = await second.hear('welcome');
  notEqual(continuation, berlin.continuation);
  second.say({ type: 'ping', id: 1 });
  await second.hear('pong');
  second.socket.terminate();
  const third = await connectEdge(t, controller, berlin.identity, { continuation });
  await third.hear('welcome');
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

test('an edge renews its certificate over the channel, and on HTTPS for 30 days after it ran out', limit, async (t) => {
  let offset = 0;
  const controller = await startTestController(t, { now: () => Date.now() + offset });
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const fresh = await certificateRequest();
  berlin.edge.say({ type: 'renew', certificateRequest: fresh.pem });
  const { certificate } = await berlin.edge.hear('renewed');
  equal(new x509.X509Certificate(certificate).subject, `CN=${berlin.identity.answer.edgeId}`);

  const next = await certificateRequest();
  const renewal = (wallMs: number, key = fresh.key) => {
    const proof = sign('sha256', Buffer.from(`patronus renewal v1\n${wallMs}\n${next.pem}`), key).toString('base64');
    return controller.fetch('/api/v1/renewals', posted({ certificate, certificateRequest: next.pem, wallMs, proof }));
  };
  equal((await renewal(Date.now())).status, 200);
  equal((await renewal(Date.now(), berlin.identity.key)).status, 401, 'a proof with another key');
  equal((await renewal(Date.now() - 3_600_000)).status, 401, 'an old request played again');
  offset = (90 + 29) * DAY_MS;
  equal((await renewal(Date.now() + offset)).status, 200);
  offset = (90 + 31) * DAY_MS;
  equal((await renewal(Date.now() + offset)).status, 410);
});

test('a revoked gateway is replaced by a new one that takes over the uplinks', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  await rejects(enrolmentToken(controller, berlin.site.id), /already has a gateway/);
  await controller.admin('mutation ($input: RevokeEdgeInput!) { revokeEdge(input: $input) { edge { state } } }', {
    input: { edgeId: berlin.identity.answer.edgeId },
  });
  const replacement = await enrol(controller, await enrolmentToken(controller, berlin.site.id));
  notEqual(replacement.answer.edgeId, berlin.identity.answer.edgeId);
  const edge = await connectEdge(t, controller, replacement);
  const configuration = await edge.configuration();
  deepEqual(configuration.uplinks.map((uplink) => uplink.id).sort(), berlin.uplinks.map((uplink) => uplink.id).sort());
});

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
