import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prefix, parsePrefix, prefixesOverlap } from '@patronus/net';
import { canonicalName } from '../names.ts';
import { catalogue } from './catalogue.ts';

test('every application of the catalogue has an id of its own, a name of its own, and something to know it by', () => {
  assert.ok(catalogue.length >= 100, `${catalogue.length} applications`);
  assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length);
  assert.equal(new Set(catalogue.map(({ name }) => name.toLowerCase())).size, catalogue.length);
  for (const { id, name, ports, prefixes, names } of catalogue) {
    assert.match(id, /^[a-z0-9][a-z0-9-]{0,63}$/);
    assert.ok(name.length > 0 && name.length <= 64, id);
    assert.ok(ports.length + prefixes.length + names.length > 0, id);
    assert.ok(ports.length <= 64 && prefixes.length <= 1024 && names.length <= 256, id);
  }
});

test('no port of the catalogue belongs to two applications, so that a port says one thing', () => {
  const ranges = catalogue.flatMap(({ id, ports }) => ports.map((range) => ({ id, ...range })));
  for (const { id, protocol, first, last } of ranges) {
    assert.ok(first >= 1 && first <= last && last <= 0xffff, `${id}: ${first}-${last}`);
    const others = ranges.filter(
      (other) => other.id !== id && other.protocol === protocol && other.first <= last && first <= other.last,
    );
    // The media range that telephone systems share swallows what others registered inside it: the narrower one is
    // named first by the matcher.
    assert.deepEqual(
      others.filter((other) => other.id !== 'rtp' && id !== 'rtp').map((other) => other.id),
      [],
      `${id} ${protocol}/${first}-${last}`,
    );
  }
});

test('names of the catalogue are canonical and none lies in or below those of another application', () => {
  const owners = new Map<string, string>();
  for (const { id, names } of catalogue) {
    for (const name of names) {
      assert.equal(canonicalName(name), name, `${id}: ${name}`);
      assert.ok(name.split('.').length >= 2, `${id}: ${name} is a whole top-level domain`);
      assert.equal(owners.get(name), undefined, `${id}: ${name}`);
      owners.set(name, id);
    }
  }
  for (const [name, id] of owners) {
    const labels = name.split('.');
    for (let at = 1; at < labels.length; at++) {
      const above = owners.get(labels.slice(at).join('.'));
      assert.ok(above === undefined || above === id, `${name} of ${id} lies below a name of ${above}`);
    }
  }
});

test('prefixes of the catalogue are written as prefixes and share no address between applications', () => {
  const all = catalogue.flatMap(({ id, prefixes }) =>
    prefixes.map((text): { id: string; prefix: Prefix } => {
      const parsed = parsePrefix(text);
      assert.ok(parsed.ok, `${id}: ${text}`);
      return { id, prefix: parsed.value };
    }),
  );
  for (const one of all) {
    assert.ok(one.prefix.length >= (one.prefix.family === 4 ? 12 : 32), `${one.id}: a prefix that wide is a provider`);
    for (const other of all) {
      if (other.id !== one.id) assert.equal(prefixesOverlap(one.prefix, other.prefix), false, `${one.id} ${other.id}`);
    }
  }
});
