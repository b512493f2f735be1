import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parsePrefix } from '@patronus/net';
import { DynamicNeighbours } from './dynamicNeighbours.ts';

test('whoever connects from a range is taken, up to its limit, by the most specific one', () => {
  const range = (text: string, most: number, template: string) => {
    const prefix = parsePrefix(text);
    assert.ok(prefix.ok);
    return { prefix: prefix.value, most, template };
  };
  const dynamic = new DynamicNeighbours([
    range('10.0.0.0/8', 2, 'wide'),
    range('10.1.0.0/16', 1, 'narrow'),
    range('2001:db8::/32', 1, 'six'),
  ]);
  const address = (text: string) => parseAddress(text)!.bytes;
  const admit = (text: string) => {
    const admission = dynamic.admit(address(text));
    return admission.kind === 'admitted' ? admission.template : admission.kind;
  };
  assert.equal(admit('10.9.9.9'), 'wide');
  assert.equal(admit('10.1.0.1'), 'narrow');
  assert.equal(admit('10.1.0.2'), 'full');
  assert.equal(admit('10.1.0.1'), 'narrow', 'one that is in may come again');
  assert.equal(admit('2001:db8::1'), 'six');
  assert.equal(admit('192.0.2.1'), 'unknown');
  dynamic.release(address('10.1.0.1'));
  assert.equal(admit('10.1.0.2'), 'narrow');
});
