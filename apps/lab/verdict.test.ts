import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PairReport } from './traffic.ts';
import { graceMs, verdict } from './verdict.ts';

const cutAtMs = 100_000;
const pair = (lostAtMs: number[], answered = 500): PairReport => ({
  from: 'berlin h1',
  to: 'london h1',
  address: '10.2.0.10',
  sent: answered + lostAtMs.length,
  answered,
  lostAtMs,
});
const allUp = { up: 12, total: 12 };

test('what is lost while traffic moves is counted and forgiven', () => {
  const result = verdict(allUp, [pair([cutAtMs + 10, cutAtMs + graceMs]), pair([])], cutAtMs, 21.04);
  assert.deepEqual(result, { ok: true, tunnelsUp: 12, tunnels: 12, sent: 1002, lost: 2, lostAfterCut: 0, seconds: 21 });
});

test('one packet lost later than that fails the check', () => {
  const result = verdict(allUp, [pair([cutAtMs + graceMs + 1])], cutAtMs, 20);
  assert.equal(result.ok, false);
  assert.equal(result.lostAfterCut, 1);
});

test('a tunnel that is down, a pair that never heard an answer, or no traffic at all fails the check', () => {
  assert.equal(verdict({ up: 11, total: 12 }, [pair([])], cutAtMs, 20).ok, false);
  assert.equal(verdict(allUp, [pair([]), pair([cutAtMs - 5], 0)], cutAtMs, 20).ok, false);
  assert.equal(verdict(allUp, [], cutAtMs, 20).ok, false);
  assert.equal(verdict({ up: 0, total: 0 }, [pair([])], cutAtMs, 20).ok, false);
});
