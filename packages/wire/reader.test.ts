import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from './index.ts';

type Field =
  | { kind: 'u8' | 'u16' | 'u32' | 'u16le' | 'u32le'; value: number }
  | { kind: 'u64' | 'u64le'; value: bigint };

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constantFrom('u16' as const, 'u16le' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({
    kind: fc.constantFrom('u32' as const, 'u32le' as const),
    value: fc.integer({ min: 0, max: 0xffffffff }),
  }),
  fc.record({
    kind: fc.constantFrom('u64' as const, 'u64le' as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
);

function write(writer: ByteWriter, fields: readonly Field[]) {
  for (const { kind, value } of fields) (writer[kind] as (value: number | bigint) => void).call(writer, value);
}

function read(reader: ByteReader, fields: readonly Field[]) {
  return fields.map(({ kind }) => reader[kind]());
}

test('what the writer wrote, the reader reads, and nothing is left', () => {
  const writer = new ByteWriter(1);
  fc.assert(
    fc.property(fc.array(field), fc.uint8Array(), (fields, tail) => {
      writer.reset();
      write(writer, fields);
      writer.bytes(tail);
      const reader = new ByteReader(writer.copy());
      assert.deepEqual(
        read(reader, fields),
        fields.map(({ value }) => value),
      );
      assert.deepEqual([...reader.bytes(tail.length)], [...tail]);
      assert.equal(reader.remaining, 0);
      assert.equal(reader.failed, false);
    }),
  );
});

test('every truncation latches failed, throws nothing and yields no bytes', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), (fields) => {
      const writer = new ByteWriter();
      write(writer, fields);
      const whole = writer.copy();
      for (let length = 0; length < whole.length; length++) {
        const reader = new ByteReader(whole.subarray(0, length));
        read(reader, fields);
        assert.equal(reader.failed, true, `${length} of ${whole.length} bytes`);
        assert.equal(reader.remaining, 0);
        assert.equal(reader.bytes(1).length, 0);
        assert.equal(reader.bytes(0).length, 0);
      }
    }),
  );
});

test('a window hides what follows it, and leaving it skips its rest', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5));
  reader.enter(3);
  assert.equal(reader.u8(), 1);
  assert.equal(reader.remaining, 2);
  reader.leave();
  assert.equal(reader.position, 3);
  assert.equal(reader.u16(), 0x0405);
  assert.equal(reader.failed, false);
});

test('a read over the end of a window fails although bytes follow it', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5));
  reader.enter(1);
  assert.equal(reader.u16(), 0);
  assert.equal(reader.failed, true);
  reader.leave();
  assert.equal(reader.remaining, 0);
});

test('a window larger than what is left fails, and so do negative and undefined lengths', () => {
  for (const length of [6, -1, Number.NaN]) {
    const reader = new ByteReader(new Uint8Array(5));
    reader.enter(length);
    reader.leave();
    assert.equal(reader.failed, true);
    const other = new ByteReader(new Uint8Array(5));
    assert.equal(other.bytes(length).length, 0);
    assert.equal(other.failed, true);
  }
});

test('a reader of a part of a buffer never sees the rest of the buffer', () => {
  const reader = new ByteReader(new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
  assert.equal(reader.u16(), 0x0102);
  assert.equal(reader.u8(), 0);
  assert.equal(reader.failed, true);
});
