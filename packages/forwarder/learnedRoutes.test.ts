import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LearnedRoute, RoutesCommand } from './commands.ts';
import { inParts, LearnedRoutes } from './learnedRoutes.ts';

const many = Array.from(
  { length: 2_500 },
  (_, at): LearnedRoute => ({
    ...{ segment: 0, prefix: `172.16.${at >> 8}.${at & 0xff}/32` },
    nextHops: ['london'],
  }),
);

test('changes go out in parts, what is gone first, and nothing is left out', () => {
  const commands = [...inParts({ set: many, gone: many.slice(0, 1_001) })];
  assert.ok(commands.every(({ set, gone }) => set.length + gone.length <= 1_000));
  assert.deepEqual(
    commands.flatMap(({ set }) => set),
    many,
  );
  const firstSet = commands.findIndex(({ set }) => set.length > 0);
  assert.ok(commands.slice(firstSet).every(({ gone }) => gone.length === 0));
  assert.equal(
    commands.reduce((count, { gone }) => count + gone.length, 0),
    1_001,
  );
  assert.deepEqual([...inParts({ set: [], gone: [] })], []);
});

test('a successor hears what holds: the last word on each prefix, and nothing of those that went', () => {
  const learned = new LearnedRoutes();
  const say = (change: Partial<RoutesCommand>) => learned.note({ type: 'routes', set: [], gone: [], ...change });
  say({ set: many });
  say({ gone: many.slice(10) });
  say({
    set: [
      { ...many[3]!, nextHops: ['tokyo'] },
      { ...many[0]!, segment: 7 },
    ],
  });
  const told = [...learned.commands()].flatMap(({ set }) => set);
  assert.equal(told.length, 11);
  assert.deepEqual(
    told.filter(({ prefix }) => prefix === many[3]!.prefix).map(({ nextHops }) => nextHops),
    [['tokyo']],
  );
});
