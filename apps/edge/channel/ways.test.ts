import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostFirst, splitHostPort, startAfter, waysTo } from './ways.ts';

const locals = [
  { address: '192.0.2.2', uplink: 'internet' },
  { address: '2001:db8::2', uplink: 'internet' },
  { address: '198.51.100.2', uplink: 'lte' },
];

test('each controller is tried over each uplink of its family, then by the main routes', () => {
  const names = waysTo(['203.0.113.1:8444', '[2001:db8::1]:8444'], locals).map(
    ({ host, localAddress }) => `${localAddress ?? 'main'} → ${host}`,
  );
  assert.deepEqual(names, [
    '192.0.2.2 → 203.0.113.1',
    '2001:db8::2 → 2001:db8::1',
    '198.51.100.2 → 203.0.113.1',
    'main → 203.0.113.1',
    'main → 2001:db8::1',
  ]);
});

test('a name may be reached from either family', () => {
  assert.equal(waysTo(['controller.example:8444'], locals).length, 4);
});

test('the way that just failed comes last', () => {
  const ways = waysTo(['203.0.113.1:8444'], locals);
  assert.deepEqual(
    startAfter(ways, ways[0]).map(({ name }) => name),
    ['lte', 'main routes', 'internet'],
  );
  assert.deepEqual(startAfter(ways, undefined), ways);
});

test('the controller that was reached last is tried first, over every uplink', () => {
  const ways = hostFirst(waysTo(['203.0.113.1:8444', '203.0.113.2:8444'], locals), '203.0.113.2');
  assert.deepEqual(
    ways.map(({ host, name }) => `${host} ${name}`),
    ['203.0.113.2', '203.0.113.1'].flatMap((host) =>
      ['internet', 'lte', 'main routes'].map((name) => `${host} ${name}`),
    ),
  );
});

test('what is not host:port is no way', () => {
  for (const text of ['', 'host', 'host:0', 'host:65536', '2001:db8::1:8444', '[::1]', 'a b:1', 'host:1/x']) {
    assert.equal(splitHostPort(text), undefined, text);
  }
});
