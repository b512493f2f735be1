import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from './address.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixContains, prefixOf } from './prefix.ts';
import { PrefixTrie } from './trie.ts';

function prefix(text: string): Prefix {
  const result = parsePrefix(text);
  assert.ok(result.ok, text);
  return result.value;
}

function find<V>(trie: PrefixTrie<V>, segment: number, text: string): V | undefined {
  const address = parseAddress(text)!;
  return trie.lookup(segment, address.family, address.bytes);
}

test('the longest prefix wins', () => {
  const trie = new PrefixTrie<string>();
  for (const text of ['10.1.0.0/16', '0.0.0.0/0', '10.1.2.0/24', '10.0.0.0/8', '10.1.2.3/32']) {
    trie.insert(0, prefix(text), text);
  }
  assert.equal(find(trie, 0, '10.1.2.3'), '10.1.2.3/32');
  assert.equal(find(trie, 0, '10.1.2.4'), '10.1.2.0/24');
  assert.equal(find(trie, 0, '10.1.3.4'), '10.1.0.0/16');
  assert.equal(find(trie, 0, '10.2.3.4'), '10.0.0.0/8');
  assert.equal(find(trie, 0, '192.0.2.1'), '0.0.0.0/0');
  assert.equal(trie.size, 5);
});

test('segments and families never see each other', () => {
  const trie = new PrefixTrie<string>();
  trie.insert(0, prefix('0.0.0.0/0'), 'four');
  trie.insert(7, prefix('::/0'), 'six');
  assert.equal(find(trie, 0, '1.2.3.4'), 'four');
  assert.equal(find(trie, 0, '::1'), undefined);
  assert.equal(find(trie, 7, '1.2.3.4'), undefined);
  assert.equal(find(trie, 7, '::1'), 'six');
});

test('an address is looked up where it stands in a packet, and never past its end', () => {
  const trie = new PrefixTrie<string>();
  trie.insert(0, prefix('10.0.0.0/8'), 'ten');
  const packet = Uint8Array.of(0, 0, 0, 10, 9, 8, 7);
  assert.equal(trie.lookup(0, 4, packet, 3), 'ten');
  assert.equal(trie.lookup(0, 4, packet, 4), undefined);
  assert.equal(trie.lookup(0, 4, packet, -1), undefined);
});

test('replacing answers the old value and keeps the count', () => {
  const trie = new PrefixTrie<number>();
  assert.equal(trie.insert(0, prefix('10.0.0.0/8'), 1), undefined);
  assert.equal(trie.insert(0, prefix('10.0.0.0/8'), 2), 1);
  assert.equal(trie.size, 1);
  assert.equal(trie.get(0, prefix('10.0.0.0/8')), 2);
  assert.equal(trie.remove(0, prefix('10.0.0.0/9')), undefined);
  assert.equal(trie.remove(0, prefix('10.0.0.0/8')), 2);
  assert.equal(trie.size, 0);
});

// Few distinct bits, so that prefixes nest, share forks and meet again on removal.
const denseAddress = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 128, 255), { minLength: 4, maxLength: 4 }),
  fc.array(fc.constantFrom(0, 1, 128, 255), { minLength: 16, maxLength: 16 }),
);
const densePrefix = fc.tuple(denseAddress, fc.nat(128)).map(([bytes, length]): Prefix => {
  const family = bytes.length === 4 ? 4 : 6;
  return prefixOf({ family, bytes: Uint8Array.from(bytes) }, length % (bytes.length * 8 + 1));
});
const step = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'remove'),
  segment: fc.nat(1),
  prefix: densePrefix,
  value: fc.nat(1000),
  isLaidOut: fc.boolean(),
});

test('any sequence of additions and removals answers like a plain list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(denseAddress, { maxLength: 20 }), (steps, probes) => {
      const trie = new PrefixTrie<number>();
      const list = new Map<string, { segment: number; prefix: Prefix; value: number }>();
      for (const { kind, segment, prefix, value, isLaidOut } of steps) {
        const key = `${segment} ${formatPrefix(prefix)}`;
        const before = list.get(key)?.value;
        if (kind === 'insert') {
          assert.equal(trie.insert(segment, prefix, value), before);
          list.set(key, { segment, prefix, value });
        } else {
          assert.equal(trie.remove(segment, prefix), before);
          list.delete(key);
        }
        assert.equal(trie.size, list.size);
        assert.equal(trie.get(segment, prefix), list.get(key)?.value);
        // Laid out in between, so that changes meet what is in order already.
        if (isLaidOut) trie.compile();
      }
      const listed = [...trie.entries()].map(
        (entry) => `${entry.segment} ${formatPrefix(entry.prefix)} ${entry.value}`,
      );
      assert.deepEqual(listed.sort(), [...list].map(([key, { value }]) => `${key} ${value}`).sort());
      for (const bytes of probes) {
        for (const segment of [0, 1]) {
          const family = bytes.length === 4 ? 4 : 6;
          const address = { family, bytes: Uint8Array.from(bytes) } as const;
          const longest = [...list.values()]
            .filter((entry) => entry.segment === segment && prefixContains(entry.prefix, address))
            .sort((a, b) => b.prefix.length - a.prefix.length)[0];
          assert.equal(trie.lookup(segment, family, address.bytes), longest?.value);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a trie that was emptied holds nothing any more', () => {
  fc.assert(
    fc.property(fc.array(densePrefix), (prefixes) => {
      const trie = new PrefixTrie<number>();
      for (const one of prefixes) trie.insert(3, one, 1);
      for (const one of prefixes) trie.remove(3, one);
      assert.equal(trie.size, 0);
      assert.deepEqual([...trie.entries()], []);
    }),
  );
});

test('what was looked up last is answered anew when the table is another', () => {
  const trie = new PrefixTrie<string>();
  assert.equal(find(trie, 0, '10.0.0.1'), undefined);
  trie.insert(0, prefix('10.0.0.0/8'), 'first');
  assert.equal(find(trie, 0, '10.0.0.1'), 'first');
  trie.insert(0, prefix('10.0.0.0/16'), 'narrower');
  assert.equal(find(trie, 0, '10.0.0.1'), 'narrower');
  trie.remove(0, prefix('10.0.0.0/16'));
  assert.equal(find(trie, 0, '10.0.0.1'), 'first');
  trie.clear();
  assert.equal(find(trie, 0, '10.0.0.1'), undefined);
  trie.insert(0, prefix('10.0.0.0/8'), 'second');
  assert.equal(find(trie, 0, '10.0.0.1'), 'second');
});
