/** Origin validation: RFC 6811, over what several caches say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@patronus/net';
import fc from 'fast-check';
import { ValidatedPrefixes } from './validatedPrefixes.ts';

function payload(text: string, maxLength: number, as: number) {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok, text);
  const { bytes: address, length } = prefix.value;
  return { address, length, maxLength, as };
}

const ours = payload('192.0.2.0/24', 24, 65_001);

test('origin validation is that of RFC 6811 §2', () => {
  const table = new ValidatedPrefixes();
  table.begin(0, true);
  for (const [text, maxLength, as] of [
    ['10.0.0.0/8', 16, 65_001],
    ['10.1.0.0/16', 24, 65_002],
    ['192.0.2.0/24', 24, 0],
    ['2001:db8::/32', 48, 65_001],
  ] as const) {
    assert.equal(table.announce(0, payload(text, maxLength, as)), true);
  }
  table.commit(0, () => undefined);
  assert.equal(table.size, 4);
  const cases: readonly (readonly [string, number | undefined, string])[] = [
    ['10.0.0.0/8', 65_001, 'valid'],
    ['10.2.0.0/16', 65_001, 'valid'],
    ['10.2.0.0/17', 65_001, 'invalid'],
    ['10.2.0.0/16', 65_003, 'invalid'],
    ['10.1.5.0/24', 65_002, 'valid'],
    ['10.1.0.0/16', 65_001, 'valid'],
    ['10.1.5.0/24', 65_001, 'invalid'],
    ['10.0.0.0/8', undefined, 'invalid'],
    ['11.0.0.0/8', 65_001, 'not-found'],
    ['0.0.0.0/0', 65_001, 'not-found'],
    ['192.0.2.0/24', 0, 'invalid'],
    ['2001:db8:1::/48', 65_001, 'valid'],
    ['2001:db8:1::/64', 65_001, 'invalid'],
    ['2001:db9::/48', undefined, 'not-found'],
  ];
  for (const [text, as, expected] of cases) {
    const { address, length } = payload(text, 128, 1);
    assert.equal(table.validate(address, length, as), expected, `${text} from ${as}`);
  }
});

test('a payload counts while one cache has it, and each cache can be forgotten', () => {
  const table = new ValidatedPrefixes();
  const changes: string[] = [];
  const visit = (address: Uint8Array, length: number) => changes.push(`${address.join('.')}/${length}`);
  for (const cache of [0, 30]) {
    table.begin(cache, true);
    table.announce(cache, ours);
    table.commit(cache, visit);
  }
  assert.deepEqual(changes, ['192.0.2.0/24']);
  table.forget(30, visit);
  assert.equal(table.validate(ours.address, 24, 65_001), 'valid');
  table.forget(0, visit);
  assert.equal(table.validate(ours.address, 24, 65_001), 'not-found');
  assert.deepEqual(changes, ['192.0.2.0/24', '192.0.2.0/24']);
  assert.equal(table.size, 0);
});

test('the table judges like a look through all payloads', () => {
  const short = fc.record({
    bits: fc.integer({ min: 0, max: 63 }),
    length: fc.integer({ min: 0, max: 6 }),
    more: fc.integer({ min: 0, max: 3 }),
    as: fc.integer({ min: 0, max: 3 }),
  });
  const place = (bits: number, length: number, size: number) => {
    const address = new Uint8Array(size);
    address[0] = (bits << 2) & (0xff << (8 - length)) & 0xff;
    return address;
  };
  fc.assert(
    fc.property(fc.array(short), fc.array(short), fc.constantFrom(4, 16), (payloads, routes, size) => {
      const table = new ValidatedPrefixes();
      table.begin(0, true);
      for (const { bits, length, more, as } of payloads) {
        table.announce(0, { address: place(bits, length, size), length, maxLength: length + more, as });
      }
      table.commit(0, () => undefined);
      for (const route of routes) {
        const address = place(route.bits, route.length, size);
        const covering = payloads.filter(
          ({ bits, length }) =>
            length <= route.length && place(bits, length, size)[0] === place(address[0]! >>> 2, length, size)[0],
        );
        const isValid = covering.some(
          ({ length, more, as }) => route.length <= length + more && as === route.as && as !== 0,
        );
        const expected = covering.length === 0 ? 'not-found' : isValid ? 'valid' : 'invalid';
        assert.equal(table.validate(address, route.length, route.as), expected);
      }
    }),
    { numRuns: 300 },
  );
});
