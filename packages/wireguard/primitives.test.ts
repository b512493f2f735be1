import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '@patronus/wire';
import { noblePrimitives } from './index.ts';
import { seededRandom } from './simulation.ts';
import vectors from './vectors/primitives.json' with { type: 'json' };

const primitives = noblePrimitives(seededRandom(1));
const hex = (text: string) => fromHex(text)!;

test('X25519 gives the result of RFC 7748, and nothing for a point of low order', () => {
  const { scalar, point, result } = vectors.x25519;
  const own = primitives.privateKey(hex(scalar));
  assert.equal(toHex(primitives.x25519(own, hex(point))!), result);
  assert.equal(primitives.x25519(own, new Uint8Array(32)), undefined);
});

test('BLAKE2s gives the digest of RFC 7693, whole or in parts', () => {
  const { input, digest } = vectors.blake2s;
  assert.equal(toHex(primitives.hash(hex(input))), digest);
  assert.equal(toHex(primitives.hash(hex(input).subarray(0, 1), hex(input).subarray(1))), digest);
});

for (const [name, seal, open] of [
  ['chacha20poly1305', primitives.aeadSeal, primitives.aeadOpen],
  ['xchacha20poly1305', primitives.xaeadSeal, primitives.xaeadOpen],
] as const) {
  const vector = vectors[name];
  const [key, nonce, additional, plaintext, sealed] = [
    hex(vector.key),
    hex(vector.nonce),
    hex(vector.additional),
    hex(vector.plaintext),
    hex(vector.sealed),
  ];

  test(`${name} gives the bytes of ${vector.source}, in both directions`, () => {
    assert.equal(toHex(seal(key, nonce, plaintext, additional)), vector.sealed);
    assert.equal(toHex(open(key, nonce, sealed, additional)!), vector.plaintext);
  });

  test(`${name} opens nothing that was changed or cut`, () => {
    const changed = sealed.slice();
    changed[0]! ^= 1;
    assert.equal(open(key, nonce, changed, additional), undefined);
    assert.equal(open(key, nonce, sealed, new Uint8Array(0)), undefined);
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(open(key, nonce, sealed.subarray(0, length), additional), undefined);
    }
  });
}
