import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Policy, treatmentOf } from '@patronus/fabric';
import type { BfdSessionTelemetry, BgpSessionTelemetry, EdgeMessage, TunnelTelemetry } from '@patronus/protocol';
import type { Alarm, Alarms, Cause } from './alarms.ts';
import { Live } from './live.ts';
import { PathWatch } from './pathWatch.ts';

type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

const ends = { a: 'edge-a', b: 'edge-b', c: 'edge-c' } as const;

function plan(id: string, a: keyof typeof ends, b: keyof typeof ends) {
  const end = (letter: string) => ({ siteId: `site-${letter}`, edgeId: `edge-${letter}`, uplinkId: `up-${letter}` });
  return { id, family: 4 as const, cost: 20, a: end(a), b: end(b) };
}
const plans = [plan('one', 'a', 'b'), plan('two', 'a', 'b'), plan('three', 'b', 'c'), plan('four', 'a', 'c')];
const calls: Policy = {
  id: 'p',
  name: 'Calls',
  match: {},
  compression: null,
  slaClassId: 'voice',
  path: { mode: 'best' },
};
const treatment = treatmentOf(calls).id;

/** Three sites, and a class that asks for 100 ms and 1 % loss. */
function world() {
  let now = 1_000_000;
  const active = new Map<string, Cause>();
  const live = new Live(() => now);
  const edges = new Map(
    Object.values(ends).map((id) => [id, { id, name: id, site_id: id.replace('edge', 'site'), state: 'enrolled' }]),
  );
  const uplinks = new Map(
    ['a', 'b', 'c'].map((letter) => [`up-${letter}`, { id: `up-${letter}`, label: 'lte', edge_id: `edge-${letter}` }]),
  );
  const current = {
    ...{ edges, uplinks, tunnels: new Map(plans.map((one) => [one.id, one])), model: { policies: [calls] } },
    policies: new Map([['p', { id: 'p', name: 'Calls' }]]),
    bfdPeers: new Map([['r', { id: 'r', edgeId: 'edge-a', address: '10.1.0.254', interface: 'lan0' }]]),
    bgp: {
      ...{ as: 4_200_000_000, reflectors: [], allowances: [] },
      neighbours: [
        {
          ...{ id: 'n', edgeId: 'edge-a', name: 'Core', address: '10.1.0.1', remoteAs: 65_001 },
          ...{ maxPrefixes: 100, restartAfterSeconds: 300 },
        },
      ],
    },
    slaClasses: new Map([
      ['voice', { id: 'voice', name: 'Voice', roundTripMs: 100, jitterMs: null, loss: 0.01, mos: null }],
    ]),
    tunnelsOfSite: new Map(
      ['a', 'b', 'c'].map((letter) => [
        `site-${letter}`,
        plans.filter((one) => one.a.edgeId === `edge-${letter}` || one.b.edgeId === `edge-${letter}`),
      ]),
    ),
  };
  const alarms: Pick<Alarms, 'raise' | 'clearMatching'> = {
    raise: (cause) => void active.set(cause.key, cause),
    clearMatching: (isGone) => {
      for (const key of active.keys()) if (isGone({ key } as Alarm)) active.delete(key);
    },
  };
  const watch = new PathWatch({ live, alarms, network: { current }, now: () => now } as never);
  for (const id of edges.keys()) live.connected(id, now);
  const report = (edgeId: string, tunnels: Partial<TunnelTelemetry>[], more: Partial<Telemetry> = {}) => {
    const whole = tunnels.map((one) => ({
      ...{ state: 'up', sinceMs: 0, active: true, roundTripUs: 20_000, loss: 0, receivedBytes: 0, sentBytes: 0 },
      ...one,
    })) as TunnelTelemetry[];
    live.report(
      edgeId,
      { type: 'telemetry', wallMs: now, tunnels: whole, counters: {}, dropped: 0, ...more },
      current.tunnels,
    );
  };
  const pass = (seconds: number, isSettling = false) => {
    for (let second = 0; second < seconds; second++) {
      now += 1_000;
      watch.look(isSettling);
    }
  };
  return { report, pass, active, codes: () => [...active.values()].map(({ code }) => code) };
}

const paths = [{ treatment, edgeId: 'edge-b', tunnelIds: ['one', 'two'] }];

describe('an alarm', () => {
  test('says that no path of a treatment meets its class, once that lasts, and ends once one does', () => {
    const { report, pass, active, codes } = world();
    const say = (first: number, second: number) =>
      report(
        'edge-a',
        [
          { id: 'one', roundTripUs: first * 1_000 },
          { id: 'two', roundTripUs: second * 1_000 },
        ],
        { paths },
      );
    say(150, 90);
    pass(20);
    deepEqual(codes(), [], 'one of two is enough');
    say(150, 120);
    pass(4);
    deepEqual(codes(), [], 'not at once');
    pass(3);
    deepEqual(codes(), ['SLA_VIOLATED']);
    const [cause] = active.values();
    match(cause!.message, /no path of edge-a to edge-b meets Voice .* for Calls; .* round trip 150 ms \(most 100 ms\)/);
    equal(cause!.siteId, 'site-a');
    say(150, 90);
    pass(2);
    say(150, 120);
    pass(10);
    equal(codes().length, 1, 'what comes and goes neither ends it nor raises a second one');
    say(50, 50);
    pass(7);
    deepEqual(codes(), []);
  });

  test('says that two sites have no tunnel up while both reach others, and not when one is cut off', () => {
    const { report, pass, codes } = world();
    const down = (id: string) => ({ id, state: 'down' as const });
    report('edge-a', [down('one'), down('two'), { id: 'four' }]);
    report('edge-c', [{ id: 'three' }, { id: 'four' }]);
    pass(7);
    deepEqual(codes(), ['PATH_DOWN']);
    report('edge-a', [down('one'), down('two'), down('four')]);
    pass(7);
    deepEqual(codes(), [], 'a site that is cut off has its own alarm');
  });

  test('tells of a host that is not reached, and of the internet at an uplink; our own start clears nothing', () => {
    const { report, pass, active, codes } = world();
    const lost = { edgeId: 'edge-b', address: '10.2.0.1', state: 'down' as const, roundTripUs: null };
    const breakout = [{ uplinkId: 'up-a', state: 'down' as const, roundTripUs: null, loss: 1 }];
    report('edge-a', [], { reach: [lost], breakout });
    report('edge-c', [], { reach: [lost], breakout });
    pass(7);
    deepEqual(codes().sort(), ['BREAKOUT_DOWN', 'REACH_LOST'], 'an edge speaks for its own uplinks only');
    match(active.get('reach:edge-b')!.message, /10\.2\.0\.1 behind edge-b does not answer edge-a, edge-c/);
    equal(active.get('breakout:up-a:edge-a')!.severity, 'CRITICAL', 'there is no other');
    report('edge-a', []);
    report('edge-c', []);
    pass(30, true);
    equal(active.size, 2);
    pass(7);
    equal(active.size, 0);
  });

  test('tells of a session that went down three times in ten minutes, until it has been quiet', () => {
    const { report, pass, codes } = world();
    const bfd = (downs: number) => ({ id: 'one', bfd: { state: 'up', downs } as BfdSessionTelemetry });
    for (const downs of [4, 5, 6]) {
      report('edge-a', [bfd(downs)]);
      pass(60);
    }
    deepEqual(codes(), []);
    report('edge-a', [bfd(7)]);
    pass(7);
    deepEqual(codes(), ['BFD_FLAPPING']);
    report('edge-a', [bfd(0)]);
    pass(7);
    deepEqual(codes(), [], 'a session made anew counts anew');
  });

  test('tells of a router that BFD hears no more, and not of one that was switched off there', () => {
    const { report, pass, active, codes } = world();
    const say = (state: BfdSessionTelemetry['state'], remoteState: BfdSessionTelemetry['state']) =>
      report('edge-a', [], {
        bfdPeers: [
          {
            ...{ id: 'r', address: '10.1.0.254' },
            session: {
              ...{ state, remoteState, localDiscriminator: 1, remoteDiscriminator: 2, diagnostic: 1 },
              ...{ remoteDiagnostic: 0, transmitIntervalMs: 50, detectionTimeMs: 150, downs: 1 },
            },
          },
        ],
      });
    say('up', 'up');
    pass(10);
    deepEqual(codes(), []);
    say('down', 'down');
    pass(4);
    deepEqual(codes(), [], 'not at once');
    pass(3);
    deepEqual(codes(), ['BFD_PEER_DOWN']);
    match([...active.values()][0]!.message, /router 10\.1\.0\.254 on lan0 is down/);
    say('down', 'adminDown');
    pass(7);
    deepEqual(codes(), []);
  });

  test('tells of a BGP session that is lost, in its last words, and of one that brings too much or nearly so', () => {
    const { report, pass, active, codes } = world();
    const say = (id: string, change: Partial<BgpSessionTelemetry>) => {
      const session: BgpSessionTelemetry = {
        ...{ id, address: '10.1.0.1', remoteAs: 65_001, state: 'established', sinceMs: 0, received: 1, accepted: 1 },
        ...{ advertised: 0, flaps: 0, lastError: null, refusal: null, overLimit: null, ...change },
      };
      const lists = id === 'n' ? { neighbours: [session], fabric: [] } : { neighbours: [], fabric: [session] };
      report('edge-a', [], { bgp: { ...lists, routes: [], routesTotal: 0 } });
    };
    say('n', {});
    pass(10);
    deepEqual(codes(), []);
    say('n', { state: 'active', lastError: 'hold timer expired after 90 s' });
    pass(4);
    deepEqual(codes(), [], 'not at once');
    pass(3);
    deepEqual(codes(), ['BGP_NEIGHBOUR_DOWN']);
    match([...active.values()][0]!.message, /Core \(10\.1\.0\.1, AS 65001\) is active \(hold timer expired/);
    say('n', { received: 79 });
    pass(7);
    deepEqual(codes(), []);
    say('n', { received: 80 });
    pass(7);
    deepEqual(codes(), ['BGP_MANY_PREFIXES']);
    match([...active.values()][0]!.message, /^Core \(10\.1\.0\.1, AS 65001\) brings edge-a 80 of the 100 prefixes/);
    say('n', { state: 'idle', received: 0, overLimit: 101 });
    pass(7);
    deepEqual(codes(), ['BGP_MAX_PREFIX']);
    match(
      [...active.values()][0]!.message,
      /^edge-a ended BGP with Core \(10\.1\.0\.1, AS 65001\): it brought 101 prefixes and may bring 100; .* after 300 s/,
    );
    say('n', { state: 'connect', received: 0, overLimit: 100, lastError: 'nobody answers' });
    pass(7);
    deepEqual(codes(), ['BGP_NEIGHBOUR_DOWN'], 'so many it may bring now');
    say('n', { received: 79 });
    pass(7);
    deepEqual(codes(), [], 'it ends by itself');
    say('edge-b', { state: 'active' });
    pass(7);
    deepEqual(codes(), ['BGP_FABRIC_DOWN']);
  });
});
