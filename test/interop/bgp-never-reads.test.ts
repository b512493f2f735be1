/** A peer that takes nothing of what it is sent (attack 25): it costs no memory, and is gone when the send hold time is over. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { BgpRouter } from './fixtures/bgpRouter.ts';
import { feed, residentBytes } from './fixtures/bulkyRoutes.ts';
import { freePort, HandmadePeer } from './fixtures/handmadePeer.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

const [US, FEEDER, DEAF, READER] = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;
const ROUTES = 6_000;

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
  // Where the next hop of the routes is.
  ip('link', 'add', 'ptdeaf', 'type', 'veth', 'peer', 'name', 'ptdeaf2');
  for (const device of ['ptdeaf', 'ptdeaf2']) ip('link', 'set', device, 'up');
  ip('addr', 'add', '192.0.2.254/24', 'dev', 'ptdeaf');
});

test('a peer that never reads is closed after the send hold time, costs no memory, and others do not notice', {
  skip: skipWithoutRoot,
}, async (context) => {
  const port = await freePort();
  const router = new BgpRouter(context);
  const neighbour = (name: string, address: string, as: number, more: string) =>
    `  - { name: ${name}, address: ${address}, as: ${as}, passive: true, ${more} }\n`;
  await router.start(`router: { as: 64500, identifier: ${US}, listen: ${US}, port: ${port} }
neighbours:
${neighbour('feeder', FEEDER, 64_501, 'import: accept')}\
${neighbour('deaf', DEAF, 64_500, 'export: accept, sendHoldTime: 10')}\
${neighbour('reader', READER, 64_500, 'export: accept, sendHoldTime: 10')}`);
  const to = { remote: US, port };
  const deaf = await HandmadePeer.establish(context, { ...to, local: DEAF, as: 64_500, identifier: 3 });
  const reader = await HandmadePeer.establish(context, { ...to, local: READER, as: 64_500, identifier: 4 });
  const feeder = await HandmadePeer.establish(context, { ...to, local: FEEDER, as: 64_501, identifier: 2 });
  deaf.deafen();
  await feed(feeder, ROUTES);
  await router.is('feeder', 'known in full', ({ families }) => families[0]!.received === ROUTES);
  const before = residentBytes(router.pid);
  const down = await router.is('deaf', 'down', ({ state, flaps }) => state !== 'Established' && flaps === 1);
  assert.deepEqual(down.lastCode, [8, 0]);
  assert.match(down.lastError!, /send hold timer expired/);
  await router.says(/deaf: the session is down: send hold timer expired/);
  const grown = residentBytes(router.pid) - before;
  assert.ok(grown < 64 * 2 ** 20, `${grown} bytes more`);
  const others = (await router.neighbours()).filter(({ name }) => name !== 'deaf');
  assert.deepEqual(
    others.map(({ flaps }) => flaps),
    [0, 0],
  );
  // What the reader was told is what there is, whoever else does not read.
  await eventually('the reader to hear all', () =>
    reader.ended === undefined && reader.received.length > ROUTES ? true : undefined,
  );
  deaf.listen();
  await eventually('the connection to end', () => deaf.ended);
});
