/** Bursts: many datagrams of one tunnel, handed in before anything is flushed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '@patronus/net';
import type { ConfigureCommand } from '../control.ts';
import { type DropReason, dropReasons, PASSED } from '../drops.ts';
import { Layout, udpSlot } from '../memory.ts';
import { rawWorld } from '../rawPeer.ts';
import { udpPacket, udpPacket6 } from '../simulatedSites.ts';
import { writeSockaddr } from '../sockaddr.ts';

const toUs = { source: [10, 2, 0, 1], destination: [10, 1, 0, 1] };
const inner = udpPacket(toUs);

function world() {
  let whole: ConfigureCommand | undefined;
  const { site, raw, socket } = rawWorld((plan) => {
    whole = {
      ...plan,
      local: [...plan.local, { segment: 0, prefix: 'fd01::/16' }],
      edges: [{ ...plan.edges[0]!, allowed: [...plan.edges[0]!.allowed, { segment: 0, prefix: 'fd02::/16' }] }],
      policies: [{ id: 'no-nine', match: { protocol: 17, ports: [[9, 9]] }, action: 'deny', compression: null }],
    };
    return whole;
  });
  /** Verdicts on these inner packets, which come in one burst. */
  const burst = (...packets: Uint8Array[]): (DropReason | 'passed')[] => {
    writeSockaddr(site.memory, Layout.udpSources, parseEndpoint(raw.address)!);
    const verdicts = packets.map((packet, at) => {
      const sealed = raw.seal(packet);
      site.memory.bytes.set(sealed, udpSlot(at));
      const now = site.simulation.now;
      return site.forwarder.fromSocket(socket, udpSlot(at), sealed.length, Layout.udpSources, now);
    });
    site.forwarder.flush();
    return verdicts.map((verdict) => (verdict === PASSED ? 'passed' : dropReasons[verdict - 1]!));
  };
  return { site, burst, plan: whole! };
}

test('whatever follows an honest packet in its burst is judged as if it came alone', () => {
  const others: readonly (readonly [DropReason, Uint8Array])[] = [
    ['badSource', udpPacket({ ...toUs, source: [10, 3, 0, 1] })],
    ['notForUs', udpPacket({ ...toUs, destination: [10, 77, 0, 1] })],
    ['denied', udpPacket({ ...toUs, port: 9 })],
    ['bfdFromLan', udpPacket({ ...toUs, port: 3784 })],
    ['multicast', udpPacket({ ...toUs, destination: [239, 1, 1, 1] })],
    ['badSource', udpPacket6(3, 1)],
    ['malformed', inner.subarray(0, 25)],
  ];
  for (const [reason, other] of others) {
    const { site, burst } = world();
    assert.deepEqual(burst(inner, inner, other, inner), ['passed', 'passed', reason, 'passed']);
    assert.deepEqual(site.delivered, [inner, inner, inner]);
  }
});

test('every packet of a burst counts, in IPv4 and in IPv6', () => {
  const { site, burst } = world();
  const six = udpPacket6(2, 1);
  const before = site.telemetry().tunnels[0]!.receivedBytes;
  assert.deepEqual(new Set(burst(inner, inner, six, six, inner)), new Set(['passed']));
  assert.deepEqual(site.delivered, [inner, inner, six, six, inner]);
  assert.equal(site.telemetry().tunnels[0]!.receivedBytes - before, 3 * inner.length + 2 * six.length);
});

test('a policy that comes between two bursts holds for the second', () => {
  const { site, burst, plan } = world();
  assert.deepEqual(burst(inner, inner), ['passed', 'passed']);
  const denied = { id: 'none', match: { protocol: 17 }, action: 'deny', compression: null } as const;
  site.configure({ ...plan, serial: 2, policies: [denied] });
  assert.deepEqual(burst(inner, inner), ['denied', 'denied']);
});
