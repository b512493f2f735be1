import { deepEqual } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TunnelPlan } from '@patronus/fabric';
import type { TunnelStateName, TunnelTelemetry } from '@patronus/protocol';
import type { Core } from '../core.ts';
import { Live } from './live.ts';
import { OFFLINE_AFTER_MS, START_GRACE_MS, Watch } from './watch.ts';

const plan: TunnelPlan = {
  id: 'up-a~up-b~4',
  family: 4,
  a: { siteId: 'site-a', edgeId: 'edge-a', uplinkId: 'up-a' },
  b: { siteId: 'site-b', edgeId: 'edge-b', uplinkId: 'up-b' },
  cost: 20,
};
const plans = new Map([[plan.id, plan]]);

/** Two sites with a tunnel between them, whose edges called before the controller started; `active` are its alarms. */
function world(t: TestContext) {
  let now = 1_000_000;
  const active = new Set<string>();
  const live = new Live(() => now);
  const edge = (id: string, site_id: string) => ({
    id,
    name: id,
    site_id,
    state: 'enrolled',
    last_seen_at: now - 1_000,
    certificate_expires_at: null,
  });
  const current = {
    sites: new Map(['site-a', 'site-b'].map((id) => [id, { id, name: id }])),
    edges: new Map([
      ['edge-a', edge('edge-a', 'site-a')],
      ['edge-b', edge('edge-b', 'site-b')],
    ]),
    uplinks: new Map(),
    ...{ model: { policies: [] }, slaClasses: new Map(), policies: new Map(), bfdPeers: new Map(), tunnels: plans },
    bgp: { as: 1, reflectors: [], neighbours: [], allowances: [] },
    tunnelsOfSite: new Map(['site-a', 'site-b'].map((id) => [id, [plan]])),
  };
  const alarms = {
    raise: ({ key }: { key: string }) => active.add(key),
    clear: (key: string) => active.delete(key),
    clearMatching: () => {},
  };
  const core = { network: { current }, live, alarms, changes: { announce: () => {} }, now: () => now };
  const watch = new Watch(core as unknown as Core);
  t.after(() => watch.close());
  const connect = (edgeId: string) => {
    live.connected(edgeId, now);
    // As a greeting does.
    alarms.clear(`offline:${edgeId}`);
  };
  const report = (edgeId: string, state: TunnelStateName) => {
    const tunnel = { id: plan.id, state, sinceMs: now, receivedBytes: 0, sentBytes: 0 } as TunnelTelemetry;
    live.report(edgeId, { type: 'telemetry', wallMs: now, counters: {}, dropped: 0, tunnels: [tunnel] }, plans);
  };
  /** Time passes, looked at every second. */
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now = Math.min(now + 1_000, end);
      watch.look();
    }
  };
  return { live, connect, report, pass, active };
}

test('a restart of the controller raises no alarm for edges that are back within fifteen seconds', (t) => {
  const { connect, report, pass, active } = world(t);
  pass(2_000);
  connect('edge-a');
  report('edge-a', 'down');
  pass(START_GRACE_MS - 2_000);
  deepEqual([...active], []);
  connect('edge-b');
  for (const id of ['edge-a', 'edge-b']) report(id, 'up');
  pass(60_000);
  deepEqual([...active], []);
});

test('an edge that does not come back after a restart is offline, and its tunnels are down', (t) => {
  const { connect, report, pass, active } = world(t);
  connect('edge-a');
  report('edge-a', 'down');
  pass(START_GRACE_MS + 1_000);
  deepEqual([...active].sort(), ['offline:edge-b', 'tunnels:site-a', 'tunnels:site-b']);
});

test('a tunnel that both ends call down is told of at once, right after a start too', (t) => {
  const { connect, report, pass, active } = world(t);
  for (const id of ['edge-a', 'edge-b']) {
    connect(id);
    report(id, 'down');
  }
  pass(1_000);
  deepEqual([...active].sort(), ['tunnels:site-a', 'tunnels:site-b']);
});

test('an alarm from before a restart stands until it is known to be over', (t) => {
  const { connect, report, pass, active } = world(t);
  active.add('tunnels:site-a');
  pass(START_GRACE_MS);
  deepEqual([...active], ['tunnels:site-a']);
  for (const id of ['edge-a', 'edge-b']) {
    connect(id);
    report(id, 'up');
  }
  pass(6_000);
  deepEqual([...active], []);
});

test('an edge that connects anew for a trial raises no alarm, one that stays away does until it is back', (t) => {
  const { live, connect, report, pass, active } = world(t);
  for (const id of ['edge-a', 'edge-b']) {
    connect(id);
    report(id, 'up');
  }
  pass(60_000);
  live.seen('edge-b');
  live.disconnected('edge-b');
  pass(OFFLINE_AFTER_MS);
  deepEqual([...active], []);
  connect('edge-b');
  report('edge-b', 'up');
  pass(60_000);
  live.seen('edge-b');
  live.disconnected('edge-b');
  pass(OFFLINE_AFTER_MS + 1_000);
  deepEqual([...active], ['offline:edge-b']);
  connect('edge-b');
  pass(1_000);
  deepEqual([...active], []);
});
