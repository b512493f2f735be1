import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeMessage } from '@patronus/protocol';
import { Outbox } from './outbox.ts';

const word = (sequence: number): EdgeMessage => ({ type: 'confirmed', version: { epoch: 1, sequence } });

test('words wait for a connection and are said in order; of very many the latest', () => {
  const heard: number[] = [];
  let isOpen = false;
  const outbox = new Outbox((message) => {
    if (isOpen && message.type === 'confirmed') heard.push(message.version.sequence);
    return isOpen;
  });
  for (let sequence = 1; sequence <= 60; sequence++) outbox.say(word(sequence));
  assert.equal(outbox.length, 50);
  isOpen = true;
  outbox.say(word(61));
  assert.deepEqual(heard, [], 'nothing overtakes what waits');
  outbox.flush();
  assert.deepEqual(
    heard,
    Array.from({ length: 50 }, (_, index) => index + 12),
  );
  outbox.say(word(62));
  assert.equal(heard.at(-1), 62);
});
