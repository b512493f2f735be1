import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kernelCipher } from '../cipher.ts';
import '../kernels/build.mjs';
import { createMemory, HEADROOM, Layout, SCRATCH } from '../memory.ts';
import { agrees } from './cipherTrial.ts';
import { loadKernels } from './loadKernels.ts';
import { opensslCipher } from './openssl.ts';

const memory = createMemory();
const kernels = loadKernels(memory.memory);
const ours = kernelCipher(kernels);
const { bytes } = memory;
const KEY = Layout.hashInput;
const AT = Layout.outgoingArea + HEADROOM;

test('the OpenSSL inside Node is found, and agrees with the kernels over many lengths', () => {
  const theirs = opensslCipher(memory, kernels);
  assert.ok(theirs, 'no ChaCha20_ctr32 and Poly1305_* in this Node: the kernels do the work');
  assert.ok(agrees(theirs, ours, memory, SCRATCH));
});

test('each opens what the other sealed, refuses what was changed, and leaves what lies around it alone', () => {
  const theirs = opensslCipher(memory, kernels)!;
  const message = fc.uint8Array({ maxLength: 3_000, size: 'max' });
  fc.assert(
    fc.property(
      message,
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(),
      fc.nat(15),
      (plain, key, counter, shift) => {
        const at = AT + shift;
        for (const [sealer, opener] of [
          [ours, theirs],
          [theirs, ours],
        ] as const) {
          bytes.set(key, KEY);
          bytes.fill(0xa5, at - 64, at + plain.length + 64);
          bytes.set(plain, at);
          sealer.seal(KEY, counter, 7, at, plain.length);
          const sealed = bytes.slice(at, at + plain.length + 16);
          bytes.fill(0xa5, at + plain.length + 16, at + plain.length + 32);
          assert.equal(opener.open(KEY, counter, 7, at, plain.length), 1);
          assert.deepEqual(bytes.slice(at, at + plain.length), new Uint8Array(plain));
          bytes.set(sealed, at);
          bytes[at + (counter % sealed.length)]! ^= 0x10;
          assert.equal(opener.open(KEY, counter, 7, at, plain.length), 0);
          assert.ok(bytes.subarray(at, at + plain.length).every((byte) => byte === 0));
          assert.ok(bytes.subarray(at - 64, at).every((byte) => byte === 0xa5));
          assert.ok(bytes.subarray(at + plain.length + 16, at + plain.length + 64).every((byte) => byte === 0xa5));
        }
      },
    ),
    { numRuns: 300 },
  );
});
