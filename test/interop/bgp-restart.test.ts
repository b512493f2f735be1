/** Graceful restart of our own (RFC 4724): the speaker is killed, the kernel forwards on, neighbours keep what they knew. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  attribute,
  type Capability,
  capabilityOf,
  decodeOpen,
  decodeUpdate,
  encodeUpdate,
  IPV4_UNICAST,
  MessageType,
} from '@patronus/bgp';
import { bird } from './bgp-daemons/bird.ts';
import { OWN } from './bgp-daemons/daemon.ts';
import { BgpRouter } from './fixtures/bgpRouter.ts';
import { BgpWorld, OUR_PREFIX, THEIRS } from './fixtures/bgpWorld.ts';
import { HandmadePeer } from './fixtures/handmadePeer.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

const [US, PEER] = ['10.98.0.1', '10.98.0.2'] as const;
const TABLE = '981';
const nothing = new Uint8Array(0);
const context4 = { isFourOctetAs: true, isExternal: true };
const graceful: Capability = {
  ...{ code: 64, restarting: false, notification: false, restartTime: 60 },
  families: [{ family: IPV4_UNICAST, forwarding: true }],
};

test('BIRD: what it has of us stays while our speaker is killed and comes again, and so does what the kernel has of it', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BgpWorld(context, 'gr');
  const peer = await bird.start(world, {});
  await world.route('holdTime: 30');
  await world.established();
  await world.learns(OWN[4]);
  const theyHave = async () => (await peer.paths(OUR_PREFIX[4])).length > 0;
  const kernelHas = () => world.kernel(4).includes(OWN[4]);
  await eventually('both to have all', async () => ((await theyHave()) && kernelHas() ? true : undefined));

  await world.stop('SIGKILL');
  let looks = 0;
  const look = async () => {
    looks += 1;
    assert.ok(await theyHave(), 'BIRD has what we told it');
    assert.ok(kernelHas(), 'the kernel has what BIRD told us');
  };
  for (; looks < 10; await pause(50)) await look();
  const isBack = world.route('holdTime: 30').then(() => world.established());
  let isDone = false;
  void isBack.finally(() => {
    isDone = true;
  });
  for (; !isDone; await pause(50)) await look();
  await isBack;
  await world.learns(OWN[4]);
  for (const end = looks + 20; looks < end; await pause(50)) await look();

  // One of two reasons why ours goes first (packages/router/host/restart.ts). The third neighbour has not come, so nothing is told anew yet.
  await context.test('one more connection is one more restart to BIRD: what it has kept goes', async () => {
    const connect = `exec 3<>/dev/tcp/${THEIRS[4]}/179; sleep 1`;
    world.exec(world.ours, 'bash', '-c', connect);
    await eventually('BIRD to drop it', async () => ((await theyHave()) ? undefined : true));
  });
});

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
  ip('link', 'add', 'ptgr', 'type', 'veth', 'peer', 'name', 'ptgr2');
  for (const device of ['ptgr', 'ptgr2']) ip('link', 'set', device, 'up');
  ip('addr', 'add', `${US}/24`, 'dev', 'ptgr');
  ip('addr', 'add', `${PEER}/32`, 'dev', 'lo');
});

const table = () => spawnSync('ip', ['route', 'show', 'table', TABLE], { encoding: 'utf8' }).stdout;

async function killed(context: TestContext) {
  const router = new BgpRouter(context);
  const yaml = `router: { as: 64500, identifier: ${US}, listen: ${US} }
kernel: { table: ${TABLE} }
networks: [198.51.100.0/24]
neighbours:
  - { name: peer, address: ${PEER}, as: 64501, passive: true, import: accept, export: accept, gracefulRestart: { restartTime: 60 } }
`;
  const capabilities = [{ code: 1, family: IPV4_UNICAST } as const, graceful];
  const options = { local: PEER, remote: US, port: 179, as: 64_501, identifier: 2, holdTime: 0, capabilities };
  // It answers its control socket before it listens, and refuses a neighbour that it believes to be there still.
  const join = () =>
    eventually('the peer to be let in', () => HandmadePeer.establish(context, options).catch(() => undefined));
  await router.start(yaml);
  const peer = await join();
  for (const last of [1, 2]) peer.send(route(last));
  await eventually('the kernel to have both', () => (/192\.0\.1\.0.*192\.0\.2\.0/s.test(table()) ? true : undefined));
  await router.end('SIGKILL');
  return { router, join };
}

/** 192.0.x.0/24 by way of a host on the wire. */
function route(x: number): Uint8Array {
  const attributes = [
    attribute(1, 'igp'),
    attribute(2, [{ type: 'sequence', numbers: [64_501] }]),
    attribute(3, Uint8Array.of(10, 98, 0, 9)),
  ];
  return encodeUpdate({ withdrawn: nothing, nlri: Uint8Array.of(24, 192, 0, x), attributes }, context4);
}

const endOfRib = encodeUpdate({ withdrawn: nothing, nlri: nothing, attributes: [] }, context4);

function restartOf(peer: HandmadePeer): Extract<Capability, { code: 64 }> | undefined {
  const open = decodeOpen(peer.received.find(({ type }) => type === MessageType.open)!.body);
  assert.ok(open.ok);
  return capabilityOf(open.value.capabilities, 64);
}

const updatesOf = (peer: HandmadePeer) => peer.received.filter(({ type }) => type === MessageType.update);

test('the forwarding bit is set when routes stood in the kernel; nothing is told before End-of-RIB, and what nobody told goes', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { router, join } = await killed(context);
  await router.start();
  assert.match(table(), /192\.0\.1\.0.*192\.0\.2\.0/s, 'as it was');
  const peer = await join();
  const told = restartOf(peer)!;
  assert.deepEqual([told.restarting, told.families], [true, [{ family: IPV4_UNICAST, forwarding: true }]]);
  peer.send(route(1));
  await router.is('peer', 'known', ({ families }) => families[0]?.received === 1);
  await pause(300);
  assert.deepEqual(updatesOf(peer), [], 'not before all is known');
  assert.match(table(), /192\.0\.1\.0.*192\.0\.2\.0/s, 'nor is anything taken out');
  peer.send(endOfRib);
  await eventually('what it is told', () => (updatesOf(peer).length === 2 ? true : undefined));
  const [first, second] = updatesOf(peer).map(({ body }) => decodeUpdate(body, { ...context4, addPath: new Set() }));
  assert.deepEqual(first!.ok && [...first!.value.nlri], [24, 198, 51, 100]);
  assert.equal(second!.ok && second!.value.endOfRib, IPV4_UNICAST);
  await eventually('what nobody told to go', () => (table().includes('192.0.2.0') ? undefined : true));
  assert.match(table(), /192\.0\.1\.0/);
  // From then on it is no restart any more.
  peer.close();
  await router.is('peer', 'down', ({ state }) => state !== 'Established');
  const later = restartOf(await join())!;
  assert.deepEqual([later.restarting, later.families[0]!.forwarding], [false, false]);
  await router.end('SIGTERM');
  assert.equal(table(), '');
});

test('without routes in the kernel it claims nothing, and tells at once', {
  skip: skipWithoutRoot,
}, async (context) => {
  const { router, join } = await killed(context);
  ip('route', 'flush', 'table', TABLE);
  await router.start();
  const peer = await join();
  const told = restartOf(peer)!;
  assert.deepEqual([told.restarting, told.families[0]!.forwarding], [false, false]);
  await eventually('what it is told', () => (updatesOf(peer).length === 2 ? true : undefined));
  await router.end('SIGTERM');
});
