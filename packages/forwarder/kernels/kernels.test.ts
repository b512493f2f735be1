import assert from 'node:assert/strict';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import './build.mjs';
import { loadKernels } from '../host/loadKernels.ts';
import { createKernels, KERNEL_RESERVED, KernelError } from './index.ts';

const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
const bytes = Buffer.from(memory.buffer);
const kernels = loadKernels(memory);
const wasmBytes = readFileSync(new URL('./build/kernels.wasm', import.meta.url));
const vectors = JSON.parse(readFileSync(new URL('./vectors/crypto.json', import.meta.url), 'utf8'));

const KEY = KERNEL_RESERVED;
const NONCE = KEY + 32;
const DATA = KEY + 64;
const DIGEST = KEY + 512;
const MESSAGE = KEY + 1024;

function put(offset: number, content: Uint8Array): void {
  bytes.set(content, offset);
}

function hexAt(offset: number, length: number): string {
  return bytes.toString('hex', offset, offset + length);
}

function refusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof KernelError && error.code === code;
}

/** What OpenSSL makes of the same message: the ciphertext with its tag. */
function sealedByOpenssl(key: Uint8Array, counter: bigint, plain: Uint8Array): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(counter, 4);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function halves(counter: bigint): [low: number, high: number] {
  return [Number(counter & 0xffffffffn), Number(counter >> 32n)];
}

suite('ChaCha20-Poly1305', () => {
  for (const vector of vectors.aead) {
    test(`seals and opens ${vector.name}`, () => {
      const plain = Buffer.from(vector.plaintext, 'hex');
      const data = Buffer.from(vector.data, 'hex');
      put(KEY, Buffer.from(vector.key, 'hex'));
      put(NONCE, Buffer.from(vector.nonce, 'hex'));
      put(DATA, data);
      put(MESSAGE, plain);
      kernels.sealWithData(KEY, NONCE, DATA, data.length, MESSAGE, plain.length);
      assert.equal(hexAt(MESSAGE, plain.length + 16), vector.ciphertext + vector.tag);
      assert.equal(kernels.openWithData(KEY, NONCE, DATA, data.length, MESSAGE, plain.length), 1);
      assert.equal(hexAt(MESSAGE, plain.length), vector.plaintext);
    });
  }

  test('agrees with OpenSSL for every length from 0 to 2048, and touches nothing beside the message and its tag', () => {
    const key = randomBytes(32);
    put(KEY, key);
    for (let length = 0; length <= 2048; length++) {
      const counter = randomBytes(8).readBigUInt64LE();
      const plain = randomBytes(length);
      const sealed = sealedByOpenssl(key, counter, plain);
      const start = MESSAGE + (length % 17); // not only aligned addresses
      const canary = 64;
      bytes.fill(0xa5, start - canary, start + length + 16 + canary);
      put(start, plain);
      kernels.seal(KEY, ...halves(counter), start, length);
      const expected = Buffer.concat([Buffer.alloc(canary, 0xa5), sealed, Buffer.alloc(canary, 0xa5)]);
      const area = bytes.subarray(start - canary, start + length + 16 + canary);
      assert.ok(area.equals(expected), `seal, length ${length}, counter ${counter}`);

      assert.equal(kernels.open(KEY, ...halves(counter), start, length), 1, `open, length ${length}`);
      plain.copy(expected, canary);
      assert.ok(area.equals(expected), `opened, length ${length}, counter ${counter}`);
    }
  });

  test('agrees with OpenSSL for any key, counter, additional data and content', () => {
    const filler = fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xfb, 0xff); // long carries in Poly1305
    const extreme = fc.tuple(filler, fc.nat(700)).map(([byte, length]) => new Uint8Array(length).fill(byte));
    const content = fc.oneof(fc.uint8Array({ maxLength: 9000 }), extreme);
    const key32 = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constant(new Uint8Array(32).fill(255)));
    const nonce12 = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(key32, nonce12, fc.uint8Array({ maxLength: 400 }), content, (key, nonce, data, plain) => {
        const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
        cipher.setAAD(data, { plaintextLength: plain.length });
        const expected = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
        put(KEY, key);
        put(NONCE, nonce);
        put(DATA, data);
        put(MESSAGE, plain);
        kernels.sealWithData(KEY, NONCE, DATA, data.length, MESSAGE, plain.length);
        assert.equal(hexAt(MESSAGE, expected.length), expected.toString('hex'));
        assert.equal(kernels.openWithData(KEY, NONCE, DATA, data.length, MESSAGE, plain.length), 1);
      }),
      { numRuns: 400 },
    );
  });

  test('refuses a message with any one bit flipped, in the text or in the tag, and wipes it', () => {
    for (const length of [0, 1, 32, 100, 191, 192, 193, 449, 700]) {
      const key = randomBytes(32);
      const sealed = sealedByOpenssl(key, 7n, randomBytes(length));
      put(KEY, key);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        put(MESSAGE, sealed);
        bytes[MESSAGE + (bit >> 3)]! ^= 1 << (bit & 7);
        assert.equal(kernels.open(KEY, 7, 0, MESSAGE, length), 0, `length ${length}, bit ${bit}`);
        assert.ok(bytes.subarray(MESSAGE, MESSAGE + length).every((byte) => byte === 0));
      }
    }
  });

  test('refuses a message under another key, another counter or another length', () => {
    const key = randomBytes(32);
    const sealed = sealedByOpenssl(key, 5n, randomBytes(600));
    const attempts: readonly [name: string, flipKey: number, counter: bigint, length: number][] = [
      ['key', 1, 5n, 600],
      ['low half of the counter', 0, 6n, 600],
      ['high half of the counter', 0, 5n + (1n << 32n), 600],
      ['length', 0, 5n, 599],
    ];
    for (const [name, flipKey, counter, length] of attempts) {
      put(KEY, key);
      bytes[KEY + 31]! ^= flipKey;
      put(MESSAGE, sealed);
      assert.equal(kernels.open(KEY, ...halves(counter), MESSAGE, length), 0, name);
    }
    put(KEY, key);
    put(MESSAGE, sealed);
    assert.equal(kernels.open(KEY, 5, 0, MESSAGE, 600), 1);
  });

  test('uses the whole 64-bit counter, up to its last value', () => {
    const key = randomBytes(32);
    const plain = randomBytes(300);
    put(KEY, key);
    for (const counter of [0n, 0xffffffffn, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn]) {
      put(MESSAGE, plain);
      kernels.seal(KEY, ...halves(counter), MESSAGE, plain.length);
      assert.equal(hexAt(MESSAGE, 316), sealedByOpenssl(key, counter, plain).toString('hex'));
    }
  });

  test('seals 64 KiB, the largest that one read from a TUN device brings', () => {
    const key = randomBytes(32);
    const plain = randomBytes(65_535);
    put(KEY, key);
    put(MESSAGE, plain);
    kernels.seal(KEY, 9, 0, MESSAGE, plain.length);
    assert.ok(bytes.subarray(MESSAGE, MESSAGE + 65_551).equals(sealedByOpenssl(key, 9n, plain)));
    assert.equal(kernels.open(KEY, 9, 0, MESSAGE, plain.length), 1);
    assert.ok(bytes.subarray(MESSAGE, MESSAGE + 65_535).equals(plain));
  });

  test('leaves neither the one-time key nor the plaintext of a refused message in its own area', () => {
    const key = randomBytes(32);
    const sealed = sealedByOpenssl(key, 1n, Buffer.alloc(640, 'secret of one peer'));
    sealed[655]! ^= 1;
    put(KEY, key);
    put(MESSAGE, sealed);
    assert.equal(kernels.open(KEY, 1, 0, MESSAGE, 640), 0);
    assert.ok(!bytes.subarray(0, KERNEL_RESERVED).includes('secret of one'));
  });
});

suite('BLAKE2s', () => {
  for (const vector of vectors.blake2s) {
    test(`reproduces ${vector.name}`, () => {
      const key = Buffer.from(vector.key, 'hex');
      const message = Buffer.from(vector.message, 'hex');
      put(KEY, key);
      put(MESSAGE, message);
      kernels.blake2s(DIGEST, 32, KEY, key.length, MESSAGE, message.length);
      assert.equal(hexAt(DIGEST, 32), vector.digest);
    });
  }

  test('passes the self-test of RFC 7693 appendix E: digests of 16, 20, 28 and 32 bytes, plain and keyed', () => {
    const all: Buffer[] = [];
    for (const digestLength of [16, 20, 28, 32]) {
      for (const length of [0, 3, 64, 65, 255, 1024]) {
        put(MESSAGE, fibonacciBytes(length));
        put(KEY, fibonacciBytes(digestLength));
        for (const keyLength of [0, digestLength]) {
          kernels.blake2s(DIGEST, digestLength, KEY, keyLength, MESSAGE, length);
          all.push(Buffer.from(bytes.subarray(DIGEST, DIGEST + digestLength)));
        }
      }
    }
    const digests = Buffer.concat(all);
    put(MESSAGE, digests);
    kernels.blake2s(DIGEST, 32, KEY, 0, MESSAGE, digests.length);
    assert.equal(hexAt(DIGEST, 32), vectors.blake2sSelfTest);
  });

  test('agrees with OpenSSL for every length from 0 to 600, and writes no more than the digest', () => {
    for (let length = 0; length <= 600; length++) {
      const message = randomBytes(length);
      put(MESSAGE, message);
      bytes.fill(0xa5, DIGEST - 16, DIGEST + 48);
      kernels.blake2s(DIGEST, 32, KEY, 0, MESSAGE, length);
      assert.equal(hexAt(DIGEST, 32), createHash('blake2s256').update(message).digest('hex'));
      assert.equal(hexAt(DIGEST - 16, 16) + hexAt(DIGEST + 32, 16), 'a5'.repeat(32));
    }
  });
});

suite('internet checksum', () => {
  /** RFC 1071 §1, word by word. */
  function plainSum(content: Uint8Array, initial: number): number {
    let sum = initial;
    content.forEach((byte, index) => {
      sum += index % 2 === 0 ? byte * 256 : byte;
    });
    while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
    return sum;
  }

  test('agrees with a sum word by word, for any content and initial value', () => {
    const initial = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0xffff, 0x10000, 0xffffffff));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), initial, fc.nat(15), (content, first, shift) => {
        put(MESSAGE + shift, content);
        assert.equal(kernels.checksum(MESSAGE + shift, content.length, first), plainSum(content, first));
      }),
    );
  });

  test('does not overflow on long runs of ones', () => {
    bytes.fill(0xff, MESSAGE, MESSAGE + 200_000);
    assert.equal(kernels.checksum(MESSAGE, 200_000, 0), 0xffff);
    assert.equal(kernels.checksum(MESSAGE, 199_999, 0), plainSum(bytes.subarray(MESSAGE, MESSAGE + 199_999), 0));
  });

  test('chains over ranges, and gives 0xffff over a header that holds its checksum', () => {
    const header = Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex');
    put(MESSAGE, header);
    assert.equal(kernels.checksum(MESSAGE, 20, 0), 0xffff);
    assert.equal(kernels.checksum(MESSAGE + 12, 8, kernels.checksum(MESSAGE, 12, 0)), 0xffff);
    bytes.writeUInt16BE(0, MESSAGE + 10);
    assert.equal(~kernels.checksum(MESSAGE, 20, 0) & 0xffff, 0xb861);
  });
});

suite('copying and summing', () => {
  test('copies what is there and answers what checksum would, for every length and place', () => {
    const content = fc.uint8Array({ maxLength: 3000 });
    fc.assert(
      fc.property(content, fc.nat(15), fc.nat(15), fc.nat(0xffff), (bytesToCopy, from, to, initial) => {
        const [source, target] = [MESSAGE + from, MESSAGE + 8_192 + to];
        put(source, bytesToCopy);
        bytes.fill(0xa5, target - 16, target + bytesToCopy.length + 16);
        const sum = kernels.copyAndSum(target, source, bytesToCopy.length, initial);
        assert.equal(sum, kernels.checksum(source, bytesToCopy.length, initial));
        assert.equal(hexAt(target, bytesToCopy.length), Buffer.from(bytesToCopy).toString('hex'));
        assert.equal(hexAt(target - 16, 16) + hexAt(target + bytesToCopy.length, 16), 'a5'.repeat(32));
      }),
    );
  });

  test('a block is set aside and put back, and what took its place is kept', () => {
    const [aside, key] = [MESSAGE + 256, MESSAGE + 512];
    const block = randomBytes(64);
    put(MESSAGE, block);
    kernels.setAside(MESSAGE + 64, aside);
    assert.equal(hexAt(MESSAGE, 64), '00'.repeat(64));
    const stream = randomBytes(64);
    put(MESSAGE, stream);
    kernels.putBack(MESSAGE + 64, 21, aside, key);
    assert.equal(hexAt(MESSAGE, 64), block.toString('hex'));
    assert.equal(hexAt(key, 32), stream.toString('hex', 0, 32));
    const padded = '00'.repeat(11);
    assert.equal(hexAt(MESSAGE + 64 + 21, 27), `${padded}${'00'.repeat(8)}15${'00'.repeat(7)}`);
  });

  test('a message opened out of place is put into its place where the tag is right, and what lies behind it stays', () => {
    const [plain, aside, key, tag] = [MESSAGE + 4_096, MESSAGE + 8_192, MESSAGE + 8_256, MESSAGE + 8_320];
    const [before, opened, behind] = [randomBytes(64), randomBytes(64 + 21), randomBytes(32)];
    const message = MESSAGE + 64;
    for (const isRight of [true, false]) {
      put(MESSAGE, before);
      put(message + 21, behind);
      put(plain, opened);
      kernels.beginOpen(message, 21, plain, aside, key);
      const block = Buffer.from(before.subarray(0, 32).map((byte, at) => byte ^ opened[at]!));
      assert.equal(hexAt(key, 32), block.toString('hex'));
      assert.equal(hexAt(message + 21, 27), `${'00'.repeat(19)}15${'00'.repeat(7)}`);
      put(tag, behind.subarray(0, 16));
      if (!isRight) bytes[tag + 15]! ^= 1;
      assert.equal(kernels.endOpen(message, 21, plain, aside, tag), isRight ? 1 : 0);
      assert.equal(hexAt(message, 21), isRight ? opened.toString('hex', 64) : '00'.repeat(21));
      assert.equal(hexAt(message + 21, 32), behind.toString('hex'));
      assert.equal(hexAt(MESSAGE, 64), before.toString('hex'));
    }
  });
});

suite('starting the kernels', () => {
  test('refuses a memory of no pages', () => {
    const small = new WebAssembly.Memory({ initial: 0, maximum: 0 });
    assert.throws(() => createKernels(small, wasmBytes), refusal('KERNELS_MODULE'));
  });

  test('names the build as the cause when the module is damaged', () => {
    assert.throws(() => createKernels(memory, wasmBytes.subarray(0, 100)), refusal('KERNELS_MODULE'));
    assert.throws(
      () => loadKernels(memory, '/nonexistent/kernels.wasm'),
      /run node packages\/forwarder\/kernels\/build/,
    );
  });

  test('refuses a module that computes something else', () => {
    const wrong = Buffer.from(wasmBytes);
    const sigma = wrong.indexOf(Buffer.from([14, 10, 4, 8, 9, 15, 13, 6]));
    assert.notEqual(sigma, -1);
    wrong.set([0], sigma); // one word of one round of BLAKE2s
    const own = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    assert.throws(() => createKernels(own, wrong), refusal('KERNELS_SELF_TEST'));
  });

  test('starts within one page, and leaves the memory above the reserved area alone', () => {
    const page = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const above = Buffer.from(page.buffer, KERNEL_RESERVED).fill(0xa5);
    createKernels(page, wasmBytes);
    assert.ok(above.every((byte) => byte === 0xa5));
  });

  test('imports nothing but the memory', () => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasmBytes));
    assert.deepEqual(imports, [{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  test('refuses ranges that reach into the reserved area or past the end, before anything is touched', () => {
    const size = memory.buffer.byteLength;
    const wrong: readonly (() => unknown)[] = [
      () => kernels.seal(0, 0, 0, MESSAGE, 16),
      () => kernels.seal(KEY, 0, 0, KERNEL_RESERVED - 1, 16),
      () => kernels.seal(KEY, 0, 0, size - 31, 16),
      () => kernels.open(KEY, 0, 0, size - 31, 16),
      () => kernels.open(size - 31, 0, 0, MESSAGE, 16),
      () => kernels.seal(KEY, 0, 0, MESSAGE, -1 - 16),
      () => kernels.seal(KEY, 0, 0, Number.NaN, 16),
      () => kernels.sealWithData(KEY, size, DATA, 0, MESSAGE, 16),
      () => kernels.openWithData(KEY, NONCE, size - 1, 2, MESSAGE, 16),
      () => kernels.checksum(size - 1, 2, 0),
      () => kernels.blake2s(DIGEST, 33, KEY, 0, MESSAGE, 1),
      () => kernels.blake2s(DIGEST, 0, KEY, 0, MESSAGE, 1),
      () => kernels.blake2s(DIGEST, 32, KEY, 33, MESSAGE, 1),
      () => kernels.blake2s(100, 32, KEY, 0, MESSAGE, 1),
    ];
    const before = createHash('sha256').update(bytes).digest('hex');
    for (const call of wrong) assert.throws(call, refusal('KERNELS_RANGE'));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), before);
  });
});

/** The byte generator of RFC 7693 appendix E. */
function fibonacciBytes(length: number): Uint8Array {
  let a = Math.imul(0xdead4bad, length);
  let b = 1;
  return Uint8Array.from({ length }, () => {
    [a, b] = [b, (a + b) | 0];
    return b >>> 24;
  });
}
