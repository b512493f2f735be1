import type { KernelFunctions } from './index.ts';

/** Plain and sealed text of RFC 8439 §2.8.2, with its key, nonce and additional data. */
const rfc8439 = {
  key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
  nonce: '070000004041424344454647',
  data: '50515253c0c1c2c3c4c5c6c7',
  plain:
    '4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666' +
    '657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e',
  sealed:
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b29' +
    '05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116' +
    '1ae10b594f09e26a7e902ecbd0600691',
};

/**
 * Tag of the bytes 0, 1, … 255, 0, … (1,000 of them) under the key 00 01 … 1f and the counter 2·2^32 + 1, from OpenSSL.
 * The vectors of the RFC are shorter than one pass of the main loop.
 */
const longTag = 'c6687a1f58ee39b16023c2d15ad328f1';
const longLength = 1000;

/** RFC 7693 appendix B, and the digest of nothing under the key 00 01 … 1f by the authors of BLAKE2. */
const abcDigest = '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982';
const keyedDigest = '48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49';

/**
 * A block by hand from the format: four literals, a match of 16 that reaches into itself, five literals. What it stands for,
 * and what the compressor makes of it: the same.
 */
const lz4Block = '4c616263640400506263646566';
const lz4Plain = `${'61626364'.repeat(5)}6263646566`;

/** Bytes of memory that `selfTest` needs from `free` on. */
export const SELF_TEST_ROOM = 16 + 64 + longLength + 16;

/**
 * Runs each kernel on known answers within `reserved`, from `free` on. Answers with the name of
 * what went wrong first, or undefined when all is well, and leaves zeros behind.
 */
export function selfTest(kernels: KernelFunctions, reserved: Uint8Array, free: number): string | undefined {
  const key = (free + 15) & ~15;
  const nonce = key + 32;
  const data = key + 48;
  const at = key + 64;
  const put = (offset: number, hex: string) => reserved.set(Uint8Array.from(bytesOf(hex)), offset);
  const holds = (offset: number, hex: string) => bytesOf(hex).every((byte, index) => reserved[offset + index] === byte);
  const putSequence = (offset: number, length: number) => {
    for (let index = 0; index < length; index++) reserved[offset + index] = index;
  };
  const holdsSequence = (offset: number, length: number) =>
    reserved.subarray(offset, offset + length).every((byte, index) => byte === (index & 255));

  const checks: readonly (readonly [name: string, passes: () => boolean])[] = [
    [
      'ChaCha20-Poly1305 sealing (RFC 8439 §2.8.2)',
      () => {
        put(key, rfc8439.key);
        put(nonce, rfc8439.nonce);
        put(data, rfc8439.data);
        put(at, rfc8439.plain);
        kernels.sealWithData(key, nonce, data, 12, at, 114);
        return holds(at, rfc8439.sealed);
      },
    ],
    [
      'ChaCha20-Poly1305 opening (RFC 8439 §2.8.2)',
      () => kernels.openWithData(key, nonce, data, 12, at, 114) === 1 && holds(at, rfc8439.plain),
    ],
    [
      'sealing of a long transport message',
      () => {
        putSequence(key, 32);
        putSequence(at, longLength);
        kernels.seal(key, 1, 2, at, longLength);
        return holds(at + longLength, longTag);
      },
    ],
    [
      'opening of a long transport message',
      () => kernels.open(key, 1, 2, at, longLength) === 1 && holdsSequence(at, longLength),
    ],
    [
      'refusal of a wrong tag',
      () =>
        kernels.open(key, 1, 2, at, longLength) === 0 && reserved[at + 1] === 0 && reserved[at + longLength - 1] === 0,
    ],
    [
      'LZ4 expanding',
      () => {
        put(at, lz4Block);
        return kernels.lz4Expand(at, lz4Block.length / 2, at + 64, 64) === 25 && holds(at + 64, lz4Plain);
      },
    ],
    [
      'LZ4 compressing',
      () => {
        put(at, lz4Plain);
        const length = kernels.lz4Compress(at, 25, at + 64, 24, 1);
        return length > 0 && kernels.lz4Expand(at + 64, length, at + 128, 25) === 25 && holds(at + 128, lz4Plain);
      },
    ],
    [
      'refusal of an LZ4 match before the beginning',
      () => {
        put(at, '1061ffff');
        return kernels.lz4Expand(at, 4, at + 64, 64) === -1;
      },
    ],
    [
      'BLAKE2s (RFC 7693 appendix B)',
      () => {
        put(at, '616263');
        kernels.blake2s(at + 16, 32, key, 0, at, 3);
        return holds(at + 16, abcDigest);
      },
    ],
    [
      'keyed BLAKE2s',
      () => {
        kernels.blake2s(at, 32, key, 32, at, 0);
        return holds(at, keyedDigest);
      },
    ],
    [
      'products in GF(256)',
      () => {
        // By 2: 3 becomes 6, 0x80 becomes 0x1d (x⁸ = x⁴ + x³ + x² + 1). 17 bytes, so that the last goes alone.
        put(at, '00020406080a0c0e10121416181a1c1e');
        put(at + 16, '0020406080a0c0e01d3d5d7d9dbdddfd');
        put(at + 32, '0380ff00000000000000000000000000aa');
        put(at + 64, '01010100000000000000000000000000ff');
        kernels.multiplyAdd(at, at + 64, at + 32, 17);
        return holds(at + 64, '071ce200000000000000000000000000b6');
      },
    ],
    [
      'the internet checksum (RFC 1071 §3)',
      () => {
        put(at, '0001f203f4f5f6f7');
        return kernels.checksum(at, 8, 0) === 0xddf2;
      },
    ],
  ];
  const failed = checks.find(([, passes]) => !passes());
  reserved.fill(0, key);
  return failed?.[0];
}

function bytesOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
