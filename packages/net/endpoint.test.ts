import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addresses } from './arbitraries.ts';
import { endpointsEqual, formatEndpoint, parseEndpoint } from './endpoint.ts';

test('endpoints of both families are read and written', () => {
  for (const text of ['192.0.2.1:51820', '[2001:db8::1]:51820', '0.0.0.0:1', '[::]:65535']) {
    assert.equal(formatEndpoint(parseEndpoint(text)!), text);
  }
});

test('an endpoint without a port, with a name, or with brackets in the wrong place is refused', () => {
  const refused = [
    '',
    '192.0.2.1',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:080',
    '[192.0.2.1]:1',
    '2001:db8::1:51820',
    '[2001:db8::1]',
    '[2001:db8::1]51820',
    'example.org:1',
    '[fe80::1%eth0]:1',
    '192.0.2.1:1\n',
  ];
  for (const text of refused) assert.equal(parseEndpoint(text), undefined, text);
});

test('every endpoint survives being written and read', () => {
  fc.assert(
    fc.property(addresses, fc.integer({ min: 1, max: 65535 }), (address, port) =>
      endpointsEqual(parseEndpoint(formatEndpoint({ address, port }))!, { address, port }),
    ),
  );
});

test('random text is refused or read, never an exception', () => {
  const likely = fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]'), maxLength: 50 });
  fc.assert(
    fc.property(fc.oneof(fc.string(), likely), (text) => {
      const endpoint = parseEndpoint(text);
      return endpoint === undefined || formatEndpoint(endpoint).length > 0;
    }),
    { numRuns: 5000 },
  );
});
