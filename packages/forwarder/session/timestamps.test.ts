import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTimestamps, TimestampSource } from '@patronus/wireguard';
import { TimestampReservation } from './timestamps.ts';

test('a label to store covers a minute of handshakes', () => {
  const source = new TimestampSource();
  const reservation = new TimestampReservation(source.last);
  const start = 1_700_000_000_000;
  const stored = reservation.reserve(source.next(start));
  assert.ok(stored !== undefined);
  assert.equal(reservation.reserve(source.next(start + 30_000)), undefined);
  assert.equal(reservation.reserve(source.next(start + 59_000)), undefined);
  const next = reservation.reserve(source.next(start + 61_000));
  assert.ok(next !== undefined && compareTimestamps(next, stored) > 0);
});

test('after a restart with what was stored, every label is later than any before, also when the clock went back', () => {
  const source = new TimestampSource();
  const stored = new TimestampReservation(source.last).reserve(source.next(1_700_000_000_000))!;
  const lastUsed = source.next(1_700_000_059_000);
  const successor = new TimestampSource(stored);
  const reservation = new TimestampReservation(successor.last);
  const first = successor.next(0);
  assert.ok(compareTimestamps(first, lastUsed) > 0);
  assert.ok(compareTimestamps(reservation.reserve(first)!, first) > 0);
});
