import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionTelemetry } from '@patronus/protocol';
import Database from 'better-sqlite3';
import { DecisionStore } from './decisions.ts';

const dayMs = 24 * 3_600_000;
const start = 1_800_000_000_000;
const page = { from: 'newest', limit: 1_000 } as const;

function decision(number: number, more: Partial<DecisionTelemetry> = {}): DecisionTelemetry {
  return {
    ...{ number, wallMs: start, generation: number, treatment: 'default', edgeId: 'edge-b', chosen: [], previous: [] },
    ...{ rule: 'down', reason: 'why', candidates: [], configurationHash: 'ab' },
    ...{ configurationVersion: { epoch: 1, sequence: 1 }, ...more },
  };
}

function many(count: number, at: (number: number) => number) {
  return Array.from({ length: count }, (_, number) => ({ at: at(number), decision: decision(number) }));
}

test('one that an edge tells twice is kept once, and a new start of the edge counts anew', () => {
  const store = new DecisionStore(new Database(':memory:'), 'default');
  const told = many(3, (number) => start + number);
  equal(store.add('edge-a', 'first instance', told, start), 3);
  equal(store.add('edge-a', 'first instance', told, start), 0);
  equal(store.add('edge-a', 'second: instance', told, start), 3);
  const { rows, total } = store.list({}, page);
  equal(total, 6);
  deepEqual([store.latestNumber('edge-a'), store.latestNumber('edge-b')], [2, 0]);
  for (const row of rows) deepEqual(store.get(row.id), row, 'also by the name of an instance with a colon');
  for (const id of ['', 'edge-a', 'edge-a::', "edge-a:first instance:1' or 1=1", 'edge-a:first instance:9'])
    equal(store.get(id), undefined, id);
});

test('those older than thirty days go, and an edge that decides without end pushes no other out', () => {
  const store = new DecisionStore(new Database(':memory:'), 'default');
  store.add('edge-quiet', 'instance', [{ at: start, decision: decision(1) }], start);
  store.add(
    'edge-loud',
    'instance',
    many(20_600, (number) => start + number),
    start,
  );
  store.add('edge-loud', 'instance', [{ at: start + 99_999, decision: decision(99_999) }], start);
  const count = (edgeId: string) => store.list({ edgeIds: [edgeId] }, page).total;
  ok(count('edge-loud') <= 20_500, `${count('edge-loud')} kept`);
  equal(count('edge-quiet'), 1);
  const { rows } = store.list({ edgeIds: ['edge-loud'] }, { from: 'newest', limit: 1 });
  equal(rows[0]!.decision.number, 99_999, 'the newest stay');
  store.add(
    'edge-quiet',
    'instance',
    many(600, (number) => start + 40 * dayMs + number),
    start + 40 * dayMs,
  );
  equal(count('edge-loud'), 0);
  equal(count('edge-quiet'), 599, 'number 1 was known, and went with its age');
});

test('the last one before a time is found for each path of its own', () => {
  const store = new DecisionStore(new Database(':memory:'), 'default');
  const told = [
    { at: start, decision: decision(1) },
    { at: start + 10, decision: decision(2, { edgeId: 'edge-c' }) },
    { at: start + 20, decision: decision(3, { treatment: 't-1' }) },
    { at: start + 30, decision: decision(4) },
  ];
  store.add('edge-a', 'instance', told, start);
  const numberAt = (at: number, treatment = 'default') =>
    store.last('edge-a', treatment, 'edge-b', at)?.decision.number;
  deepEqual([numberAt(start - 1), numberAt(start), numberAt(start + 29), numberAt(start + 30)], [undefined, 1, 1, 4]);
  equal(numberAt(start + 99, 't-1'), 3);
  equal(store.last('edge-b', 'default', 'edge-b', start + 99), undefined);
});
