import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropReasons } from './drops.ts';
import { KERNEL_RESERVED } from './kernels/index.ts';
import { BATCH, createMemory, Layout, MEMORY_LENGTH, MOST_MTU, SLOT_LENGTH, SLOT_ROOM, slotPacket } from './memory.ts';

test('regions follow each other, above what belongs to the kernels and inside the memory', () => {
  const starts = Object.values(Layout);
  assert.deepEqual(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  assert.ok(starts[0]! >= KERNEL_RESERVED && starts.every((start) => start % 64 === 0));
  assert.ok(slotPacket(Layout.udpSlots, BATCH - 1) + SLOT_ROOM <= Layout.scratchSlot);
  assert.equal(createMemory().bytes.length, MEMORY_LENGTH);
});

test('a slot holds the largest packet with its headers, padding and tag', () => {
  assert.ok(SLOT_ROOM >= MOST_MTU + 15 + 16 + 16 + 5);
  assert.ok(SLOT_LENGTH % 64 === 0);
});

test('each reason to drop has one name', () => {
  assert.equal(new Set(dropReasons).size, dropReasons.length);
});
