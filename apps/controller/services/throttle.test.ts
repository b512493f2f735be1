import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { Throttle } from './throttle.ts';

function fail(throttle: Throttle, address: string, account: string, times: number, now = 0): void {
  for (let count = 0; count < times; count++) throttle.begin(address, account, now);
}

test('five attempts are free, then the wait doubles up to a quarter of an hour', () => {
  const throttle = new Throttle();
  fail(throttle, '192.0.2.1', 'ada', 4);
  equal(throttle.waitMs('192.0.2.1', 'ada', 0), 0);
  fail(throttle, '192.0.2.1', 'ada', 1);
  equal(throttle.waitMs('192.0.2.1', 'ada', 0), 30_000);
  fail(throttle, '192.0.2.1', 'ada', 1);
  equal(throttle.waitMs('192.0.2.1', 'ADA', 0), 60_000, 'the account in any spelling');
  fail(throttle, '192.0.2.1', 'ada', 20);
  equal(throttle.waitMs('192.0.2.1', 'ada', 0), 15 * 60_000);
});

test('another address, and another account, are not held up', () => {
  const throttle = new Throttle();
  fail(throttle, '192.0.2.1', 'ada', 30);
  equal(throttle.waitMs('192.0.2.2', 'ada', 0), 0);
  equal(throttle.waitMs('192.0.2.1', 'bob', 0), 0);
});

test('one address that tries many accounts is held up as a whole, and an IPv6 /64 is one address', () => {
  const throttle = new Throttle();
  for (let account = 0; account < 50; account++)
    fail(throttle, `2001:db8::${account.toString(16)}`, `user ${account}`, 1);
  ok(throttle.waitMs('2001:db8::ffff', 'ada', 0) > 0);
  equal(throttle.waitMs('2001:db8:0:1::1', 'ada', 0), 0);
});

test('success and time forget', () => {
  const throttle = new Throttle();
  fail(throttle, '192.0.2.1', 'ada', 5);
  throttle.succeed('192.0.2.1', 'ada');
  equal(throttle.waitMs('192.0.2.1', 'ada', 0), 0);
  fail(throttle, '192.0.2.1', 'ada', 5);
  fail(throttle, '192.0.2.1', 'ada', 1, 31 * 60_000);
  equal(throttle.waitMs('192.0.2.1', 'ada', 31 * 60_000), 0);
});
