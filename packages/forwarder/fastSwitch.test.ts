import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseTunnel, NO_TUNNEL, switchGroups } from './fastSwitch.ts';

const states = fc.uint8Array({ minLength: 8, maxLength: 8, max: 1 });
const group = fc.uniqueArray(fc.nat(7), { maxLength: 8 });

test('the chosen tunnel is up and every tunnel before it is down', () => {
  fc.assert(
    fc.property(group, states, (tunnels, isUp) => {
      const chosen = chooseTunnel(tunnels, isUp);
      const before = chosen === NO_TUNNEL ? tunnels : tunnels.slice(0, tunnels.indexOf(chosen));
      assert.ok(before.every((tunnel) => isUp[tunnel] === 0));
      if (chosen !== NO_TUNNEL) assert.equal(isUp[chosen], 1);
    }),
  );
});

test('the choice does not depend on what was chosen before', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 5 }), states, states, (groups, earlier, later) => {
      const throughEarlier = new Int32Array(groups.length).fill(NO_TUNNEL);
      switchGroups(groups, earlier, throughEarlier, () => undefined);
      switchGroups(groups, later, throughEarlier, () => undefined);
      const directly = new Int32Array(groups.length).fill(NO_TUNNEL);
      switchGroups(groups, later, directly, () => undefined);
      assert.deepEqual(throughEarlier, directly);
    }),
  );
});

test('only groups that move are reported', () => {
  const isUp = Uint8Array.of(1, 1, 0);
  const active = new Int32Array(2).fill(NO_TUNNEL);
  const moves: string[] = [];
  const groups = [
    [0, 1],
    [1, 2],
  ];
  const report = (which: number, tunnel: number) => moves.push(`${which}→${tunnel}`);
  switchGroups(groups, isUp, active, report);
  isUp[0] = 0;
  switchGroups(groups, isUp, active, report);
  switchGroups(groups, isUp, active, report);
  assert.deepEqual(moves, ['0→0', '1→1', '0→1']);
});

test('a tunnel number beyond the states counts as down', () => {
  assert.equal(chooseTunnel([99], Uint8Array.of(1)), NO_TUNNEL);
});
