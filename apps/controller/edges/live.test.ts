import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { TunnelPlan } from '@patronus/fabric';
import type { TunnelTelemetry } from '@patronus/protocol';
import { Live, STALE_MS } from './live.ts';

const plan: TunnelPlan = {
  id: 'up-a~up-b~4',
  family: 4,
  a: { siteId: 'site-a', edgeId: 'edge-a', uplinkId: 'up-a' },
  b: { siteId: 'site-b', edgeId: 'edge-b', uplinkId: 'up-b' },
  cost: 20,
};

function world() {
  let now = 1_000_000;
  const live = new Live(() => now);
  const report = (edgeId: string, more: Partial<TunnelTelemetry>, wallMs = now) =>
    live.report(edgeId, {
      type: 'telemetry',
      wallMs,
      counters: {},
      dropped: 0,
      tunnels: [
        {
          id: plan.id,
          state: 'up',
          sinceMs: now,
          active: true,
          roundTripUs: null,
          loss: null,
          receivedBytes: 0,
          sentBytes: 0,
          receivedPackets: 0,
          sentPackets: 0,
          lastHandshakeMs: null,
          remoteEndpoint: null,
          ...more,
        },
      ],
    });
  const pass = (ms: number) => {
    now += ms;
  };
  return { live, report, pass, now: () => now };
}

test('a tunnel is down as soon as one end says so, and unknown while neither says anything', () => {
  const { live, report } = world();
  equal(live.tunnel(plan).state, 'UNKNOWN');
  for (const id of ['edge-a', 'edge-b']) live.connected(id);
  report('edge-a', { state: 'up' });
  report('edge-b', { state: 'connecting' });
  equal(live.tunnel(plan).state, 'CONNECTING');
  report('edge-b', { state: 'up' });
  equal(live.tunnel(plan).state, 'UP');
  report('edge-b', { state: 'down' });
  equal(live.tunnel(plan).state, 'DOWN');
  deepEqual([live.tunnel(plan).a.state, live.tunnel(plan).b.state], ['UP', 'DOWN']);
});

test('an edge that has been gone for five seconds vouches for nothing', () => {
  const { live, report, pass } = world();
  for (const id of ['edge-a', 'edge-b']) {
    live.connected(id);
    report(id, {});
  }
  live.disconnected('edge-b');
  pass(STALE_MS);
  equal(live.tunnel(plan).b.state, 'UP');
  pass(1);
  equal(live.tunnel(plan).b.state, 'UNKNOWN');
  equal(live.tunnel(plan).state, 'UP', 'the other end still sees it');
  report('edge-a', { state: 'down' });
  equal(live.tunnel(plan).state, 'DOWN');
});

test('rates come from counters, survive a restart of the forwarder, and ignore reports that waited', () => {
  const { live, report, pass, now } = world();
  live.connected('edge-a');
  report('edge-a', { sentBytes: 1_000, receivedBytes: 500 });
  pass(1_000);
  report('edge-a', { sentBytes: 126_000, receivedBytes: 63_000 });
  const { aToBBitsPerSecond, bToABitsPerSecond } = live.tunnel(plan);
  deepEqual([aToBBitsPerSecond, bToABitsPerSecond], [1_000_000, 500_000]);
  report('edge-a', { sentBytes: 0, state: 'down' }, now() - 10_000);
  equal(live.tunnel(plan).state, 'UP');
  pass(1_000);
  report('edge-a', { sentBytes: 10, receivedBytes: 10 });
  equal(live.tunnel(plan).aToBBitsPerSecond, 0);
});

test('the time of a state is when an end saw it begin', () => {
  const { live, report, pass, now } = world();
  live.connected('edge-a');
  report('edge-a', { sinceMs: now() - 60_000 });
  equal(live.tunnel(plan).since, now() - 60_000);
  pass(1_000);
  report('edge-a', { state: 'down', sinceMs: now() - 200 });
  equal(live.tunnel(plan).since, now() - 200);
});
