import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protectionWords, waitingWords } from './words.ts';

test('what waits is told with its packets and bytes, and nothing is called nothing', () => {
  assert.equal(waitingWords({ waitingPackets: 0, waitingBytes: 0 }), 'nothing waits now');
  assert.equal(waitingWords({ waitingPackets: 1, waitingBytes: 900 }), '1 packet waits now (900 B)');
  assert.equal(waitingWords({ waitingPackets: 30, waitingBytes: 45_000 }), '30 packets wait now (45.0 kB)');
});

test('protection is told both ways, and not at all where nothing was protected', () => {
  const nothing = { sent: 0, copies: 0, paritySent: 0, received: 0, repaired: 0, lost: 0, residualPercent: null };
  assert.equal(protectionWords(nothing), null);
  const words = protectionWords({
    ...nothing,
    sent: 10,
    copies: 9,
    received: 940,
    repaired: 50,
    lost: 10,
    residualPercent: 1,
  });
  assert.deepEqual(words, {
    sent: '10 sent with 9 copies and 0 parity',
    came: '940 came, 50 rebuilt, 10 lost (1.0 %)',
  });
});
