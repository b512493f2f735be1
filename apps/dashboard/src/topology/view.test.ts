import assert from 'node:assert/strict';
import { test } from 'node:test';
import { panBy, type View, wholeMap, zoomAt } from './view.ts';

const toMap = (view: View, x: number, y: number) => [(x - view.x) / view.scale, (y - view.y) / view.scale];

test('zooming keeps what is under the pointer under the pointer', () => {
  const before = panBy(wholeMap, 30, -12);
  const after = zoomAt(before, { x: 200, y: 90 }, 1.7);
  const [was, is] = [toMap(before, 200, 90), toMap(after, 200, 90)];
  for (const axis of [0, 1]) assert.ok(Math.abs((was[axis] ?? 0) - (is[axis] ?? 1)) < 1e-9);
});

test('zooming in and out again comes back', () => {
  const there = zoomAt(wholeMap, { x: 50, y: 60 }, 2);
  assert.deepEqual(zoomAt(there, { x: 50, y: 60 }, 0.5), wholeMap);
});

test('zooming stops at both ends and then moves nothing', () => {
  let view: View = wholeMap;
  for (let step = 0; step < 50; step += 1) view = zoomAt(view, { x: 10, y: 10 }, 1.5);
  assert.deepEqual(zoomAt(view, { x: 400, y: 300 }, 1.5), view);
  for (let step = 0; step < 50; step += 1) view = zoomAt(view, { x: 10, y: 10 }, 0.5);
  assert.deepEqual(zoomAt(view, { x: 400, y: 300 }, 0.5), view);
});
