import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateText, seededNumbers } from '@patronus/testkit';
import { formatAddress, formatPrefix, parseAddress, parseEndpoint, parsePrefix } from './index.ts';

const samples = [
  '10.1.0.0/16',
  '2001:db8::/32',
  '192.0.2.1:51820',
  '[2001:db8::1]:51820',
  '::ffff:192.0.2.1',
  '0.0.0.0',
];

test('a million mutated addresses, prefixes and endpoints are read or refused, and what is read can be written', () => {
  const next = seededNumbers(0x5eed);
  for (let round = 0; round < 1_000_000; round++) {
    const text = mutateText(samples[next() % samples.length]!, next);
    const address = parseAddress(text);
    if (address !== undefined && parseAddress(formatAddress(address)) === undefined) assert.fail(text);
    const prefix = parsePrefix(text);
    if (prefix.ok && !parsePrefix(formatPrefix(prefix.value)).ok) assert.fail(text);
    parseEndpoint(text);
  }
});
