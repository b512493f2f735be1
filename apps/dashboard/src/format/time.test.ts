import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAgo, formatDuration, formatMs, formatUntil } from './time.ts';

const now = Date.parse('2026-03-14T09:00:00.000Z');
const at = (ms: number) => new Date(now + ms).toISOString();

test('an unknown round-trip time is a dash and not a zero', () => {
  for (const ms of [null, undefined, Number.NaN]) assert.equal(formatMs(ms), '–');
});

test('a round-trip time keeps the digits that matter', () => {
  assert.equal(formatMs(0.314), '0.31 ms');
  assert.equal(formatMs(14.26), '14.3 ms');
  assert.equal(formatMs(99.97), '100 ms');
  assert.equal(formatMs(1204.4), '1204 ms');
});

test('a duration says its two largest units', () => {
  assert.equal(formatDuration(0), '0 s');
  assert.equal(formatDuration(-3), '0 s');
  assert.equal(formatDuration(14_900), '14 s');
  assert.equal(formatDuration(7_500_000), '2 h 5 min');
  assert.equal(formatDuration(3_600_000), '1 h');
  assert.equal(formatDuration(3_601_000), '1 h');
  assert.equal(formatDuration(90_061_000), '1 d 1 h');
});

test('a moment is told by the largest unit alone', () => {
  assert.equal(formatAgo(at(-1_000), now), 'just now');
  assert.equal(formatAgo(at(-3_725_000), now), '1 h ago');
  assert.equal(formatAgo(null, now), 'never');
  assert.equal(formatAgo('garbage', now), 'never');
});

test('a clock that runs ahead of ours reads as just now', () => {
  assert.equal(formatAgo(at(30_000), now), 'just now');
});

test('an expiry that has passed is expired', () => {
  assert.equal(formatUntil(at(3_600_000), now), 'in 1 h');
  assert.equal(formatUntil(at(-1), now), 'expired');
  assert.equal(formatUntil(null, now), '–');
});
