import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, type Health, type HealthRules, lossOf, lost, newHealth } from './health.ts';

const rules: HealthRules = { lostForDown: 3, answersForUp: 5, leastHoldMs: 1000, mostHoldMs: 8000, calmMs: 60_000 };

/** `.` an answer, `x` none; one every 200 ms from `fromMs`. */
function after(pattern: string, health: Health, fromMs: number): Health {
  let now = fromMs;
  for (const each of pattern) {
    health = each === '.' ? answered(health, rules, 1000, now) : lost(health, rules, now);
    now += 200;
  }
  return health;
}

test('the first answer makes it up, the third loss in a row down, at once', () => {
  const fresh = newHealth(rules, 0);
  assert.equal(fresh.state, 'unknown');
  assert.equal(after('.', fresh, 0).state, 'up');
  assert.equal(after('.xx.xx.xx', fresh, 0).state, 'up');
  assert.equal(after('.xxx', fresh, 0).state, 'down');
  assert.equal(after('xxx', fresh, 0).state, 'down');
});

test('it is up again after five answers in a row, and not before it has been down for its time', () => {
  const down = after('.xxx', newHealth(rules, 0), 0);
  assert.equal(after('....', down, 2000).state, 'down');
  assert.equal(after('....x....', down, 2000).state, 'down');
  assert.equal(after('.....', down, 2000).state, 'up');
  assert.equal(after('.....', down, 600).state, 'down', 'five answers within its hold');
});

test('a hold doubles with each flap up to its limit, and is short again after calm', () => {
  let health = after('.xxx', newHealth(rules, 0), 0);
  const holds: number[] = [];
  let now = 0;
  for (let flap = 0; flap < 6; flap++) {
    holds.push(health.holdMs);
    now = health.sinceMs + health.holdMs;
    health = after('.....', health, now);
    assert.equal(health.state, 'up');
    health = after('xxx', health, now + 1000);
  }
  assert.deepEqual(holds, [1000, 2000, 4000, 8000, 8000, 8000]);
  const back = after('.....', health, health.sinceMs + health.holdMs);
  assert.equal(after('xxx', back, back.sinceMs + rules.calmMs).holdMs, 1000);
});

test('loss is told of the last 32 probes', () => {
  assert.equal(lossOf(newHealth(rules, 0)), null);
  assert.equal(lossOf(after('.x', newHealth(rules, 0), 0)), 0.5);
  assert.equal(lossOf(after(`${'x'.repeat(32)}${'.'.repeat(32)}`, newHealth(rules, 0), 0)), 0);
  assert.equal(lossOf(after('x'.repeat(40), newHealth(rules, 0), 0)), 1);
});
