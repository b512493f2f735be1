/** A call beside more bulk than the uplink carries: the line is the kernel's, and as patient as a modem. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ForwarderPolicy } from '@patronus/forwarder';
import { CALL_PORT, call, flood } from './fixtures/call.ts';
import { TwoSites } from './fixtures/twoSites.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;
const MEGABITS = 10;
const policies: readonly ForwarderPolicy[] = [
  { id: 'calls', match: { ports: [[CALL_PORT, CALL_PORT]] }, compression: null, priority: 'realtime' },
];

async function narrow(context: TestContext): Promise<TwoSites> {
  const world = new TwoSites(context);
  await world.start();
  for (const [site, other] of [
    [world.left, world.right],
    [world.right, world.left],
  ] as const) {
    const tbf = ['tbf', 'rate', `${MEGABITS}mbit`, 'burst', '16kb', 'latency', '250ms'];
    site.run('tc', 'qdisc', 'replace', 'dev', 'ptone', 'root', ...tbf);
    const plan = site.configure(other, { policies });
    site.tell({ ...plan, uplinks: plan.uplinks.map((uplink) => ({ ...uplink, bitsPerSecond: MEGABITS * 1e6 })) });
  }
  await Promise.all([world.left.tunnelsUp(2), world.right.tunnelsUp(2)]);
  return world;
}

describe('a shaped uplink', { skip }, () => {
  test('a call loses nothing and hardly waits while twice as much bulk comes as the line carries', async (context) => {
    const { left, right } = await narrow(context);
    const bulk = flood(context, left, right, { perSecond: 2_000, length: 1_200, seconds: 6 });
    await bulk.began;
    const heard = await call(left, right, { seconds: 3 });
    // Without the shaper every second packet is lost, and the others wait for a quarter of a second.
    assert.equal(heard.lost, 0);
    assert.ok(heard.p50Ms < 25, `half of the call's packets took more than ${heard.p50Ms} ms`);
    const report = (await left.telemetry()).shaping!.find(({ uplinkId }) => uplinkId === 'one')!;
    const of = (name: string) => report.priorities.find(({ priority }) => priority === name)!;
    assert.equal(of('realtime').droppedPackets, 0);
    assert.ok(of('normal').droppedPackets > 1_000, `${of('normal').droppedPackets} packets of bulk were dropped`);
    assert.equal((await left.telemetry()).tunnels.filter(({ state }) => state === 'up').length, 2);
  });
});
