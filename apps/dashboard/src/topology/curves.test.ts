import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawCurves, type Ends } from './curves.ts';

const places = new Map([
  ['s1', { x: 0, y: 0 }],
  ['s2', { x: 400, y: 0 }],
]);
const tunnel = (id: string, from: string, to: string): Ends => ({
  id,
  a: { siteId: 's1', uplink: from },
  b: { siteId: 's2', uplink: to },
});
const turned = ({ id, a, b }: Ends): Ends => ({ id, a: b, b: a });
const four = [
  tunnel('t1', 'internet', 'internet'),
  tunnel('t2', 'internet', 'lte'),
  tunnel('t3', 'lte', 'internet'),
  tunnel('t4', 'lte', 'lte'),
];

test('a single tunnel is a straight line', () => {
  assert.equal(drawCurves([four[0]!], places, 30)[0]?.path, 'M0.0 0.0Q200.0 0.0 400.0 0.0');
});

test('parallel tunnels run apart, evenly on both sides of the straight line', () => {
  const heights = drawCurves(four, places, 30).map(({ path }) => Number(path.split(/[Q ]/)[3]) / 2);
  assert.deepEqual(heights, [-45, -15, 15, 45]);
});

test('a tunnel keeps its curve when its ends are listed the other way round', () => {
  const straight = drawCurves(four, places, 30);
  const reversed = drawCurves(four.map(turned).reverse(), places, 30);
  assert.deepEqual(
    reversed.map(({ path }) => path),
    straight.map(({ path }) => path),
  );
  assert.ok(straight.every(({ fromA }) => fromA) && reversed.every(({ fromA }) => !fromA));
});

test('labels of parallel tunnels do not share a place', () => {
  const labels = drawCurves(four, places, 30).map(({ label }) => `${label.x} ${label.y}`);
  assert.equal(new Set(labels).size, four.length);
});

test('labels of parallel tunnels stand at different heights, however the line runs', () => {
  for (const to of [
    { x: 400, y: 0 },
    { x: 300, y: 300 },
    { x: -300, y: 300 },
    { x: 0, y: 400 },
    { x: 250, y: -350 },
  ]) {
    const turned = new Map([
      ['s1', { x: 0, y: 0 }],
      ['s2', to],
    ]);
    const heights = drawCurves(four, turned, 40)
      .map(({ label }) => label.y)
      .sort((a, b) => a - b);
    const gaps = heights.slice(1).map((height, index) => height - (heights[index] ?? 0));
    assert.ok(Math.min(...gaps) >= 18, `gaps ${gaps} towards ${to.x} ${to.y}`);
  }
});

test('a tunnel to a site that is not drawn is left out', () => {
  const stray = { ...four[0]!, b: { siteId: 'gone', uplink: 'lte' } };
  assert.deepEqual(drawCurves([stray], places, 30), []);
});

test('two sites on one spot still give finite curves', () => {
  const same = new Map([
    ['s1', { x: 5, y: 5 }],
    ['s2', { x: 5, y: 5 }],
  ]);
  for (const { path, label } of drawCurves(four, same, 30)) {
    assert.doesNotMatch(path, /NaN|Infinity/);
    assert.ok(Number.isFinite(label.x) && Number.isFinite(label.y));
  }
});
