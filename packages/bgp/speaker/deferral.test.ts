/** A speaker that has restarted waits for what its neighbours have, and neighbours wait for it (RFC 4724 §4.1, §4.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parsePrefix } from '@patronus/net';
import { IPV4_UNICAST } from '../codec/families.ts';
import type { SpeakerConfiguration } from './configuration.ts';
import { SimulatedNetwork } from './simulation.ts';
import type { Speaker } from './speaker.ts';

const [A, B, C] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const AS: Readonly<Record<string, number>> = { [A]: 64_501, [B]: 64_502, [C]: 64_503 };

function configuration(own: string, neighbours: readonly string[], networks: readonly string[], isRestarting = false) {
  const identifier = new DataView(parseAddress(own)!.bytes.slice().buffer).getUint32(0);
  const gracefulRestart = {
    ...{ restartTimeS: 60, isForNotification: false, isRestarting },
    families: [{ family: IPV4_UNICAST, forwarding: isRestarting }],
  };
  return {
    ...{ as: AS[own]!, identifier, policies: new Map() },
    networks: networks.map((text) => {
      const prefix = parsePrefix(text);
      assert.ok(prefix.ok);
      return { prefix: prefix.value, set: {} };
    }),
    neighbours: neighbours.map((address) => ({
      ...{ name: address, address: parseAddress(address)!, routes: { import: 'accept', export: 'accept' } },
      session: {
        ...{ localAs: AS[own]!, peerAs: AS[address]!, identifier, families: [IPV4_UNICAST], holdTimeS: 9 },
        ...{ connectRetryS: 2, mostIdleHoldS: 1, gracefulRestart },
      },
    })),
  } satisfies SpeakerConfiguration;
}

const told = (speaker: Speaker) =>
  [...speaker.routes.reports({ isBestOnly: true })].map(
    ({ prefix, attributes, isStale }) => `${prefix} ${attributes['as-path']}${isStale ? ' stale' : ''}`,
  );

/** B has a network, C hears of it by A; then A is gone without a word, and comes again. */
function restart() {
  const network = new SimulatedNetwork();
  network.add(A, configuration(A, [B, C], ['198.51.100.0/24']));
  const b = network.add(B, configuration(B, [A], ['192.0.2.0/24']));
  const c = network.add(C, configuration(C, [A], []));
  network.start();
  network.run(5_000);
  const before = ['192.0.2.0/24 64501 64502', '198.51.100.0/24 64501'];
  assert.deepEqual(told(c).sort(), before);
  network.kill(A);
  network.run(5_000);
  const stale = before.map((route) => `${route} stale`);
  assert.deepEqual(told(c).sort(), stale, 'kept while it is away');
  const again = network.add(A, configuration(A, [B, C], ['198.51.100.0/24'], true));
  again.defer(network.nowMs + 60_000);
  again.start(network.nowMs);
  return { network, again, b, c, before, stale };
}

test('a speaker that has restarted tells nothing before it has heard of all, and then its neighbours let go of nothing', () => {
  const { network, again, c, before } = restart();
  let leastRoutes = 2;
  for (let second = 0; second < 20; second++) {
    network.run(1_000);
    leastRoutes = Math.min(leastRoutes, told(c).length);
  }
  assert.equal(leastRoutes, 2, 'never without a route');
  assert.deepEqual(told(c).sort(), before, 'and fresh again');
  assert.equal(again.isDeferring, false);
});

test('it waits for a neighbour that does not come, but no longer than its time', () => {
  const { network, again, c, before, stale } = restart();
  network.cut.add(B);
  network.run(30_000);
  assert.equal(again.isDeferring, true);
  assert.deepEqual(again.changes(10), [], 'the kernel goes on as it is');
  assert.deepEqual(told(c).sort(), stale);
  network.run(31_000);
  assert.equal(again.isDeferring, false);
  assert.deepEqual(told(c), [before[1]], 'what nobody told goes');
});

test('one that restarts itself is not waited for', () => {
  const network = new SimulatedNetwork();
  const a = network.add(A, configuration(A, [B], ['198.51.100.0/24'], true));
  const b = network.add(B, configuration(B, [A], ['192.0.2.0/24'], true));
  for (const speaker of [a, b]) speaker.defer(network.nowMs + 60_000);
  network.start();
  network.run(5_000);
  assert.deepEqual([told(a).length, told(b).length], [2, 2]);
});
