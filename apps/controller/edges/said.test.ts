/** Since when a BGP session is in its state, whatever happens between two reports of its gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BgpSessionTelemetry, EdgeMessage } from '@patronus/protocol';
import { hear, saidNothing } from './said.ts';

type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 1);

/** A gateway whose clock is an hour slow tells of one session. */
function told(now: number, session: Partial<BgpSessionTelemetry>): Telemetry {
  const core: BgpSessionTelemetry = {
    ...{ id: 'core', address: '10.1.0.2', remoteAs: 65_001, state: 'established', sinceMs: NOW - HOUR_MS },
    ...{ received: 1, accepted: 1, advertised: 1, flaps: 0, lastError: null, refusal: null, overLimit: null },
    ...session,
  };
  const bgp = { neighbours: [core], fabric: [], routes: [], routesTotal: 0 };
  return { type: 'telemetry', wallMs: now - HOUR_MS, tunnels: [], bgp } as unknown as Telemetry;
}

const sinceOf = (said: ReturnType<typeof hear>) => said.bgpNeighbours.get('core')?.since;

test('a session that a controller hears of for the first time after its own restart is as old as it is', () => {
  assert.equal(sinceOf(hear(saidNothing, told(NOW + 500, {}), NOW + 500)), NOW);
});

test('it stays so old to the millisecond, however long reports take', () => {
  const first = hear(saidNothing, told(NOW + 500, {}), NOW + 510);
  const second = hear(first, told(NOW + 1_000, { received: 2 }), NOW + 1_060);
  assert.equal(sinceOf(second), sinceOf(first));
});

test('a session that ended and came back between two reports is young again', () => {
  const first = hear(saidNothing, told(NOW + 500, {}), NOW + 500);
  const back = told(NOW + 1_000, { flaps: 1, sinceMs: NOW - HOUR_MS + 900 });
  assert.equal(sinceOf(hear(first, back, NOW + 1_000)), NOW + 900);
});

test('one that never changed its state is as old as the first report of it', () => {
  assert.equal(sinceOf(hear(saidNothing, told(NOW, { state: 'idle', sinceMs: 0 }), NOW)), NOW);
});
