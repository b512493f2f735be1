/** BFD against BIRD's: both families, one hop and several, every kind of authentication, 50 ms × 3. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuthenticationType } from '@patronus/bfd';
import { BfdWorld, FAR, fast, OURS, THEIRS, WIRE } from './fixtures/bfdWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const kinds: Readonly<Record<AuthenticationType, string>> = {
  simplePassword: 'simple',
  keyedMd5: 'keyed md5',
  meticulousKeyedMd5: 'meticulous keyed md5',
  keyedSha1: 'keyed sha1',
  meticulousKeyedSha1: 'meticulous keyed sha1',
};

/** BIRD with a session to each of ours; `options` go into its interface and multihop blocks. */
async function bird(world: BfdWorld, options: string, neighbours: readonly string[]) {
  const configuration = world.write(
    'bird.conf',
    `router id 10.90.0.2; timeformat protocol iso short ms; protocol device { } protocol bfd bfd1 {
      interface "${WIRE}" { interval 50 ms; multiplier 3; ${options} }; multihop { interval 50 ms; multiplier 3; ${options} };
      ${neighbours.map((neighbour) => `neighbor ${neighbour};`).join('\n')} }\n`,
  );
  const socket = join(world.folder, 'bird.ctl');
  world.start(world.theirs, 'bird', ['-f', '-c', configuration, '-s', socket, '-P', join(world.folder, 'bird.pid')]);
  await eventually('BIRD to start', () => (existsSync(socket) ? true : undefined));
  return {
    say: (...words: string[]) => execFileSync('birdc', ['-s', socket, ...words], { encoding: 'utf8' }),
    /** State of the session with this address of ours. */
    state(address: string): string | undefined {
      return this.session(address)?.[0];
    },
    /** Its state, and since when: ms since 1970. */
    session(address: string): [state: string, sinceMs: number] | undefined {
      const line = this.say('show', 'bfd', 'sessions')
        .split('\n')
        .find((text) => text.startsWith(`${address} `));
      const [, , state, since] = line?.trim().split(/\s+/) ?? [];
      if (state === undefined) return undefined;
      const [hours, minutes, seconds] = since!.split(':').map(Number) as [number, number, number];
      const today = new Date().setHours(hours, minutes, 0, 0) + seconds * 1_000;
      // What seems to lie hours ahead was before midnight.
      return [state, today > Date.now() + 3_600_000 ? today - 86_400_000 : today];
    },
  };
}

test('BIRD: sessions over IPv4 and IPv6, one hop and several, come up, change their timers and notice a cut', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BfdWorld(context, 'bird');
  const peer = await bird(world, '', [
    `${OURS[4]} dev "${WIRE}"`,
    `${OURS[6]} dev "${WIRE}"`,
    `${FAR[4][0]} local ${FAR[4][1]} multihop`,
    `${FAR[6][0]} local ${FAR[6][1]} multihop`,
  ]);
  const addresses = world.speakToAll(fast);
  for (const [name, address] of Object.entries(addresses)) {
    await world.is(name, 'up');
    await eventually(`BIRD to say Up of ${address}`, () => (peer.state(address) === 'Up' ? true : undefined));
    const line = await world.reports(name, '50 ms × 3', (one) => one.detectionTimeMs === 150 && !one.isPolling);
    assert.equal(line.transmitIntervalMs, 50);
  }
  const slower = { ...fast, desiredMinTxIntervalUs: 200_000, requiredMinRxIntervalUs: 200_000 };
  world.tell({ session: 'v4', event: { kind: 'configure', parameters: slower } });
  const changed = await world.reports('v4', 'slower timers', (one) => one.transmitIntervalMs === 200 && !one.isPolling);
  assert.equal(changed.detectionTimeMs, 600);
  world.tell({ session: 'v4', event: { kind: 'configure', parameters: fast } });
  await world.reports('v4', 'its timers back', (one) => one.detectionTimeMs === 150 && one.transmitIntervalMs === 50);
  assert.equal(world.lines.filter(({ state }) => state === 'down').length, 0, 'no change of timers cost a session');

  world.tell({ session: 'v6', event: { kind: 'disable' } });
  await world.is('v6', 'adminDown');
  await eventually('BIRD to see AdminDown', () => (peer.state(OURS[6]) === 'Down' ? true : undefined));
  world.tell({ session: 'v6', event: { kind: 'enable' } });
  await world.is('v6', 'up');

  const cutAt = world.cut(world.ours, world.theirs);
  for (const name of Object.keys(addresses)) {
    const down = await world.is(name, 'down');
    assert.equal(down.cause, 'expired');
    assert.ok(down.atMs - cutAt <= 150 + 50 + 100, `${name}: ${down.atMs - cutAt} ms`);
    assert.ok(down.silentForMs! >= 150 && down.silentForMs! < 250, `${name}: silent for ${down.silentForMs} ms`);
  }
  for (const address of Object.values(addresses)) {
    const downAt = await eventually(`BIRD to say Down of ${address}`, () => {
      const [state, sinceMs] = peer.session(address)!;
      return state === 'Down' ? sinceMs : undefined;
    });
    assert.ok(downAt - cutAt <= 150 + 50 + 100, `BIRD about ${address}: ${downAt - cutAt} ms`);
  }
  world.restore(world.ours, world.theirs);
  await world.is('v4', 'up');
});

for (const [type, words] of Object.entries(kinds) as [AuthenticationType, string][]) {
  test(`BIRD: a session with ${words} authentication comes up and stays up`, {
    skip: skipWithoutRoot,
  }, async (context) => {
    const world = new BfdWorld(context, 'auth');
    const authentication = { type, id: 7, secret: 'a secret' };
    const peer = await bird(world, `authentication ${words}; password "a secret" { id 7; };`, [
      `${OURS[4]} dev "${WIRE}"`,
      `${OURS[6]} dev "${WIRE}"`,
    ]);
    world.speak([
      { name: 'v4', local: OURS[4], remote: THEIRS[4], parameters: fast, authentication },
      {
        name: 'other',
        local: OURS[6],
        remote: THEIRS[6],
        parameters: fast,
        authentication: { ...authentication, secret: 'b' },
      },
    ]);
    await world.is('v4', 'up');
    await eventually('BIRD to say Up', () => (peer.state(OURS[4]) === 'Up' ? true : undefined));
    await world.reports('v4', 'fast timers', (one) => one.detectionTimeMs === 150);
    assert.equal(world.lines.filter(({ session, state }) => session === 'v4' && state === 'down').length, 0);
    assert.equal(world.latest('other'), undefined, 'with another secret nothing is believed, at either end');
    assert.equal(peer.state(OURS[6]), 'Down');
  });
}
