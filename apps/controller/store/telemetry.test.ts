import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { Tick } from './samples.ts';
import { TelemetryStore, TICK_MS } from './telemetry.ts';

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

test('what waited at an edge fills the hole that a restart left, in the file and in its minutes too', () => {
  const start = 1_800_000_000_000;
  const raw = new Database(':memory:');
  const before = new TelemetryStore(raw, 'default', start);
  for (let at = start; at < start + 60_000; at += TICK_MS) before.record(at, tick(1));
  const back = start + 300_000;
  const store = new TelemetryStore(raw, 'default', back);
  store.record(back, { tunnel: ['UNKNOWN', null, null, 0, 0] });
  for (let at = start + 60_000; at < back; at += 1_000) ok(store.fill(at, tick(9), back));
  const points = (from: TelemetryStore) =>
    from.history('tunnel', 300, 150, back).flatMap(({ at, sample }) => (at < back ? [[at, sample[1]]] : []));
  const filled = points(store);
  equal(filled.length, 150);
  for (const [index, [at]] of filled.entries()) {
    if (index > 0) ok(at! - filled[index - 1]![0]! <= 2 * TICK_MS, `a hole before ${at}`);
  }
  for (let count = 1; count <= 10; count++) store.record(back + count * TICK_MS, tick(1));
  const again = new TelemetryStore(raw, 'default', back);
  deepEqual(points(again), filled);
  const { minutes } = raw.prepare('select count(*) as minutes from minute').get() as { minutes: number };
  equal(minutes, 5);
});

test('what is too old or still to come is not taken, and late words never make more than a tick for its time', () => {
  const start = 1_800_000_000_000;
  const raw = new Database(':memory:');
  const store = new TelemetryStore(raw, 'default', start);
  equal(store.fill(start + 1, tick(1), start), false);
  equal(store.fill(start - 600_001, tick(1), start), false);
  for (let at = start - 600_000; at <= start; at += 25) ok(store.fill(at, tick(1), start));
  store.record(start + TICK_MS, tick(1));
  for (let count = 2; count <= 40; count++) store.record(start + count * TICK_MS, tick(1));
  const { ticks } = raw.prepare('select count(*) as ticks from tick').get() as { ticks: number };
  ok(ticks <= 40 + 600_000 / TICK_MS / 0.6 + 1, `${ticks} ticks`);
});

test('a late word adds what was not known, makes a state worse, and replaces no number', () => {
  const at = 1_800_000_000_000;
  const store = new TelemetryStore(new Database(':memory:'), 'default', at);
  const known: Tick = {
    one: ['UP', 5, null, 1000, 0, [1, 2], null],
    two: ['UP', 5, 0, 1, 2],
    three: ['UNKNOWN', null, null, 0, 0],
  };
  store.record(at, known);
  const late: Tick = {
    one: ['UP', 9, 25, 7, 8, [9, 9], [3, 4]],
    two: ['DOWN', null, 100, 0, 0],
    three: ['UP', 3, 0, 4, 5],
  };
  store.fill(at + 300, late, at + 5_000);
  const sample = (id: string) => store.history(id, 60, 60, at + 5_000).map((point) => point.sample);
  deepEqual(sample('one'), [['UP', 5, 25, 1000, 8, [1, 2], [3, 4]]]);
  deepEqual(sample('two'), [['DOWN', null, 0, 1, 2, null, null]]);
  deepEqual(sample('three'), [['UP', 3, 0, 4, 5]]);
  deepEqual(known.one, ['UP', 5, null, 1000, 0, [1, 2], null], 'what was handed in stays as it was');
});
