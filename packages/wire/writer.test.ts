import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from './index.ts';

test('a reserved length is zero until it is patched, also where an earlier message was', () => {
  const writer = new ByteWriter(16);
  writer.u32(0xffffffff);
  writer.reset();
  const at = writer.reserve(2);
  writer.bytes(Uint8Array.of(7, 8, 9));
  assert.deepEqual([...writer.view()], [0, 0, 7, 8, 9]);
  writer.patchU16(at, writer.length - 2);
  writer.patchU8(2, 6);
  writer.patchBytes(3, Uint8Array.of(1, 2));
  assert.deepEqual([...writer.view()], [0, 3, 6, 1, 2]);
});

test('a copy stays as it is when the writer is used again', () => {
  const writer = new ByteWriter();
  writer.u8(1);
  const kept = writer.copy();
  writer.reset();
  writer.u8(2);
  assert.deepEqual([...kept], [1]);
});

test('a patch outside of what was written is our own mistake, and throws', () => {
  const writer = new ByteWriter();
  writer.u8(1);
  assert.throws(() => writer.patchU16(0, 1), RangeError);
  assert.throws(() => writer.patchU8(-1, 1), RangeError);
});
