import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropIndex, moved } from './order.ts';

const rows = ['a', 'b', 'c', 'd'];

test('a row moves before and behind others, and never off the list', () => {
  assert.deepEqual(moved(rows, 0, 2), ['b', 'c', 'a', 'd']);
  assert.deepEqual(moved(rows, 3, 0), ['d', 'a', 'b', 'c']);
  assert.deepEqual(moved(rows, 1, 99), ['a', 'c', 'd', 'b']);
  assert.deepEqual(moved(rows, 9, 0), rows);
});

test('a row that is dropped lands on the side of the pointer', () => {
  const drop = (from: number, over: number, isLower: boolean) =>
    moved(rows, from, dropIndex(from, over, isLower)).join('');
  assert.equal(drop(0, 2, false), 'bacd');
  assert.equal(drop(0, 2, true), 'bcad');
  assert.equal(drop(3, 1, false), 'adbc');
  assert.equal(drop(3, 1, true), 'abdc');
  assert.equal(drop(1, 1, true), 'abcd');
});
