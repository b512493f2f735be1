import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLinks, identityName, type LinkIdentity } from './difference.ts';

const key = (byte: number) => new Uint8Array(32).fill(byte);
const link = (uplinkId: string, own: number, remote: number, preshared?: number, family: 4 | 6 = 4): LinkIdentity => ({
  uplinkId,
  family,
  ownPublicKey: key(own),
  remotePublicKey: key(remote),
  presharedKey: preshared === undefined ? undefined : key(preshared),
});

test('what is configured again stays', () => {
  const before = [link('a', 1, 2), link('a', 1, 3), link('b', 4, 2)];
  const { kept, added, removed } = diffLinks(before, [...before].reverse());
  assert.equal(kept.length, 3);
  assert.ok(kept.every(([existing, desired]) => existing === desired));
  assert.deepEqual([added, removed], [[], []]);
});

test('a new own key, remote key, preshared key, uplink or family is another link', () => {
  const before = link('a', 1, 2);
  for (const after of [
    link('a', 9, 2),
    link('a', 1, 9),
    link('a', 1, 2, 9),
    link('b', 1, 2),
    link('a', 1, 2, undefined, 6),
  ]) {
    const { kept, added, removed } = diffLinks([before], [after]);
    assert.deepEqual([kept, added, removed], [[], [after], [before]]);
  }
});

test('no preshared key is the same as one of zeros', () => {
  assert.equal(diffLinks([link('a', 1, 2)], [link('a', 1, 2, 0)]).kept.length, 1);
});

test('kept and removed are what there was, kept and added are what there is to be', () => {
  const links = fc.uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b'), fc.nat(2), fc.nat(2), fc.nat(1)).map(([u, o, r, p]) => link(u, o, r, p)),
    { selector: identityName },
  );
  fc.assert(
    fc.property(links, links, (before, after) => {
      const { kept, added, removed } = diffLinks(before, after);
      assert.deepEqual(new Set([...kept.map(([existing]) => existing), ...removed]), new Set(before));
      assert.deepEqual(new Set([...kept.map(([, desired]) => desired), ...added]), new Set(after));
    }),
  );
});
