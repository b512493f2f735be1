/** BFD against FRR's bfdd: both families, one hop and several, changes of timers, AdminDown from each end, echo, a silent cut. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BfdWorld, FAR, fast, OURS, THEIRS, WIRE } from './fixtures/bfdWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const timers = 'detect-multiplier 3\n receive-interval 50\n transmit-interval 50';

interface FrrPeer {
  readonly peer: string;
  readonly status: string;
  readonly diagnostic: string;
}

/** zebra, which tells bfdd of interfaces, and bfdd, both with everything they write in the world's folder. */
async function frr(world: BfdWorld, peers: readonly string[]) {
  const blocks = peers.map((peer) => ` peer ${peer}\n  ${timers}\n  no shutdown\n exit`);
  const configuration = world.write('bfdd.conf', `bfd\n${blocks.join('\n')}\nexit\n`);
  const shared = ['--vty_socket', world.folder, '-z', join(world.folder, 'zserv')];
  const start = async (daemon: string, ...args: string[]) => {
    const pid = ['-i', join(world.folder, `${daemon}.pid`)];
    world.start(world.theirs, `/usr/lib/frr/${daemon}`, [...shared, ...pid, '--log', 'file:/dev/null', ...args]);
    await eventually(`${daemon} to start`, () => existsSync(join(world.folder, `${daemon}.vty`)) || undefined);
  };
  await start('zebra', '-f', world.write('zebra.conf', '\n'));
  await start('bfdd', '-f', configuration, '--bfdctl', join(world.folder, 'bfdd.sock'));
  const say = (...commands: string[]) =>
    execFileSync('vtysh', ['--vty_socket', world.folder, ...commands.flatMap((one) => ['-c', one])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  return {
    say,
    peer: (address: string): FrrPeer | undefined =>
      (JSON.parse(say('show bfd peers json')) as FrrPeer[]).find(({ peer }) => peer === address),
    configure: (...commands: string[]) => say('configure terminal', 'bfd', ...commands),
  };
}

test('FRR: sessions over IPv4 and IPv6, one hop and several, come up, change, are switched off and notice a cut', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BfdWorld(context, 'frr');
  const near = `${OURS[4]} interface ${WIRE}`;
  const peer = await frr(world, [
    near,
    `${OURS[6]} local-address ${THEIRS[6]} interface ${WIRE}`,
    `${FAR[4][0]} multihop local-address ${FAR[4][1]}`,
    `${FAR[6][0]} multihop local-address ${FAR[6][1]}`,
  ]);
  const addresses = world.speakToAll(fast);
  for (const [name, address] of Object.entries(addresses)) {
    await world.is(name, 'up');
    await eventually(`FRR to say up of ${address}`, () => peer.peer(address)?.status === 'up' || undefined);
    await world.reports(name, '50 ms × 3', (one) => one.detectionTimeMs === 150 && !one.isPolling);
  }

  const slower = { ...fast, desiredMinTxIntervalUs: 200_000, requiredMinRxIntervalUs: 200_000 };
  world.tell({ session: 'v4', event: { kind: 'configure', parameters: slower } });
  await world.reports('v4', 'slower timers', (one) => one.detectionTimeMs === 600 && !one.isPolling);
  world.tell({ session: 'v4', event: { kind: 'configure', parameters: fast } });
  await world.reports('v4', 'its timers back', (one) => one.detectionTimeMs === 150 && one.transmitIntervalMs === 50);
  peer.configure(`peer ${near}`, 'transmit-interval 120', 'receive-interval 120');
  await world.reports('v4', 'timers that FRR asks for', (one) => one.detectionTimeMs === 360);
  peer.configure(`peer ${near}`, 'transmit-interval 50', 'receive-interval 50');
  await world.reports('v4', 'its timers back', (one) => one.detectionTimeMs === 150 && one.transmitIntervalMs === 50);
  assert.equal(world.lines.filter(({ state }) => state === 'down').length, 0, 'no change of timers cost a session');

  peer.configure(`peer ${near}`, 'shutdown');
  const off = await world.is('v4', 'down');
  assert.deepEqual([off.cause, off.remoteState], ['remote', 'adminDown']);
  peer.configure(`peer ${near}`, 'no shutdown');
  await world.is('v4', 'up');
  world.tell({ session: 'v6', event: { kind: 'disable' } });
  await world.is('v6', 'adminDown');
  await eventually('FRR to see AdminDown', () => peer.peer(OURS[6])?.status === 'down' || undefined);
  world.tell({ session: 'v6', event: { kind: 'enable' } });
  await world.is('v6', 'up');
  await world.reports('v6', 'its timers', (one) => one.detectionTimeMs === 150);

  const cutAt = world.cut(world.ours, world.theirs);
  for (const name of Object.keys(addresses)) {
    const down = await world.is(name, 'down');
    assert.equal(down.cause, 'expired');
    assert.ok(down.atMs - cutAt <= 150 + 50 + 100, `${name}: ${down.atMs - cutAt} ms`);
  }
  for (const address of Object.values(addresses)) {
    await eventually(`FRR to say down of ${address}`, () => peer.peer(address)?.status === 'down' || undefined);
    assert.equal(peer.peer(address)?.diagnostic, 'control detection time expired');
  }
});

test('FRR sends our echo packets back, and when it no longer does the session goes down', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BfdWorld(context, 'echo');
  const peer = await frr(world, [`${OURS[4]} interface ${WIRE}`]);
  peer.configure(`peer ${OURS[4]} interface ${WIRE}`, 'echo receive-interval 50');
  world.speak([{ name: 'v4', local: OURS[4], remote: THEIRS[4], parameters: { ...fast, echoIntervalUs: 50_000 } }]);
  await world.is('v4', 'up');
  // With echo running, Control packets need come no more often than once a second (RFC 5880 §6.8.3).
  await world.reports('v4', 'echo', (one) => one.echoIsActive && one.detectionTimeMs === 3_000);
  // Both ways: what FRR itself finds out must not arrive before our own echo stays away.
  const cutAt = world.cut(world.ours, world.theirs);
  const down = await world.is('v4', 'down');
  assert.equal(down.cause, 'echoFailed');
  assert.equal(down.diagnostic, 2);
  assert.ok(down.atMs - cutAt <= 3 * 50 + 50 + 100, `${down.atMs - cutAt} ms`);
});
