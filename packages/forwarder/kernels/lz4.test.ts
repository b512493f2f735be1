import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import './build.mjs';
import { loadKernels } from '../host/loadKernels.ts';
import { KERNEL_RESERVED, KernelError, LZ4_MOST } from './index.ts';
import { compressAtLevel, LZ4_HIGHEST_LEVEL } from './lz4Level.ts';

const memory = new WebAssembly.Memory({ initial: 8, maximum: 8 });
const bytes = Buffer.from(memory.buffer);
const kernels = loadKernels(memory);
const SOURCE = KERNEL_RESERVED + 64;
const BLOCK = SOURCE + 80_000;
const TARGET = BLOCK + 80_000;
const GUARD = 64;

const read = (path: string) => readFileSync(new URL(path, import.meta.url));
/** What a network carries: text, source, data, and what cannot be compressed. */
const contents = {
  text: read('../../../README.md'),
  source: read('../../net/packet.ts'),
  json: read('../../../package-lock.json').subarray(0, 100_000),
  random: randomBytes(20_000),
};
const packets = Object.entries(contents).flatMap(([name, content]) =>
  Array.from({ length: Math.floor(content.length / 1_400) }, (_, at) => ({
    name,
    packet: content.subarray(at * 1_400, (at + 1) * 1_400),
  })),
);

/** The block, or undefined where it would not be shorter than `capacity`. */
function compress(packet: Uint8Array, level: number, capacity = packet.length): Buffer | undefined {
  bytes.set(packet, SOURCE);
  bytes.fill(0xa5, BLOCK - GUARD, BLOCK + capacity + GUARD);
  const length = compressAtLevel(kernels, level, SOURCE, packet.length, BLOCK, capacity);
  assert.ok(isUntouched(BLOCK, capacity), 'written outside');
  assert.ok(length <= capacity);
  return length === 0 ? undefined : Buffer.from(bytes.subarray(BLOCK, BLOCK + length));
}

function expand(block: Uint8Array, capacity: number): Buffer | undefined {
  bytes.set(block, BLOCK);
  bytes.fill(0xa5, TARGET - GUARD, TARGET + capacity + GUARD);
  const length = kernels.lz4Expand(BLOCK, block.length, TARGET, capacity);
  assert.ok(isUntouched(TARGET, capacity), 'written outside');
  assert.ok(length <= capacity);
  return length < 0 ? undefined : Buffer.from(bytes.subarray(TARGET, TARGET + length));
}

function isUntouched(offset: number, length: number): boolean {
  for (let at = 1; at <= GUARD; at++)
    if (bytes[offset - at] !== 0xa5 || bytes[offset + length + at - 1] !== 0xa5) return false;
  return true;
}

/** The format read word by word (lz4_Block_format.md), for blocks that are sound. */
function expandPlainly(block: Uint8Array): number[] {
  const out: number[] = [];
  for (let at = 0; at < block.length; ) {
    const token = block[at++]!;
    const lengthOf = (nibble: number): number => {
      let length = nibble;
      if (nibble === 15) for (let more = 255; more === 255; length += more) more = block[at++]!;
      return length;
    };
    const literals = lengthOf(token >>> 4);
    out.push(...block.subarray(at, at + literals));
    at += literals;
    if (at === block.length) break;
    const offset = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const match = lengthOf(token & 15) + 4;
    for (let count = 0; count < match; count++) out.push(out[out.length - offset]!);
  }
  return out;
}

test('what is compressed at any level comes out again, and a plain reader of the format agrees', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 3_000, size: 'max' }),
    fc
      .array(fc.constantFrom('GET ', '/index', 'a', 'zz', '\r\n', '0123456789abcdef', '\0'), {
        maxLength: 600,
        size: 'max',
      })
      .map((words) => Buffer.from(words.join(''))),
  );
  fc.assert(
    fc.property(content, fc.nat(LZ4_HIGHEST_LEVEL), (packet, level) => {
      // With room for the worst case it never refuses.
      const block = compress(packet, level, packet.length + 32);
      if (block === undefined) return;
      assert.deepEqual([...expandPlainly(block)], [...packet]);
      assert.deepEqual(expand(block, packet.length), Buffer.from(packet));
    }),
    { numRuns: 500 },
  );
});

test('packets of text, source and data shrink, random ones are refused, and the end of a block is as the format wants it', () => {
  for (const { name, packet } of packets) {
    for (const level of [6, 12, 13, 16]) {
      const block = compress(packet, level);
      assert.equal(block === undefined, name === 'random', `${name} at level ${level}`);
      if (block === undefined) continue;
      assert.deepEqual(expand(block, packet.length), packet);
    }
  }
});

test('a higher level compresses more', () => {
  const total = (level: number) =>
    packets.reduce((sum, { packet }) => sum + (compress(packet, level)?.length ?? packet.length), 0);
  const totals = Array.from({ length: LZ4_HIGHEST_LEVEL + 1 }, (_, level) => total(level));
  for (let level = 4; level <= LZ4_HIGHEST_LEVEL; level += 2) {
    assert.ok(totals[level]! <= totals[level - 4]! * 1.002, `level ${level}: ${totals}`);
  }
  assert.ok(totals[LZ4_HIGHEST_LEVEL]! < totals[0]! * 0.8);
});

test('large packets are compressed too', () => {
  const large = contents.json.subarray(0, LZ4_MOST);
  for (const level of [0, 9, 16]) assert.deepEqual(expand(compress(large, level)!, large.length), large);
});

test('every truncation of a block is refused or shorter', () => {
  const packet = contents.text.subarray(0, 1_400);
  const block = compress(packet, 9)!;
  for (let length = 0; length < block.length; length++) {
    const out = expand(block.subarray(0, length), packet.length);
    assert.ok(out === undefined || out.length < packet.length, `${length} bytes`);
  }
});

test('blocks made to harm are refused: before the beginning, nowhere, longer than the room, longer than they are', () => {
  const refused: Readonly<Record<string, string>> = {
    'nothing at all': '',
    'a match before the beginning': '1061020050',
    'a match at no distance': '10610000',
    'literals that are not there': 'f0ff',
    'a literal length without an end': `f0${'ff'.repeat(300)}`,
    'a match length without an end': `1f610100${'ff'.repeat(300)}`,
    'an offset cut in half': '106101',
    'a match and no last literals': '10610100',
    'more than there is room for': '1f610100ffffffffffffffff00506161616161',
  };
  for (const [what, hex] of Object.entries(refused))
    assert.equal(expand(Buffer.from(hex, 'hex'), 1_400), undefined, what);
});

test('a million mutations of good blocks never write outside of the room they are given', () => {
  const blocks = packets.filter(({ name }) => name !== 'random').map(({ packet }) => compress(packet, 9)!);
  let state = 0x1234567;
  const next = (bound: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  const capacity = 1_400;
  bytes.fill(0xa5, TARGET - GUARD, TARGET);
  bytes.fill(0xa5, TARGET + capacity, TARGET + capacity + GUARD);
  let refused = 0;
  for (let round = 0; round < 1_000_000; round++) {
    if (round % 1_000 === 0) {
      bytes.set(blocks[(round / 1_000) % blocks.length]!, BLOCK);
      assert.ok(isUntouched(TARGET, capacity), `after ${round}`);
    }
    const { length } = blocks[Math.floor(round / 1_000) % blocks.length]!;
    const at = BLOCK + next(length);
    const kept = bytes[at]!;
    bytes[at] = next(256);
    const out = kernels.unchecked.lz4Expand(BLOCK, next(8) === 0 ? next(length) : length, TARGET, capacity);
    if (out < 0) refused += 1;
    assert.ok(out <= capacity);
    if (next(16) !== 0) bytes[at] = kept;
  }
  assert.ok(isUntouched(TARGET, capacity));
  assert.ok(refused > 100_000);
});

test('ranges outside of the memory are a mistake of the caller, told before anything is touched', () => {
  const isRange = (error: unknown) => error instanceof KernelError && error.code === 'KERNELS_RANGE';
  assert.throws(() => kernels.lz4Compress(0, 100, BLOCK, 100, 1), isRange);
  assert.throws(() => kernels.lz4Compress(SOURCE, 100, memory.buffer.byteLength - 10, 100, 1), isRange);
  assert.throws(() => kernels.lz4Compress(SOURCE, LZ4_MOST + 1, BLOCK, 100, 1), isRange);
  assert.throws(() => kernels.lz4CompressHard(SOURCE, 100, BLOCK, 100, 0), isRange);
  assert.throws(() => kernels.lz4Expand(memory.buffer.byteLength - 10, 100, TARGET, 100), isRange);
});
