import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Neighbour } from '@patronus/bgp';
import { readConfiguration } from '../configuration/read.ts';
import { afterRestart, deferralS, oursFirst } from './restart.ts';

function speaker(gracefulRestart: string) {
  const read = readConfiguration(`router: { as: 64500, identifier: 192.0.2.1 }
neighbours:
  - { address: 192.0.2.2, as: 64501, families: [ipv4, ipv6, ipv4 multicast], gracefulRestart: ${gracefulRestart} }
`);
  assert.ok(read.ok);
  return read.value.speaker;
}

const told = (configuration: ReturnType<typeof speaker>) => {
  const { gracefulRestart } = configuration.neighbours[0]!.session;
  const { isRestarting, families, longLived = [] } = gracefulRestart!;
  return [isRestarting, families.map(({ forwarding }) => forwarding), longLived.map(({ forwarding }) => forwarding)];
};

test('the forwarding bit is set for what stood in the kernel, and for nothing else', () => {
  const configuration = speaker('{ longLivedStaleTime: 600 }');
  assert.deepEqual(told(configuration), [false, [false, false, false], [false, false, false]]);
  assert.deepEqual(told(afterRestart(configuration, new Set())), [false, [false, false, false], [false, false, false]]);
  const only6 = afterRestart(configuration, new Set([6]));
  assert.deepEqual(told(only6), [true, [false, true, false], [false, true, false]]);
  const both = afterRestart(configuration, new Set([4, 6]));
  assert.deepEqual(told(both), [true, [true, true, false], [true, true, false]], 'multicast is not in the table');
});

test('without graceful restart nothing is said, and nobody is waited for longer than he waits', () => {
  assert.equal(afterRestart(speaker('false'), new Set([4])).neighbours[0]!.session.gracefulRestart, undefined);
  assert.equal(deferralS(speaker('false')), 120);
  assert.equal(deferralS(speaker('{ restartTime: 30 }')), 30);
  assert.equal(deferralS(speaker('{ restartTime: 600 }')), 120);
});

test('neighbours may connect once our own connections are up, or after a moment', async () => {
  let state = 'Connect';
  const neighbour = (isPassive: boolean, isDisabled = false) =>
    ({
      isDisabled,
      session: {
        configuration: { isPassive },
        get state() {
          return isPassive ? 'Active' : state;
        },
      },
    }) as unknown as Neighbour;
  let nowMs = 0;
  await oursFirst(
    () => [neighbour(true), neighbour(false, true)],
    () => nowMs,
  );
  let looks = 0;
  const all = () => {
    looks += 1;
    if (looks === 3) state = 'Established';
    return [neighbour(true), neighbour(false)];
  };
  await oursFirst(all, () => nowMs);
  assert.equal(looks, 3);
  state = 'Connect';
  await oursFirst(
    () => {
      nowMs += 1_000;
      return [neighbour(false)];
    },
    () => nowMs,
  );
  assert.equal(nowMs, 3_000, 'it is not waited for longer');
});
