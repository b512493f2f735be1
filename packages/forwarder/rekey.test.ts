/** New keys every two minutes, while packets flow both ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedSites, udpPacket } from './simulatedSites.ts';

const toRight = udpPacket({ source: [10, 1, 0, 1], destination: [10, 2, 0, 1] });
const toLeft = udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1] });

test('keys are renewed under load without a lost packet, though both ends begin at once', () => {
  const { simulation, left, right } = joinedSites();
  simulation.delayMs = () => 5;
  simulation.run(100_000);
  const begun = [left, right].map((site) => site.telemetry().counters.initiationsSent!);
  let sent = 0;
  left.delivered.length = right.delivered.length = 0;
  for (const end = simulation.now + 30_000; simulation.now < end; sent++) {
    left.fromLan(toRight);
    right.fromLan(toLeft);
    simulation.run(2);
  }
  simulation.run(100);
  for (const [at, site] of [left, right].entries()) {
    const { initiationsSent, responsesSent } = site.telemetry().counters;
    assert.ok(initiationsSent! > begun[at]! && responsesSent! > 0, 'both began');
  }
  assert.deepEqual([left.delivered.length, right.delivered.length], [sent, sent]);
});
