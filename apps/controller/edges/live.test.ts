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
  const connect = (edgeId: string, wallMs = now) => live.connected(edgeId, wallMs);
  const report = (edgeId: string, more: Partial<TunnelTelemetry>, wallMs = now, dropped = 0) => {
    const tunnels: TunnelTelemetry[] = [
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
    ];
    return live.report(
      edgeId,
      { type: 'telemetry', wallMs, counters: {}, dropped, tunnels },
      new Map([[plan.id, plan]]),
    );
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { live, connect, report, pass, now: () => now };
}

test('a tunnel is down as soon as one end says so, and unknown while neither says anything', () => {
  const { live, connect, report } = world();
  equal(live.tunnel(plan).state, 'UNKNOWN');
  for (const id of ['edge-a', 'edge-b']) connect(id);
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
  const { live, connect, report, pass } = world();
  for (const id of ['edge-a', 'edge-b']) {
    connect(id);
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
  const { live, connect, report, pass, now } = world();
  connect('edge-a');
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
  const { live, connect, report, pass, now } = world();
  connect('edge-a');
  report('edge-a', { sinceMs: now() - 60_000 });
  equal(live.tunnel(plan).since, now() - 60_000);
  pass(1_000);
  report('edge-a', { state: 'down', sinceMs: now() - 200 });
  equal(live.tunnel(plan).since, now() - 200);
});

test('reports that waited are given back at their own time by our clock, with rates, as their end saw it', () => {
  const { live, connect, report, pass, now } = world();
  const ahead = 3_600_000;
  const lost = now();
  pass(60_000);
  connect('edge-b', now() + ahead);
  const first = report('edge-b', { sentBytes: 0, receivedBytes: 0 }, lost + ahead);
  const second = report(
    'edge-b',
    { sentBytes: 125_000, receivedBytes: 250_000, roundTripUs: 4_000, loss: 0.5 },
    lost + 1_000 + ahead,
  );
  deepEqual(first, { at: lost, tick: { [plan.id]: ['UP', null, null, 0, 0, null, null] } });
  deepEqual(second, { at: lost + 1_000, tick: { [plan.id]: ['UP', 4, 50, 2_000_000, 1_000_000, null, null] } });
  equal(live.tunnel(plan).state, 'UNKNOWN', 'they say nothing of now');
  equal(report('edge-b', { state: 'down' }, now() + ahead), undefined);
  equal(live.tunnel(plan).state, 'DOWN');
});

test('an edge speaks for its own tunnels only, also of the past', () => {
  const { connect, report, pass, now } = world();
  pass(60_000);
  connect('edge-c');
  deepEqual(report('edge-c', { state: 'down' }, now() - 30_000)?.tick, {});
});

test('an edge whose clock is set back is heard again within seconds', () => {
  const { live, connect, report, pass, now } = world();
  connect('edge-a');
  report('edge-a', { sentBytes: 1_000 });
  const back = 3_600_000;
  for (let second = 0; second < 7; second++) {
    pass(1_000);
    report('edge-a', { state: 'down', sentBytes: 126_000 + second * 125_000 }, now() - back);
  }
  equal(live.tunnel(plan).state, 'DOWN');
  equal(live.tunnel(plan).aToBBitsPerSecond, 1_000_000);
});

test('reports that edges lost are counted over all edges', () => {
  const { live, connect, report, now } = world();
  connect('edge-a');
  connect('edge-b');
  report('edge-a', {}, now(), 3);
  report('edge-a', {}, now(), 5);
  report('edge-b', {}, now(), 2);
  equal(live.droppedReports, 7);
});
