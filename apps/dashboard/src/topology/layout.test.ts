import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeSites } from './layout.ts';

const box = { width: 1000, height: 700 };
const sites = ['Oslo', 'Berlin', 'Lisbon', 'Rome', 'Kyiv'].map((name) => ({ id: `id-${name}`, name }));

test('the order in which sites are listed does not move them', () => {
  const reversed = placeSites([...sites].reverse(), box);
  for (const [id, point] of placeSites(sites, box)) assert.deepEqual(reversed.get(id), point);
});

test('every site stands inside the box, and no two on one spot', () => {
  for (let count = 1; count <= 60; count += 1) {
    const many = Array.from({ length: count }, (_, index) => ({ id: `${index}`, name: `site ${index}` }));
    const points = [...placeSites(many, box).values()];
    for (const { x, y } of points) assert.ok(x >= 0 && x <= box.width && y >= 0 && y <= box.height);
    assert.equal(new Set(points.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`)).size, count);
  }
});

test('a single site stands in the middle', () => {
  assert.deepEqual(placeSites(sites.slice(0, 1), box).get('id-Oslo'), { x: 500, y: 350, side: 'below' });
});

test('two sites stand side by side', () => {
  const [first, second] = [...placeSites(sites.slice(0, 2), box).values()];
  assert.ok(Math.abs((first?.y ?? 0) - (second?.y ?? 1)) < 1e-6);
});

test('sites of the same name are told apart by their id', () => {
  const twins = [
    { id: 'b', name: 'X' },
    { id: 'a', name: 'X' },
  ];
  assert.deepEqual(placeSites(twins, box), placeSites([...twins].reverse(), box));
});

test('a box smaller than its margins still gets finite places', () => {
  for (const { x, y } of placeSites(sites, { width: 10, height: 10 }).values()) {
    assert.ok(Number.isFinite(x) && Number.isFinite(y));
  }
});

test('names stand on the side away from the middle', () => {
  const three = placeSites(sites.slice(0, 3), box);
  assert.deepEqual(
    ['Berlin', 'Lisbon', 'Oslo'].map((name) => three.get(`id-${name}`)?.side),
    ['above', 'right', 'left'],
  );
});

test('on a narrow screen names stand above and below only', () => {
  for (const { side } of placeSites(sites, { width: 390, height: 600 }).values()) assert.match(side, /above|below/);
});
