import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressesEqual, compareAddresses, formatAddress, parseAddress } from './address.ts';
import { addresses } from './arbitraries.ts';

const canonical: readonly (readonly [written: string, canonical: string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['2001:db8::1', '2001:db8::1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  // RFC 5952 §4.1, §4.2.1, §4.2.2, §4.2.3, §4.3 and §5.
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::AbCd', '2001:db8::abcd'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ['::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];

const refused = [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.256',
  '1.2.3.4 ',
  '1.2.3.-4',
  '0x1.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  '12345::',
  'g::',
  'fe80::1%eth0',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '::1.2.3.04',
  '[::1]',
];

for (const [written, expected] of canonical) {
  test(`${written} is written back as ${expected}`, () => {
    const address = parseAddress(written);
    assert.ok(address !== undefined);
    assert.equal(formatAddress(address), expected);
  });
}

test('anything that is not exactly an address is refused', () => {
  for (const text of refused) assert.equal(parseAddress(text), undefined, text);
});

test('every address survives being written and read', () => {
  fc.assert(fc.property(addresses, (address) => addressesEqual(parseAddress(formatAddress(address))!, address)));
});

test('random text is refused or read, never an exception', () => {
  const likely = fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%/[] '), maxLength: 50 });
  fc.assert(
    fc.property(fc.oneof(fc.string(), likely), (text) => {
      const address = parseAddress(text);
      return address === undefined || addressesEqual(parseAddress(formatAddress(address))!, address);
    }),
    { numRuns: 5000 },
  );
});

test('addresses sort by family and then by value', () => {
  const sorted = ['2.0.0.0', '10.0.0.1', '10.0.0.2', '::', '::2', '1::'];
  const shuffled = ['::2', '10.0.0.2', '1::', '2.0.0.0', '::', '10.0.0.1'];
  const parsed = shuffled.map((text) => parseAddress(text)!).sort(compareAddresses);
  assert.deepEqual(parsed.map(formatAddress), sorted);
});
