import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BUCKETS,
  chooseTunnel,
  fillBuckets,
  NO_TUNNEL,
  prepareSpread,
  switchGroups,
  type TunnelStates,
} from './fastSwitch.ts';

const flags = fc.uint8Array({ minLength: 8, maxLength: 8, max: 1 });
const states: fc.Arbitrary<TunnelStates> = fc.record({ isUp: flags, isDoubted: flags });
const group = fc.uniqueArray(fc.nat(7), { maxLength: 8 });
const up = (...isUp: number[]): TunnelStates => ({
  isUp: Uint8Array.from(isUp),
  isDoubted: new Uint8Array(isUp.length),
});

test('the chosen tunnel is the first that is up and not doubted, and a doubted one only where there is no other', () => {
  fc.assert(
    fc.property(group, states, (tunnels, { isUp, isDoubted }) => {
      const chosen = chooseTunnel(tunnels, { isUp, isDoubted });
      const best = tunnels.find((tunnel) => isUp[tunnel] === 1 && isDoubted[tunnel] === 0);
      assert.equal(chosen, best ?? tunnels.find((tunnel) => isUp[tunnel] === 1) ?? NO_TUNNEL);
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
  const tunnels = up(1, 1, 0);
  const active = new Int32Array(2).fill(NO_TUNNEL);
  const moves: string[] = [];
  const groups = [
    [0, 1],
    [1, 2],
  ];
  const report = (which: number, tunnel: number) => moves.push(`${which}→${tunnel}`);
  switchGroups(groups, tunnels, active, report);
  tunnels.isUp[0] = 0;
  switchGroups(groups, tunnels, active, report);
  switchGroups(groups, tunnels, active, report);
  assert.deepEqual(moves, ['0→0', '1→1', '0→1']);
});

test('a tunnel number beyond the states counts as down', () => {
  assert.equal(chooseTunnel([99], up(1)), NO_TUNNEL);
});

function bucketsOf(weights: readonly number[], tunnels: TunnelStates): Int32Array {
  const numbers = weights.map((_, at) => at);
  const buckets = new Int32Array(BUCKETS);
  fillBuckets(
    prepareSpread(
      numbers,
      numbers.map((at) => `tunnel-${at}`),
      weights,
    ),
    tunnels,
    buckets,
    0,
  );
  return buckets;
}

const shares = (buckets: Int32Array, tunnels: number) =>
  Array.from({ length: tunnels }, (_, at) => buckets.filter((tunnel) => tunnel === at).length);

test('buckets are spread by weight over the tunnels that are up, none of them much over its share', () => {
  const spreads = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(spreads, states, (weights, tunnels) => {
      const usable = weights.map((_, at) => tunnels.isUp[at] === 1 && tunnels.isDoubted[at] === 0);
      const counted = usable.some(Boolean) ? usable : weights.map((_, at) => tunnels.isUp[at] === 1);
      const total = weights.reduce((sum, weight, at) => sum + (counted[at] ? weight : 0), 0);
      const buckets = bucketsOf(weights, tunnels);
      for (const [at, share] of shares(buckets, weights.length).entries()) {
        assert.ok(share <= (counted[at] ? Math.ceil((weights[at]! / total) * BUCKETS * 1.1) : 0));
      }
      assert.equal(buckets.includes(NO_TUNNEL), total === 0);
    }),
  );
});

test('when a tunnel goes its buckets move and hardly any other; when it comes back everything is as it was', () => {
  for (const weights of [
    [1, 1],
    [3, 1],
    [1, 1, 1],
    [50, 30, 20],
    [1, 1, 1, 1],
  ]) {
    const all = weights.map(() => 1);
    const before = bucketsOf(weights, up(...all));
    for (const gone of weights.keys()) {
      const after = bucketsOf(weights, up(...all.with(gone, 0)));
      const moved = before.filter((tunnel, bucket) => tunnel !== after[bucket]).length;
      const least = before.filter((tunnel) => tunnel === gone).length;
      assert.ok(moved - least <= 6, `${weights}: ${moved} moved, ${least} had to`);
      assert.deepEqual(bucketsOf(weights, up(...all)), before);
    }
  }
});
