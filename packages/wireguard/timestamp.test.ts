import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@patronus/wire';
import fc from 'fast-check';
import { compareTimestamps, TimestampSource } from './index.ts';

const bytes = { minLength: 12, maxLength: 12 };

test('timestamps grow whatever the wall clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e12, max: 4e12, noNaN: true })), (clocks) => {
      const source = new TimestampSource();
      let last = source.last;
      for (const clock of clocks) {
        const next = source.next(clock);
        assert.ok(compareTimestamps(next, last) > 0);
        assert.deepEqual(source.last, next);
        last = next;
      }
    }),
  );
});

test('a machine that boots in 1970 goes on above the timestamp it kept', () => {
  const before = new TimestampSource();
  const kept = before.next(Date.UTC(2030, 0, 1));
  const after = new TimestampSource(kept);
  assert.ok(compareTimestamps(after.next(0), kept) > 0);
  assert.ok(compareTimestamps(after.next(1), kept) > 0);
});

test('the label is TAI64N: 2^62 + 10 + seconds, then nanoseconds, whitened to 2^24 ns', () => {
  const label = new TimestampSource().next(1_700_000_000_500);
  assert.equal(toHex(label.subarray(0, 8)), (0x400000000000000an + 1_700_000_000n).toString(16));
  const nanoseconds = new DataView(label.buffer).getUint32(8);
  assert.ok(nanoseconds <= 500_000_000 && nanoseconds > 500_000_000 - 2 ** 24);
  assert.equal((1_700_000_000n * 1_000_000_000n + BigInt(nanoseconds)) % (1n << 24n), 0n);
});

test('timestamps compare as bytes do, from the left', () => {
  fc.assert(
    fc.property(fc.uint8Array(bytes), fc.uint8Array(bytes), (left, right) => {
      const expected = Math.sign(toHex(left) < toHex(right) ? -1 : toHex(left) > toHex(right) ? 1 : 0);
      assert.equal(Math.sign(compareTimestamps(left, right)), expected);
    }),
  );
});
