import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import {
  addSite,
  browserHeaders,
  enrolmentToken,
  PASSWORD,
  posted,
  secretOf,
  signUp,
  siteWithEdge,
  startTestController,
  wireguardKey,
} from './fixtures/controller.ts';
import { signIn } from './fixtures/users.ts';

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
