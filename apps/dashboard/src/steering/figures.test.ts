import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, draftOf, type Figures, figureGroups, figureNames } from './figures.ts';

const present: Figures = {
  ...{ holdMs: 60_000, longestHoldMs: 1_800_000, forgiveMs: 3_600_000, mostReturns: 3, returnWindowMs: 60_000 },
  ...{ leastGainMs: 20, leastGainRatio: 0.1, leastRelief: 0.25, dwellMs: 20_000, recoveryMs: 10_000 },
  ...{ suspicionMs: 3_500, confidence: 3, lossReports: 2, delayReports: 3 },
};

test('every figure has one place in the form', () => {
  const placed = figureGroups.flatMap(({ figures }) => figures.map(({ name }) => name));
  assert.deepEqual(placed.toSorted(), [...figureNames].toSorted());
});

test('figures are shown in the unit that a person thinks in', () => {
  const { holdMs, longestHoldMs, leastGainRatio, suspicionMs } = draftOf(present);
  assert.deepEqual([holdMs, longestHoldMs, leastGainRatio, suspicionMs], [60, 30, 10, 3.5]);
});

test('only what was changed is sent, in the unit of the controller, and an empty field is no change', () => {
  assert.deepEqual(changesOf(draftOf(present), present), {});
  const draft = { ...draftOf(present), holdMs: 300, leastGainRatio: 7, dwellMs: '' };
  assert.deepEqual(changesOf(draft, present), { holdMs: 300_000, leastGainRatio: 0.07 });
});
