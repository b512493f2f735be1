/** Figures about queues before uplinks and about protected packets for Prometheus, by site. */
import type { ProtectionTelemetry, ShapingTelemetry } from '@patronus/protocol';
import { Gauge, type Registry } from 'prom-client';
import type { Core } from '../core.ts';
import { saidOf, worst } from './pathMetrics.ts';

type QueueTelemetry = ShapingTelemetry['priorities'][number];

/** By site and priority: what waits before uplinks whose rate is known. */
const queueSeries: readonly [string, string, (queues: readonly QueueTelemetry[]) => number | null][] = [
  ['queue_sent_bytes', 'Bytes of inner packets that were sent', (all) => sum(all.map((one) => one.sentBytes))],
  ['queue_dropped_packets', 'Packets that were dropped', (all) => sum(all.map((one) => one.droppedPackets))],
  ['queue_marked_packets', 'Packets marked instead (RFC 3168)', (all) => sum(all.map((one) => one.markedPackets))],
  [
    'queue_delay_p99_highest_ms',
    'Longest p99 of what packets waited over the last 10 to 20 s, of the uplinks',
    (all) => {
      const us = worst(all.map((one) => one.delayP99Us));
      return us === null ? null : us / 1_000;
    },
  ],
];

const protectionSeries: readonly [string, keyof ProtectionTelemetry, string][] = [
  ['sent', 'sent', 'Numbered packets that were sent'],
  ['copies', 'copies', 'Second copies of these'],
  ['parity', 'paritySent', 'Parity packets sent'],
  ['received', 'received', 'Numbered packets that came for the first time'],
  ['repaired', 'repaired', 'Packets rebuilt from parity'],
  ['lost', 'lost', 'Numbered packets given up after waiting'],
];

export function collectLoad(core: Core, registry: Registry): void {
  for (const [name, help, read] of queueSeries) {
    new Gauge({
      name: `patronus_site_${name}`,
      help: `${help}, before uplinks whose rate is known`,
      labelNames: ['site', 'priority'],
      registers: [registry],
      collect() {
        this.reset();
        for (const site of core.network.current.sites.values()) {
          const queues = saidOf(core, site).flatMap(({ shaping }) =>
            [...shaping.values()].flatMap((one) => one.priorities),
          );
          for (const [priority, same] of Map.groupBy(queues, (one) => one.priority)) {
            const value = read(same);
            if (value !== null) this.set({ site: site.name, priority }, value);
          }
        }
      },
    });
  }
  for (const [name, key, help] of protectionSeries) {
    new Gauge({
      name: `patronus_site_protection_${name}`,
      help: `${help}, duplicated or with parity, since the starts of the packet paths`,
      labelNames: ['site'],
      registers: [registry],
      collect() {
        this.reset();
        for (const site of core.network.current.sites.values()) {
          const told = saidOf(core, site).flatMap(({ protection }) => protection ?? []);
          if (told.length > 0) this.set({ site: site.name }, sum(told.map((one) => one[key])));
        }
      },
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
