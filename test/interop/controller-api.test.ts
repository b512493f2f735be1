import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnrolmentToken } from '@patronus/protocol';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { issueServer, makeAuthority } from '../../apps/controller/authority/certificates.ts';
import { schema } from '../../apps/controller/graphql/schema.ts';
import { mayDo } from '../../apps/controller/services/permissions.ts';
import { openSession } from '../../apps/controller/services/sessions.ts';
import type { RoleName } from '../../apps/controller/store/tables.ts';
import {
  addSite,
  browserHeaders,
  enrol,
  enrolmentToken,
  eventually,
  PASSWORD,
  posted,
  secretOf,
  signUp,
  siteWithEdge,
  startTestController,
  type TestController,
  wireguardKey,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

test(
  'the first administrator is made once, with the link of this start only, and can sign out and in again',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const create =
      'mutation ($input: CreateFirstAdministratorInput!) { createFirstAdministrator(input: $input) { user { id } } }';
    const input = { token: 'x'.repeat(43), name: 'Ada', email: 'ada@example.org', password: PASSWORD };
    equal((await controller.graphql(create, { input })).status, 401);
    equal((await controller.graphql(create, { input: { ...input, password: 'short' } })).status, 422);
    const headers = await signUp(controller);
    equal((await controller.graphql(create, { input })).status, 409);
    const me = await controller.graphql('{ me { email role } setup { needed } }', {}, headers);
    deepEqual(me.body.data, { me: { email: 'ada@example.org', role: 'ADMINISTRATOR' }, setup: { needed: false } });

    const out = await controller.graphql('mutation { signOut }', {}, headers);
    match(out.headers['set-cookie']?.[0] ?? '', /Max-Age=0/);
    equal((await controller.graphql('{ sites { totalCount } }', {}, headers)).status, 401);
    const back = await signIn(controller, 'ADA@example.org', PASSWORD);
    const cookie = back.headers['set-cookie']?.[0] ?? '';
    for (const part of ['__Host-patronus=', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/'])
      ok(cookie.includes(part), part);
    const bearer = { authorization: `Bearer ${secretOf(browserHeaders(back))}` };
    equal((await controller.graphql('{ sites { totalCount } }', {}, bearer)).status, 200);
    equal((await controller.restart()).running.setupUrl, null);
  },
);

function signIn(controller: TestController, email: string, password: string, localAddress?: string) {
  return controller.graphql(
    'mutation ($input: SignInInput!) { signIn(input: $input) { user { email } expiresAt } }',
    { input: { email, password } },
    {},
    localAddress,
  );
}

test('wrong method, content type, CSRF header, origin or host is refused before anything runs', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  const body = JSON.stringify({ query: 'mutation { signOut }' });
  const json = { 'content-type': 'application/json' };
  const path = '/api/v2/graphql';
  const send = (more: object) =>
    controller.fetch(path, { method: 'POST', body, headers: { ...json, ...headers }, ...more });
  equal((await controller.fetch(`${path}?query=mutation{signOut}`, { headers })).status, 405);
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
    equal((await send({ headers: { ...headers, 'content-type': type } })).status, 415, type);
  }
  equal((await send({ headers: { ...json, cookie: headers.cookie } })).status, 403);
  equal((await send({ headers: { ...json, ...headers, origin: 'https://evil.example' } })).status, 403);
  equal((await send({ headers: { ...json, ...headers, origin: 'null' } })).status, 403);
  equal((await send({ headers: { ...json, ...headers, host: 'rebound.example' } })).status, 421);
  equal((await controller.fetch('/', { headers: { host: 'rebound.example' } })).status, 421);
  equal(
    (await controller.graphql('{ me { email } }', {}, headers)).body.data.me.email,
    'ada@example.org',
    'still signed in',
  );
  equal(
    (
      await send({
        headers: {
          ...json,
          ...headers,
          origin: `https://localhost:${controller.port}`,
          host: `localhost:${controller.port}`,
        },
      })
    ).status,
    200,
  );

  for (const [expected, upgrade] of [
    [403, { origin: 'https://evil.example', cookie: headers.cookie }],
    [421, { host: 'rebound.example', cookie: headers.cookie }],
    [401, {}],
  ] as const) {
    const socket = new WebSocket(`wss://127.0.0.1:${controller.port}/api/v2/graphql/ws`, 'graphql-transport-ws', {
      headers: upgrade as Record<string, string>,
      rejectUnauthorized: false,
    });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    equal(response.statusCode, expected);
    socket.terminate();
  }
});

test('bombs are refused with 400 before any resolver, introspection without signing in with 401', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  const nested = (depth: number): string => (depth === 0 ? 'id' : `tunnels { a { site { ${nested(depth - 1)} } } }`);
  const bombs = {
    depth: `{ sites { edges { node { ${nested(6)} } } } }`,
    cost: '{ sites(first: 1000) { edges { node { tunnels { history { at } a { site { tunnels { id } } } } } } } }',
    aliases: `{ ${Array.from({ length: 60 }, (_, index) => `a${index}: overview { activeAlarms }`).join(' ')} }`,
    tokens: `{ ${'me { id } '.repeat(2000)} }`,
    cycle: 'query { ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
    long: `{ me { id } } # ${'x'.repeat(70_000)}`,
  };
  for (const [what, query] of Object.entries(bombs)) {
    const answer = await controller.graphql(query, {}, headers);
    equal(answer.status, 400, `${what}: ${answer.text.slice(0, 300)}`);
  }
  const batch = await controller.fetch('/api/v2/graphql', posted([{ query: '{ me { id } }' }], headers));
  equal(batch.status, 400);
  equal((await controller.graphql('{ __schema { types { name } } }')).status, 401);
  equal((await controller.graphql('{ __schema { queryType { name } } }', {}, headers)).status, 200);
  equal((await controller.graphql('{ sites { totalCount } }')).body.errors[0].extensions.code, 'UNAUTHENTICATED');
});

test('a fault inside shows a request id and neither stack nor SQL', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  await controller.running.core.store.db.schema.alterTable('audit').renameTo('audit_gone').execute();
  const answer = await controller.graphql('{ auditLog { totalCount } }', {}, headers);
  equal(answer.status, 500);
  const [error] = answer.body.errors;
  equal(error.extensions.code, 'INTERNAL');
  doesNotMatch(answer.text, /audit_gone|no such table|select|\.ts|node_modules|at /i);
  ok(controller.log().includes(error.extensions.requestId), 'the log knows the request id');
  await controller.running.core.store.db.schema.alterTable('audit_gone').renameTo('audit').execute();
});

test('guessing a password ends in 429, and the real user gets in from another address', limit, async (t) => {
  const controller = await startTestController(t);
  await signUp(controller);
  const guesses = [];
  for (let count = 0; count < 6; count++)
    guesses.push(await signIn(controller, 'ada@example.org', `guess number ${count}`, '127.0.0.2'));
  deepEqual(
    guesses.map((answer) => answer.status),
    [401, 401, 401, 401, 401, 429],
  );
  ok(Number(guesses.at(-1)?.headers['retry-after']) > 0);
  equal((await signIn(controller, 'ada@example.org', PASSWORD, '127.0.0.2')).status, 429, 'also with the right one');
  equal((await signIn(controller, 'ada@example.org', PASSWORD, '127.0.0.3')).status, 200);
});

const sampleInputs = (ids: {
  siteId: string;
  edgeId: string;
  peerId: string;
  alarmId: string;
}): Record<string, object | undefined> => ({
  createFirstAdministrator: { token: 'x', name: 'Eve', email: 'eve@example.org', password: PASSWORD },
  signIn: { email: 'nobody@example.org', password: PASSWORD },
  signOut: undefined,
  addSite: {
    name: `Site ${randomBytes(3).toString('hex')}`,
    prefixes: [`10.${randomBytes(1)[0]}.0.0/24`],
    uplinks: [{ label: 'internet', interface: 'eth0' }],
  },
  updateSite: { id: ids.siteId, description: 'changed' },
  removeSite: { id: ids.siteId },
  createEnrolmentToken: { siteId: ids.siteId },
  revokeEdge: { edgeId: ids.edgeId },
  addPeer: { siteId: ids.siteId, name: 'laptop', publicKey: wireguardKey(), address: '10.1.0.9' },
  removePeer: { id: ids.peerId },
  acknowledgeAlarm: { id: ids.alarmId },
});

const actionOf = {
  createFirstAdministrator: 'administrator.create',
  signIn: 'session.create',
  signOut: 'session.end',
  addSite: 'site.add',
  updateSite: 'site.update',
  removeSite: 'site.remove',
  createEnrolmentToken: 'token.create',
  revokeEdge: 'edge.revoke',
  addPeer: 'peer.add',
  removePeer: 'peer.remove',
  acknowledgeAlarm: 'alarm.acknowledge',
} as const;

function documentOf(mutation: string): string {
  const field = schema.getMutationType()!.getFields()[mutation]!;
  const input = field.args.find((argument) => argument.name === 'input');
  return input === undefined
    ? `mutation { ${mutation} }`
    : `mutation ($input: ${input.type}) { ${mutation}(input: $input) { __typename } }`;
}

/** A user with this role, signed in. */
async function userWith(controller: TestController, role: RoleName): Promise<Record<string, string>> {
  const { store, organisation } = controller.running.core;
  const id = `user_${role.toLowerCase()}_${randomBytes(4).toString('hex')}`;
  await store.db
    .insertInto('user')
    .values({
      id,
      organisation,
      name: role,
      email: `${id}@example.org`,
      role,
      password_hash: '-',
      disabled: 0,
      created_at: 0,
    })
    .execute();
  const { secret } = await openSession(store.db, organisation, id, Date.now());
  return { authorization: `Bearer ${secret}` };
}

test(
  'every mutation asks the one permission table, for every role, and every call by a person leaves an audit row',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    await signUp(controller);
    const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
    const ids = { siteId: site.id, edgeId: site.edges[0]!.id, peerId: 'peer_none', alarmId: 'alarm_none' };
    const mutations = Object.keys(schema.getMutationType()!.getFields());
    deepEqual(mutations.sort(), Object.keys(actionOf).sort(), 'each mutation of the schema is in this table');
    const { db } = controller.running.core.store;
    for (const role of [undefined, 'VIEWER', 'OPERATOR', 'ADMINISTRATOR'] as const) {
      for (const mutation of mutations.filter((name) => name !== 'removeSite' || role !== 'ADMINISTRATOR')) {
        const headers = role === undefined ? {} : await userWith(controller, role);
        const action = actionOf[mutation as keyof typeof actionOf];
        const before = await db
          .selectFrom('audit')
          .select((e) => e.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        const sites = await db.selectFrom('site').selectAll().execute();
        const answer = await controller.graphql(documentOf(mutation), { input: sampleInputs(ids)[mutation] }, headers);
        const code = answer.body.errors?.[0]?.extensions.code ?? 'OK';
        const what = `${role ?? 'nobody'} ${mutation}: ${answer.text}`;
        if (mayDo(role, action)) ok(!['FORBIDDEN', 'UNAUTHENTICATED'].includes(code), what);
        else {
          equal(code, role === undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN', what);
          equal(answer.status, role === undefined ? 401 : 403, what);
          deepEqual(await db.selectFrom('site').selectAll().execute(), sites, what);
        }
        if (code === 'INTERNAL' || code === 'INVALID_QUERY') throw new Error(what);
        if (role === undefined && code === 'UNAUTHENTICATED') continue;
        const rows = await db.selectFrom('audit').selectAll().orderBy('number').execute();
        equal(rows.length, Number(before.count) + 1, what);
        equal(rows.at(-1)?.action, action);
        equal(rows.at(-1)?.outcome, code, what);
      }
    }
  },
);

test('extra fields in an input are refused and change nothing', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await userWith(controller, 'OPERATOR');
  const answer = await controller.graphql(
    'mutation ($input: SignInInput!) { signIn(input: $input) { user { id } } }',
    { input: { email: 'a@example.org', password: 'x', role: 'ADMINISTRATOR' } },
    headers,
  );
  equal(answer.status, 400);
});

test('shell characters in names, interfaces and uplinks are refused with 422 and name the field', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const good = { name: 'Berlin', prefixes: ['10.1.0.0/16'], uplinks: [{ label: 'internet', interface: 'eth0' }] };
  const cases = [
    ['name', { ...good, name: 'Berlin; rm -rf /' }],
    ['name', { ...good, name: '$(id)' }],
    ['name', { ...good, name: '-flag' }],
    ['name', { ...good, name: 'a\nb' }],
    ['uplinks.0.interface', { ...good, uplinks: [{ label: 'internet', interface: 'eth0|id' }] }],
    ['uplinks.0.label', { ...good, uplinks: [{ label: '`id`', interface: 'eth0' }] }],
    [
      'uplinks.0.publicEndpoints.0',
      { ...good, uplinks: [{ label: 'a', interface: 'eth0', publicEndpoints: ['$(id):1'] }] },
    ],
    ['prefixes.0', { ...good, prefixes: ['10.1.0.0/16; id'] }],
  ] as const;
  for (const [field, input] of cases) {
    const answer = await controller.adminRaw(add, { input });
    equal(answer.status, 422, JSON.stringify(input));
    equal(answer.body.errors[0].extensions.code, 'INVALID_INPUT');
    ok(field in answer.body.errors[0].extensions.fields, `${field}: ${answer.text}`);
  }
  equal((await controller.adminRaw(add, { input: { ...good, name: 'Łódź St. Mary_2-a' } })).status, 200);
});

test('duplicate names and the same LAN at two sites are refused with both names', limit, async (t) => {
  const controller = await startTestController(t);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  const paris = await addSite(controller, 'Paris', '10.2.0.0/16');
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const uplinks = [{ label: 'internet', interface: 'eth0' }];
  const name = await controller.adminRaw(add, { input: { name: 'berlin', prefixes: ['10.9.0.0/16'], uplinks } });
  equal(name.status, 409);
  match(name.text, /Berlin/);
  const prefix = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['10.1.0.0/16'], uplinks } });
  equal(prefix.status, 409);
  for (const word of [/Berlin/, /Rome/, /10\.1\.0\.0\/16/]) match(prefix.body.errors[0].message, word);
  match(prefix.body.errors[0].extensions.fields.prefixes, /10\.1\.0\.0\/16 is a LAN of Berlin and of Rome/);
  const update = await controller.adminRaw(
    'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { site { id } } }',
    {
      input: { id: paris.id, prefixes: ['10.1.0.0/16'] },
    },
  );
  equal(update.status, 409);
  const { sites } = await controller.admin('{ sites { edges { node { name prefixes { prefix } } } } }');
  deepEqual(sites.edges, [
    { node: { name: 'Berlin', prefixes: [{ prefix: '10.1.0.0/16' }] } },
    { node: { name: 'Paris', prefixes: [{ prefix: '10.2.0.0/16' }] } },
  ]);
});

test('what the fabric refuses is said at the field of the form that it is about', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const good = {
    name: 'Berlin',
    prefixes: ['10.1.0.0/16'],
    uplinks: [
      { label: 'internet', interface: 'eth0', port: 51820 },
      { label: 'lte', interface: 'wwan0', port: 51821 },
    ],
  };
  const [first, second] = good.uplinks;
  const wrong = [
    { field: 'prefixes', words: /default route/, input: { prefixes: ['0.0.0.0/0'] } },
    { field: 'prefixes', words: /fabric address/, input: { prefixes: ['100.127.0.0/16'] } },
    { field: 'uplinks', words: /same UDP port/, input: { uplinks: [first, { ...second, port: 51820 }] } },
    { field: 'uplinks', words: /same interface/, input: { uplinks: [first, { ...second, interface: 'eth0' }] } },
    { field: 'uplinks', words: /own label/, input: { uplinks: [first, { ...second, label: 'Internet' }] } },
  ];
  for (const { field, words, input } of wrong) {
    const { status, body } = await controller.adminRaw(add, { input: { ...good, ...input } });
    equal(status, 409, JSON.stringify(body));
    const { fields } = body.errors[0].extensions;
    deepEqual(Object.keys(fields), [field]);
    match(fields[field], words);
  }
});

test(
  'adding or changing a site tells what about it deserves a second look, and nothing of others',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } warnings } }';
    const update = 'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { warnings } }';
    const one = [{ label: 'internet', interface: 'eth0' }];
    const { addSite: paris } = await controller.admin(add, {
      input: { name: 'Paris', prefixes: ['10.2.0.0/16'], uplinks: one },
    });
    equal(paris.warnings.length, 1);
    match(paris.warnings[0], /Paris has one uplink/);
    const { updateSite: untouched } = await controller.admin(update, { input: { id: berlin.site.id, location: 'DE' } });
    deepEqual(untouched.warnings, []);

    await enrol(controller, await enrolmentToken(controller, paris.site.id));
    await controller.running.core.store.db
      .updateTable('uplink')
      .set({ public_key: wireguardKey() })
      .where('public_key', 'is', null)
      .execute();
    const apart = [
      { label: 'mpls-1', interface: 'eth0', domain: 'mpls' },
      { label: 'mpls-2', interface: 'eth1', domain: 'mpls' },
    ];
    const { updateSite: moved } = await controller.admin(update, { input: { id: paris.site.id, uplinks: apart } });
    deepEqual(moved.warnings, [], 'without a key of its gateway nothing is expected to reach it');
    await controller.running.core.store.db
      .updateTable('uplink')
      .set({ public_key: wireguardKey() })
      .where('public_key', 'is', null)
      .execute();
    const { updateSite: apartNow } = await controller.admin(update, { input: { id: paris.site.id, location: 'FR' } });
    equal(apartNow.warnings.length, 1);
    match(apartNow.warnings[0], /Berlin and Paris have no pair of uplinks/);
  },
);

test('a prefix written in two ways is one prefix, and two uplinks of a site need two labels', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { prefixes { prefix } } } }';
  const uplinks = [{ label: 'internet', interface: 'eth0' }];
  const { addSite: added } = await controller.admin(add, {
    input: { name: 'Berlin', prefixes: ['2001:DB8:0::/48'], uplinks },
  });
  deepEqual(added.site.prefixes, [{ prefix: '2001:db8::/48' }]);
  const twice = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['2001:db8::/48'], uplinks } });
  equal(twice.status, 409);
  const labels = [...uplinks, { label: 'Internet', interface: 'eth1' }];
  const same = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['10.2.0.0/16'], uplinks: labels } });
  equal(same.status, 409);
  match(same.text, /its own label/);
});

test('two editors do not overwrite each other', limit, async (t) => {
  const controller = await startTestController(t);
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const update = 'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { site { revision } } }';
  equal(
    (await controller.adminRaw(update, { input: { id: site.id, revision: site.revision, location: 'Berlin, DE' } }))
      .status,
    200,
  );
  const late = await controller.adminRaw(update, {
    input: { id: site.id, revision: site.revision, location: 'Paris, FR' },
  });
  equal(late.status, 409);
  equal(late.body.errors[0].extensions.code, 'STALE_REVISION');
});

test(
  'a stock peer gets a wg-quick file, an address out of the LAN, and its site a new configuration',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    await berlin.edge.configuration();
    await eventually(
      () => controller.admin('{ siteByName(name: "Berlin") { uplinks { publicKey } } }'),
      (data) => data.siteByName.uplinks[0].publicKey !== null,
    );
    const add = 'mutation ($input: AddPeerInput!) { addPeer(input: $input) { peer { id address } configuration } }';
    const input = {
      siteId: berlin.site.id,
      name: 'laptop',
      publicKey: wireguardKey(),
      address: '10.1.0.200',
      presharedKey: wireguardKey(),
    };
    const { addPeer } = await controller.admin(add, { input });
    equal(addPeer.peer.address, '10.1.0.200/32');
    match(addPeer.configuration, /Address = 10\.1\.0\.200\/32/);
    match(addPeer.configuration, /AllowedIPs = 10\.1\.0\.0\/16/);
    match(addPeer.configuration, new RegExp(`Endpoint = ${berlin.uplinks[0]!.endpoints[0]!.replaceAll('.', '\\.')}`));
    ok(addPeer.configuration.includes(`PublicKey = ${berlin.uplinks[0]!.publicKey}`));
    const { peers } = await berlin.edge.configuration((one) => one.peers.length === 1);
    equal(peers[0]!.publicKey, input.publicKey);
    equal(peers[0]!.presharedKey, input.presharedKey);
    await addSite(controller, 'Paris', '10.2.0.0/16');
    const outside = await controller.adminRaw(add, {
      input: { ...input, name: 'other', publicKey: wireguardKey(), address: '10.2.0.1' },
    });
    equal(outside.status, 422);
    match(outside.text, /Paris/);
    const again = await controller.adminRaw(add, { input: { ...input, name: 'other', publicKey: wireguardKey() } });
    equal(again.status, 409);
  },
);

test('secrets are in no answer, no log line and no database file', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await addSite(controller, 'Paris', '10.2.0.0/16');
  const token = await enrolmentToken(controller, paris.id);
  const preshared = wireguardKey();
  await controller.admin('mutation ($input: AddPeerInput!) { addPeer(input: $input) { configuration } }', {
    input: {
      siteId: berlin.site.id,
      name: 'laptop',
      publicKey: wireguardKey(),
      address: '10.1.0.9',
      presharedKey: preshared,
    },
  });
  await signIn(controller, 'ada@example.org', 'a wrong secret password');
  await controller.fetch('/api/v1/enrolments', posted({ secret: 'wrong-secret-of-a-token', certificateRequest: 'x' }));
  const tokenSecret = JSON.parse(Buffer.from(token.slice(5), 'base64url').toString()).s as string;
  const passwordHash = (
    await controller.running.core.store.db.selectFrom('user').select('password_hash').executeTakeFirstOrThrow()
  ).password_hash;
  const keys = readdirSync(controller.directory).filter((name) => name.endsWith('.key'));
  equal(keys.length, 4);
  const secrets = {
    password: PASSWORD,
    'wrong password': 'a wrong secret password',
    session: secretOf(headers),
    'enrolment token': tokenSecret,
    'setup token': new URL(controller.running.setupUrl!).searchParams.get('token')!,
    continuation: berlin.continuation,
    ...Object.fromEntries(
      keys.map((name) => [name, readFileSync(join(controller.directory, name), 'utf8').split('\n')[1]!]),
    ),
  };
  const shown = {
    'password hash': passwordHash,
    'preshared key': preshared,
  };
  const everything = `{ sites { edges { node { id name description edges { id name configurationError } uplinks { id publicKey addresses }
    peers { id name publicKey address configuration } } } } auditLog(first: 1000) { edges { node { actor action subject outcome sourceAddress } } }
    alarms { edges { node { message } } } me { id name email } }`;
  const places: Record<string, string> = { log: controller.log() };
  places.queries = (await controller.graphql(everything, {}, headers)).text;
  for (const path of ['/health', '/metrics', '/health/ready']) places[path] = (await controller.fetch(path)).text;
  for (const [place, text] of Object.entries(places)) {
    for (const [what, secret] of Object.entries({ ...secrets, ...shown }))
      ok(!text.includes(secret), `${what} in ${place}`);
  }
  await controller.running.close();
  for (const name of ['config.db', 'telemetry.db']) {
    const text = readFileSync(join(controller.directory, name), 'latin1');
    for (const [what, secret] of Object.entries(secrets)) ok(!text.includes(secret), `${what} in ${name}`);
  }
  for (const name of [...keys, 'config.db'])
    equal(statSync(join(controller.directory, name)).mode & 0o077, 0, `${name} is private`);
});

function liveClient(t: TestContext, controller: TestController, headers: Record<string, string>) {
  class Socket extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { headers, rejectUnauthorized: false });
    }
  }
  const closes: { code: number }[] = [];
  const client = createClient({
    url: `wss://127.0.0.1:${controller.port}/api/v2/graphql/ws`,
    webSocketImpl: Socket,
    retryAttempts: 0,
    on: { closed: (event) => void closes.push(event as { code: number }) },
  });
  t.after(() => client.dispose());
  return { client, closes };
}

test('a live query gives its first value at once and a new one when something changed', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await signUp(controller);
  const { client } = liveClient(t, controller, headers);
  const names = client.iterate<{ sites: { edges: { node: { name: string } }[] } }>({
    query: 'subscription { sites { edges { node { name } } } }',
  });
  const other = client.iterate({ query: 'subscription { sites { edges { node { name } } } }' });
  const next = async () =>
    (await names.next()).value?.data?.sites.edges.map((edge: { node: { name: string } }) => edge.node.name);
  deepEqual(await next(), []);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  deepEqual(await next(), ['Berlin']);
  await addSite(controller, 'Paris', '10.2.0.0/16');
  deepEqual(await next(), ['Berlin', 'Paris']);
  deepEqual((await other.next()).value?.data?.sites !== undefined, true);
  const wrong = await client
    .iterate({ query: 'subscription { nonsense }' })
    .next()
    .catch((error: unknown) => error);
  match(JSON.stringify(wrong), /nonsense/);
  await names.return?.();
  await other.return?.();
});

test('a live query that is refused costs its own answer and not the connection', limit, async (t) => {
  const controller = await startTestController(t);
  await signUp(controller);
  const { client, closes } = liveClient(t, controller, await userWith(controller, 'VIEWER'));
  const sites = client.iterate({ query: 'subscription { sites { totalCount } }' });
  deepEqual((await sites.next()).value?.data, { sites: { totalCount: 0 } });
  const refused = await client
    .iterate({ query: 'subscription { auditLog { totalCount } }' })
    .next()
    .catch((error: unknown) => error);
  match(JSON.stringify(refused), /FORBIDDEN/);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  deepEqual((await sites.next()).value?.data, { sites: { totalCount: 1 } });
  deepEqual(closes, []);
  await sites.return?.();
});

test('sockets of people who signed out, were disabled or demoted close with 4403', { timeout: 60_000 }, async (t) => {
  const controller = await startTestController(t);
  await signUp(controller);
  const { db } = controller.running.core.store;
  const cases: Record<string, (headers: Record<string, string>) => Promise<unknown>> = {
    'signed out': (headers) => controller.graphql('mutation { signOut }', {}, headers),
    disabled: () => db.updateTable('user').set({ disabled: 1 }).where('role', '=', 'OPERATOR').execute(),
    demoted: () =>
      db.updateTable('user').set({ role: 'VIEWER' }).where('role', '=', 'OPERATOR').where('disabled', '=', 0).execute(),
  };
  for (const [what, end] of Object.entries(cases)) {
    const headers = await userWith(controller, 'OPERATOR');
    const { client, closes } = liveClient(t, controller, headers);
    const values = client.iterate({ query: 'subscription { overview { activeAlarms } }' });
    await values.next();
    const startedAt = performance.now();
    await end(headers);
    await eventually(
      () => closes.length,
      (count) => count > 0,
    );
    equal(closes[0]!.code, 4403, what);
    ok(performance.now() - startedAt < 5_000, what);
    await values.return?.();
  }
});

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
