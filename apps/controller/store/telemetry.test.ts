import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { TelemetryStore, TICK_MS, type Tick } from './telemetry.ts';

const hourMs = 3_600_000;

function tick(roundTripMs: number, state: 'UP' | 'DOWN' = 'UP'): Tick {
  return { tunnel: [state, roundTripMs, 0, 1000, 2000] };
}

test('history is about as many points as asked for, oldest first, and keeps the worst state of each', () => {
  const start = 1_800_000_000_000;
  const store = new TelemetryStore(new Database(':memory:'), 'default', start);
  for (let count = 0; count < 300; count++)
    store.record(start + count * TICK_MS, tick(count, count === 151 ? 'DOWN' : 'UP'));
  const now = start + 300 * TICK_MS;
  const history = store.history('tunnel', 600, 30, now);
  equal(history.length, 30);
  ok(history.every((point, index) => index === 0 || point.at > history[index - 1]!.at));
  deepEqual(history.filter((point) => point.sample[0] === 'DOWN').length, 1);
  equal(store.history('another', 600, 30, now).length, 0);
  equal(store.ticks(600, 300, now).length, 300);
});

test('a reopened store has its last hour, and minutes of the time before', () => {
  const start = 1_800_000_000_000;
  const raw = new Database(':memory:');
  const store = new TelemetryStore(raw, 'default', start);
  const end = start + 2 * hourMs;
  for (let at = start; at < end; at += 10_000) store.record(at, tick(7));
  const { ticks, minutes } = raw
    .prepare('select (select count(*) from tick) as ticks, (select count(*) from minute) as minutes')
    .get() as { ticks: number; minutes: number };
  ok(ticks <= 370, `${ticks} ticks kept`);
  ok(minutes >= 119);
  const again = new TelemetryStore(raw, 'default', end);
  equal(again.history('tunnel', 7200, 120, end).length, 120);
});
