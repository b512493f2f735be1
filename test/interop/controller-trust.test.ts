/** Whom the controller believes: tokens, certificates, copies, renewals. */
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { CONTROLLER_SERVER_NAME } from '@patronus/protocol';
import { type Issuer, issueEdge, makeAuthority } from '../../apps/controller/authority/certificates.ts';
import { asCryptoKeyPair } from '../../apps/controller/authority/keys.ts';
import * as x509 from '../../apps/controller/authority/x509.ts';
import {
  addSite,
  certificateRequest,
  connectEdge,
  enrol,
  enrolmentToken,
  postEnrolment,
  posted,
  siteWithEdge,
  startTestController,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };
const DAY_MS = 86_400_000;

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
