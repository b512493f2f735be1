import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropReasons } from './drops.ts';
import { KERNEL_RESERVED } from './kernels/index.ts';
import {
  BATCH,
  createMemory,
  HEADROOM,
  LARGEST_PACKET,
  Layout,
  linkAddressOffset,
  linkOfAddress,
  MEMORY_LENGTH,
  MOST_LINKS,
  MOST_MTU,
  SLOT_LENGTH,
  TAILROOM,
  UDP_SLOT_LENGTH,
  UDP_SLOT_ROOM,
  udpSlot,
} from './memory.ts';

test('regions follow each other, above what belongs to the kernels and inside the memory', () => {
  const starts = Object.values(Layout);
  assert.deepEqual(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  assert.ok(starts[0]! >= KERNEL_RESERVED && starts.every((start) => start % 64 === 0));
  assert.ok(udpSlot(BATCH - 1) + UDP_SLOT_ROOM <= Layout.scratchSlot);
  assert.equal(createMemory().bytes.length, MEMORY_LENGTH);
});

test('there is room around a packet for every header, padding and tag', () => {
  assert.ok(HEADROOM >= 16 + 5 + 10 && TAILROOM >= 15 + 16);
  assert.ok(SLOT_LENGTH >= HEADROOM + MOST_MTU + TAILROOM);
  assert.ok(UDP_SLOT_ROOM >= LARGEST_PACKET && UDP_SLOT_LENGTH % 64 === 0 && UDP_SLOT_LENGTH % 65_536 !== 0);
});

test('an address tells its link', () => {
  assert.equal(linkOfAddress(linkAddressOffset(7)), 7);
  assert.equal(linkOfAddress(Layout.scratchAddress), MOST_LINKS);
});

test('each reason to drop has one name', () => {
  assert.equal(new Set(dropReasons).size, dropReasons.length);
});
