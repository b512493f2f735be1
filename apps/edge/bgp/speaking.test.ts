import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Speaking } from './speaking.ts';

test('a mistake in the speaker is told once and ends it, and whoever called goes on', async () => {
  const faults: unknown[] = [];
  const nothing = () => undefined;
  const speaking = new Speaking(
    { as: 64_500, identifier: 1, neighbours: [], networks: [], policies: new Map() },
    { interiorCost: () => 0, isOwnAddress: () => false, ownNextHops: () => ({}) },
    { onChanges: nothing, onNews: nothing, onDeaf: nothing, onFault: (error) => faults.push((error as Error).message) },
  );
  const fail = (words: string) => () => {
    throw new Error(words);
  };
  speaking.start();
  speaking.act(fail('first'));
  speaking.act(fail('second'));
  assert.deepEqual(faults, ['first']);
  await speaking.stop('the end');
  assert.deepEqual(faults, ['first']);
});
