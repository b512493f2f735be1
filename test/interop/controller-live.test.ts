import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { addSite, eventually, signUp, startTestController, type TestController } from './fixtures/controller.ts';
import { userWith } from './fixtures/users.ts';

const limit = { timeout: 30_000 };

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
