/** Neighbours with which there can be no session, and what either of us says of it: roles that do not fit, keys that differ. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { BgpWorld } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, OWN, type Wishes } from './daemon.ts';

/** RFC 9234 §4.2: either end may be the one that refuses, or both at once. */
export const roleCases = {
  both: {
    words: 'two providers refuse each other (RFC 9234)',
    ...{ theirs: { isProvider: true }, ours: 'role: provider', says: /role mismatch/i },
  },
  they: {
    words: 'it asks for a role and we tell none, so it refuses us',
    ...{ theirs: { isProvider: true, demandsRole: true }, ours: '', says: /^the peer says .*role mismatch/i },
  },
  we: {
    words: 'we ask for a role and it tells none, so we refuse it',
    ...{
      theirs: {},
      ours: 'role: customer, strictRole: true',
      says: /role mismatch \(2\/11\): the peer tells no role/,
    },
  },
} as const satisfies Readonly<
  Record<string, { readonly words: string; readonly theirs: Wishes; readonly ours: string; readonly says: RegExp }>
>;
export type RoleCase = keyof typeof roleCases;

export async function rolesThatDoNotFit(context: TestContext, daemon: BgpDaemon, which: RoleCase): Promise<void> {
  const { theirs, ours, says } = roleCases[which];
  const world = new BgpWorld(context, `${daemon.name.toLowerCase()}r${which}`);
  const peer = await daemon.start(world, theirs);
  await world.route(`holdTime: 30${ours === '' ? '' : `, ${ours}`}`);
  const refused = await world.is('refused', ({ lastCode }) => lastCode?.[0] === 2);
  assert.deepEqual(refused.lastCode, [2, 11]);
  assert.match(refused.lastError!, says);
  assert.equal(refused.establishedCount, 0);
  await eventually('the daemon to tell of roles', () => peer.tellsOfRoles!() || undefined);
  assert.ok(!peer.isEstablished());
}

export async function wrongKey(context: TestContext, daemon: BgpDaemon): Promise<void> {
  const [theirs, ours] = ['correct-horse', 'wrong-battery'];
  const world = new BgpWorld(context, `${daemon.name.toLowerCase()}k`);
  const peer = await daemon.start(world, { password: theirs });
  await world.route(`holdTime: 30, password: ${ours}`);
  const told: unknown[] = [];
  const silent = await world.is('unanswered', ({ lastError }) => lastError !== null);
  assert.match(silent.lastError!, /the peer does not answer within 1 s: .* that both have the same password$/);
  assert.equal(silent.establishedCount, 0);
  assert.ok(!peer.isEstablished());
  told.push(await world.ask({ command: 'neighbors' }), await world.ask({ command: 'summary' }));

  await world.reroute(`holdTime: 30, password: ${theirs}`);
  await world.established();
  await world.learns(OWN[4]);
  told.push(await world.ask({ command: 'neighbors' }), await world.ask({ command: 'rib', all: true }), world.log);
  assert.match(world.log, /no session: the peer does not answer/);
  for (const key of [theirs, ours]) assert.ok(!JSON.stringify(told).includes(key), `${key} is told`);
}
