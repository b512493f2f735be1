/** Origin validation in the running speaker: caches over TCP, policies that ask, routes that are judged again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { attribute, encodeUpdate } from '@patronus/bgp';
import { parseAddress, parsePrefix } from '@patronus/net';
import { RpkiCaches } from '@patronus/router/host';
import { BgpRouter, cli } from './fixtures/bgpRouter.ts';
import { freePort, HandmadePeer } from './fixtures/handmadePeer.ts';
import { RtrServer } from './fixtures/rtrServer.ts';
import { eventually } from './fixtures/wireWorld.ts';

const [US, PEER] = ['127.0.0.1', '127.0.0.2'] as const;
const ROUTES = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'] as const;

function announcement(text: string): Uint8Array {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok);
  const attributes = [
    attribute(1, 'igp'),
    attribute(2, [{ type: 'sequence', numbers: [64_501, 65_001] }]),
    attribute(3, Uint8Array.of(192, 0, 2, 1)),
  ];
  const nlri = Uint8Array.of(24, ...prefix.value.bytes.subarray(0, 3));
  return encodeUpdate({ withdrawn: new Uint8Array(0), nlri, attributes }, { isFourOctetAs: true, isExternal: true });
}

const yaml = (port: number, rpki: string) => `router: { as: 64500, identifier: ${US}, listen: ${US}, port: ${port} }
rpki: ${rpki}
policies:
  validated:
    statements:
      - { match: { validation: invalid }, action: reject }
      - { match: { validation: valid }, set: { localPreference: 200 }, action: accept }
      - { set: { localPreference: 50 }, action: accept }
neighbours:
  - { name: peer, address: ${PEER}, as: 64501, passive: true, import: validated }
`;

async function world(context: TestContext) {
  const [port, rtrPort] = [await freePort(), await freePort()];
  const cache = new RtrServer(context);
  const router = new BgpRouter(context);
  const start = (rpki: string) => router.start(yaml(port, rpki));
  return {
    ...{ cache, router, port, rtrPort, start, here: `[{ address: ${US}, port: ${rtrPort}, retry: 1 }]` },
    announce: async () => {
      const options = { local: PEER, remote: US, port, as: 64_501, identifier: 2, holdTime: 0 };
      const peer = await HandmadePeer.establish(context, options);
      for (const text of ROUTES) peer.send(announcement(text));
    },
    /** What became of each route: its state and local preference, or that it was refused. */
    is: (...wanted: readonly string[]) =>
      eventually(`routes to be ${wanted.join(', ')}`, async () => {
        const routes = await router.routes({ all: true });
        const told = routes.map(({ validation, refusal, attributes }) => {
          return `${validation} ${refusal === null ? (attributes['local-preference'] ?? attributes['local-pref']) : refusal}`;
        });
        return told.join() === wanted.join() ? true : undefined;
      }),
  };
}

test('routes are judged by what a cache says, and again when it says otherwise, without a reset', async (context) => {
  const { cache, router, rtrPort, start, here, announce, is } = await world(context);
  cache.change('+192.0.2.0/24 AS65001', '+198.51.100.0/24 AS65002');
  await cache.listen(rtrPort);
  await start(here);
  await router.says(/RPKI cache 127\.0\.0\.1: synchronized at serial 1/);
  await announce();
  await is('valid 200', 'invalid import policy', 'not-found 50');

  // What has changed since, told at a notice.
  cache.change('-198.51.100.0/24 AS65002', '+198.51.0.0/16-24 AS65001');
  await is('valid 200', 'valid 200', 'not-found 50');
  assert.deepEqual(
    cache.queries.map(({ type }) => type),
    [2, 1],
  );

  // It comes back as another one, which knows nothing of before.
  cache.startAnew('192.0.2.0/24 AS65009', '203.0.113.0/24 AS65001');
  await is('invalid import policy', 'not-found 50', 'valid 200');
  assert.deepEqual(
    cache.queries.slice(2).map(({ type }) => type),
    [1, 2],
    'Cache Reset, then everything',
  );
  const [report] = await router.neighbours();
  assert.deepEqual([report!.flaps, report!.state], [0, 'Established']);

  const shown = spawnSync(process.execPath, [cli, 'bgp', 'show', 'rpki', '--socket', router.socket], {
    encoding: 'utf8',
  });
  assert.match(shown.stdout, /127\.0\.0\.1 │ +\d+ │ synchronized │ +100 │/, shown.stderr);
  assert.match(shown.stdout, /2 validated prefixes/);
});

test('a cache that is not there is tried again, one that is gone is still believed, and one that is taken out is not', async (context) => {
  const { cache, router, port, rtrPort, start, here, announce, is } = await world(context);
  await start(here);
  await announce();
  await is('not-found 50', 'not-found 50', 'not-found 50');
  await router.says(/RPKI cache 127\.0\.0\.1: the connection ended/);
  cache.change('+192.0.2.0/24 AS65002');
  await cache.listen(rtrPort);
  await is('invalid import policy', 'not-found 50', 'not-found 50');
  await cache.close();
  await eventually('the router to notice', async () => {
    const [report] = (await router.ask({ command: 'rpki' })) as { caches: { state: string }[] }[];
    return report!.caches[0]!.state === 'synchronized' ? undefined : true;
  });
  await is('invalid import policy', 'not-found 50', 'not-found 50');
  router.write(yaml(port, '[]'));
  await router.ask({ command: 'reload' });
  await is('not-found 50', 'not-found 50', 'not-found 50');
});

test('what a cache said counts for nothing once it has expired', async (context) => {
  const port = await freePort();
  const cache = new RtrServer(context);
  cache.intervals = { refreshS: 599, retryS: 1, expireS: 600 };
  cache.change('+192.0.2.0/24 AS65001');
  await cache.listen(port);
  let aheadMs = 0;
  let changes = 0;
  const lines: string[] = [];
  const events = { changed: () => (changes += 1), log: (line: string) => lines.push(line) };
  const caches = new RpkiCaches(events, () => performance.now() + aheadMs);
  context.after(() => caches.stop());
  const address = parseAddress('127.0.0.1')!;
  caches.follow([{ address, port, retryS: 1 }]);
  await eventually('the data', () => (caches.report().payloads === 1 && changes === 1 ? true : undefined));
  const judge = () => caches.table.validate(Uint8Array.of(192, 0, 2, 0), 24, 65_001);
  assert.equal(judge(), 'valid');
  // Ten minutes later by our clock, with a cache that hangs up at every try.
  aheadMs = 600_001;
  await cache.close();
  await eventually('it to expire', () => (judge() === 'not-found' ? true : undefined));
  assert.ok(lines.some((line) => line.includes('its data has expired')));
  await eventually('routes to be judged again', () => (changes === 2 ? true : undefined));
  assert.equal(caches.report().caches[0]!.ageMs, null);
});
