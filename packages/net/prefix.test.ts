import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from './address.ts';
import { prefixes } from './arbitraries.ts';
import {
  comparePrefixes,
  formatPrefix,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixesEqual,
  prefixesOverlap,
} from './prefix.ts';

function prefix(text: string): Prefix {
  const result = parsePrefix(text);
  assert.ok(result.ok, text);
  return result.value;
}

test('prefixes of both families are read and written', () => {
  for (const text of [
    '10.1.0.0/16',
    '0.0.0.0/0',
    '192.0.2.1/32',
    '2001:db8::/32',
    '::/0',
    '2001:db8::1/128',
    '10.128.0.0/9',
  ]) {
    assert.equal(formatPrefix(prefix(text)), text);
  }
});

test('a prefix with host bits is refused with the prefix that was meant', () => {
  const result = parsePrefix('10.1.2.3/16');
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'prefix-host-bits');
  assert.match(result.error.message, /10\.1\.0\.0\/16/);
  assert.match(result.error.message, /10\.1\.2\.3\/32/);
});

test('every other mistake has its own code and names the text', () => {
  const mistakes = {
    '10.1.0.0': 'prefix-syntax',
    '10.1.0/16': 'prefix-address',
    'site/16': 'prefix-address',
    '10.1.0.0/33': 'prefix-length',
    '10.1.0.0/': 'prefix-length',
    '10.1.0.0/016': 'prefix-length',
    '::/129': 'prefix-length',
    '::/1/2': 'prefix-length',
  };
  for (const [text, code] of Object.entries(mistakes)) {
    const result = parsePrefix(text);
    assert.ok(!result.ok, text);
    assert.equal(result.error.code, code, text);
    assert.ok(result.error.message.includes(text));
  }
});

test('a prefix contains its addresses and no others', () => {
  assert.ok(prefixContains(prefix('10.128.0.0/9'), parseAddress('10.255.0.1')!));
  assert.ok(!prefixContains(prefix('10.128.0.0/9'), parseAddress('10.127.0.1')!));
  assert.ok(prefixContains(prefix('::/0'), parseAddress('::1')!));
  assert.ok(!prefixContains(prefix('::/0'), parseAddress('1.2.3.4')!), 'never across families');
});

test('covering has a direction, overlapping has none', () => {
  const [wide, narrow, aside] = [prefix('10.0.0.0/8'), prefix('10.1.0.0/16'), prefix('11.0.0.0/8')];
  assert.ok(prefixCovers(wide, narrow) && !prefixCovers(narrow, wide) && prefixCovers(wide, wide));
  assert.ok(prefixesOverlap(wide, narrow) && prefixesOverlap(narrow, wide) && !prefixesOverlap(wide, aside));
  assert.ok(!prefixesOverlap(prefix('0.0.0.0/0'), prefix('::/0')));
});

test('every prefix survives being written and read', () => {
  fc.assert(fc.property(prefixes, (one) => prefixesEqual(prefix(formatPrefix(one)), one)));
});

test('prefixes overlap exactly when one covers the other', () => {
  fc.assert(
    fc.property(prefixes, prefixes, (a, b) => prefixesOverlap(a, b) === (prefixCovers(a, b) || prefixCovers(b, a))),
  );
});

test('sorting puts a prefix right before the ones inside it', () => {
  const sorted = ['10.0.0.0/8', '10.0.0.0/16', '10.1.0.0/16', '::/0'].map(prefix);
  assert.deepEqual([...sorted].reverse().sort(comparePrefixes), sorted);
});

test('random text is refused or read, never an exception', () => {
  const likely = fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./'), maxLength: 50 });
  fc.assert(
    fc.property(fc.oneof(fc.string(), likely), (text) => typeof parsePrefix(text).ok === 'boolean'),
    {
      numRuns: 5000,
    },
  );
});
