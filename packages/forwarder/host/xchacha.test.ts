import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noblePrimitives } from '@patronus/wireguard';
import fc from 'fast-check';
import { COOKIE_MOST, createMemory } from '../memory.ts';
import { loadKernels } from './loadKernels.ts';
import { xchacha20Poly1305 } from './xchacha.ts';

const memory = createMemory();
const ours = xchacha20Poly1305(memory, loadKernels(memory.memory));
const noble = noblePrimitives((length) => new Uint8Array(length));

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const short = fc.uint8Array({ maxLength: COOKIE_MOST });

test('cookies are sealed and opened as another implementation of XChaCha20-Poly1305 does it', () => {
  fc.assert(
    fc.property(bytes(32), bytes(24), short, short, (key, nonce, plaintext, data) => {
      const sealed = ours.xaeadSeal(key, nonce, plaintext, data);
      assert.deepEqual(sealed, noble.xaeadSeal(key, nonce, plaintext, data));
      assert.deepEqual(ours.xaeadOpen(key, nonce, sealed, data), Uint8Array.from(plaintext));
    }),
  );
});

test('nothing opens a cookie that was changed, cut, or bound to something else', () => {
  fc.assert(
    fc.property(bytes(32), bytes(24), bytes(16), bytes(16), fc.nat(31), (key, nonce, cookie, data, at) => {
      const sealed = ours.xaeadSeal(key, nonce, cookie, data);
      const changed = sealed.slice();
      changed[at]! ^= 1;
      assert.equal(ours.xaeadOpen(key, nonce, changed, data), undefined);
      assert.equal(ours.xaeadOpen(key, nonce, sealed.subarray(0, at), data), undefined);
      const other = data.slice();
      other[at % 16]! ^= 1;
      assert.equal(ours.xaeadOpen(key, nonce, sealed, other), undefined);
    }),
  );
});

test('what is longer than any cookie is refused before it is written anywhere', () => {
  const long = new Uint8Array(COOKIE_MOST + 1);
  assert.throws(() => ours.xaeadSeal(new Uint8Array(32), new Uint8Array(24), new Uint8Array(0), long), RangeError);
  assert.throws(() => ours.xaeadOpen(new Uint8Array(32), new Uint8Array(24), new Uint8Array(200), long), RangeError);
});
