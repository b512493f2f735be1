import assert from 'node:assert/strict';
import { test } from 'node:test';
import { residualPercent, shapingOf } from './load.ts';

const counts = { sentPackets: 5, sentBytes: 900, droppedPackets: 1, markedPackets: 0 };

test('delays are told in ms, and a queue that sent nothing has none', () => {
  const { queues, ...rest } = shapingOf({
    ...{ uplinkId: 'u1', bitsPerSecond: 1e7, waitingPackets: 2, waitingBytes: 300 },
    priorities: [
      { priority: 'realtime', ...counts, delayP50Us: 1_500, delayP99Us: 4_000, delayMostUs: 9_000 },
      { priority: 'bulk', ...counts, delayP50Us: null, delayP99Us: null, delayMostUs: 0 },
    ],
  });
  assert.deepEqual(rest, { uplinkId: 'u1', bitsPerSecond: 1e7, waitingPackets: 2, waitingBytes: 300 });
  assert.deepEqual(queues, [
    { priority: 'realtime', ...counts, delayP50Ms: 1.5, delayP99Ms: 4, delayHighestMs: 9 },
    { priority: 'bulk', ...counts, delayP50Ms: null, delayP99Ms: null, delayHighestMs: null },
  ]);
});

test('what was lost in spite of protection is a part of what was sent, and unknown while nothing came', () => {
  const counted = { sent: 0, copies: 0, paritySent: 0, duplicates: 0, late: 0, tooLate: 0 };
  assert.equal(residualPercent({ ...counted, received: 940, repaired: 50, lost: 10 }), 1);
  assert.equal(residualPercent({ ...counted, received: 0, repaired: 0, lost: 0 }), null);
});
