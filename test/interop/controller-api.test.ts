import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnrolmentToken } from '@patronus/protocol';
import { issueServer, makeAuthority } from '../../apps/controller/authority/certificates.ts';
import { addSite, enrolmentToken, eventually, signUp, startTestController } from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

test('health is checked, not claimed: a database that cannot be written makes it not ready', limit, async (t) => {
  const controller = await startTestController(t);
  equal((await controller.fetch('/health/ready')).status, 200);
  equal((await controller.fetch('/health')).body.status, 'ok');
  controller.running.core.store.raw.pragma('query_only = ON');
  const answer = await eventually(
    () => controller.fetch('/health/ready', { headers: { host: '10.0.0.1' } }),
    ({ status }) => status !== 200,
  );
  equal(answer.status, 503);
  match(answer.text, /database: cannot write/);
  equal((await controller.fetch('/health/live')).status, 200);
  controller.running.core.store.raw.pragma('query_only = OFF');
});

test('a full disk answers 507 to writes and 200 to reads, and passes without a restart', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  const { raw } = controller.running.core.store;
  const pages = raw.pragma('page_count', { simple: true }) as number;
  raw.pragma(`max_page_count = ${pages}`);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const uplinks = [{ label: 'internet', interface: 'eth0' }];
  const description = 'x'.repeat(200);
  let status = 200;
  for (let number = 1; status === 200; number++) {
    const input = { name: `Site ${number}`, description, prefixes: [`10.${number}.0.0/16`], uplinks };
    status = (await controller.graphql(add, { input }, headers)).status;
  }
  equal(status, 507);
  equal((await controller.graphql('{ sites { totalCount } }', {}, headers)).status, 200);
  raw.pragma('max_page_count = 1000000');
  const input = { name: 'After', prefixes: ['10.250.0.0/16'], uplinks };
  equal((await controller.graphql(add, { input }, headers)).status, 200);
});

test(
  'the dashboard is served with its assets for ever, the rest afresh, and a clear page when it is not built',
  limit,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pt-dashboard-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const controller = await startTestController(t, { dashboardFolder: folder });
    const missing = await controller.fetch('/');
    equal(missing.status, 503);
    match(missing.text, /npm run build/);
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Patronus</title>');
    writeFileSync(join(folder, 'assets/index-abc123.js'), 'export {};');
    for (const path of ['/', '/sites/site_1', '/setup?token=x']) {
      const page = await controller.fetch(path);
      equal(page.status, 200, path);
      match(page.text, /<title>Patronus/);
      equal(page.headers['cache-control'], 'no-cache');
      match(page.headers['content-security-policy'] as string, /default-src 'self'/);
    }
    const asset = await controller.fetch('/assets/index-abc123.js');
    equal(asset.status, 200);
    match(asset.headers['cache-control'] ?? '', /immutable/);
    equal((await controller.fetch('/assets/index-old.js')).status, 404);
    equal((await controller.fetch('/api/v9/nothing')).status, 404);
    doesNotMatch((await controller.fetch('/..%2f..%2fcontroller/package.json')).text, /@patronus\/controller/);
  },
);

test('a certificate of the user is shown on 8443, and pinned by tokens in place of our own CA', limit, async (t) => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const authority = await makeAuthority(key, Date.now());
  const cert = await issueServer({ certificate: authority, key }, key, ['localhost', '127.0.0.1'], Date.now());
  const tls = {
    cert: `${cert}\n${authority.toString('pem')}`,
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  const controller = await startTestController(t, { tls, trust: authority.toString('pem') });
  const answer = await controller.fetch('/health/live');
  equal(answer.status, 200);
  ok(answer.headers['strict-transport-security'] !== undefined, 'browsers may be told to insist on TLS');
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const token = parseEnrolmentToken(await enrolmentToken(controller, site.id));
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  deepEqual(token?.p, [createHash('sha256').update(spki).digest('hex')]);
  deepEqual(token?.u, [`https://127.0.0.1:${controller.port}`]);
});

test('the audit log comes in pages, newest first, forward and backward, with filters', limit, async (t) => {
  const controller = await startTestController(t);
  for (let number = 1; number <= 5; number++) await addSite(controller, `Site ${number}`, `10.${number}.0.0/16`);
  const page = async (args: string) => {
    const query = `{ auditLog(${args}) { totalCount pageInfo { hasNextPage hasPreviousPage endCursor startCursor } edges { node { subject actor } } } }`;
    return (await controller.admin(query)).auditLog;
  };
  const subjects = (one: { edges: { node: { subject: string } }[] }) =>
    one.edges.map((edge) => edge.node.subject).join();
  const first = await page('first: 2, filter: { action: "site.add" }');
  equal(subjects(first), 'Site 5,Site 4');
  deepEqual([first.totalCount, first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage], [5, true, false]);
  equal(first.edges[0].node.actor, 'local administrator');
  const second = await page(`first: 3, after: "${first.pageInfo.endCursor}"`);
  equal(subjects(second), 'Site 3,Site 2,Site 1');
  equal(second.pageInfo.hasNextPage, false);
  equal(subjects(await page(`last: 2, before: "${second.pageInfo.startCursor}"`)), 'Site 5,Site 4');
  equal(subjects(await page('last: 2')), 'Site 2,Site 1');
  equal((await page('filter: { actor: "someone else" }')).totalCount, 0);
});
