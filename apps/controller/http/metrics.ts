/** /metrics for Prometheus: sums over the whole network, and by site what tells sites apart (pathMetrics.ts). */
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Core } from '../core.ts';
import type { CompressionView } from '../edges/efforts.ts';
import { collectLoad } from './loadMetrics.ts';
import { collectPaths } from './pathMetrics.ts';

const compressionSeries: readonly [string, keyof CompressionView, string][] = [
  ['packets', 'packets', 'Packets that were compressed'],
  ['bytes_before', 'bytesBefore', 'Bytes before compression'],
  ['bytes_after', 'bytesAfter', 'Bytes after compression'],
  ['packets_skipped', 'skippedPackets', 'Packets sent as they were, because they would not have become smaller'],
  ['errors', 'errors', 'Received frames that could not be expanded'],
];

export function makeMetrics(core: Core, liveClients: () => number): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'patronus_controller_' });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `patronus_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const { network, live, alarms } = core;
  gauge('sites', 'Sites configured', () => network.current.sites.size);
  gauge(
    'edges_online',
    'Edges connected now',
    () => [...network.current.edges.keys()].filter((id) => live.isOnline(id)).length,
  );
  gauge('tunnels', 'Tunnels wanted', () => network.current.tunnels.size);
  gauge(
    'tunnels_up',
    'Tunnels up',
    () => [...network.current.tunnels.values()].filter((plan) => live.stateOf(plan) === 'UP').length,
  );
  const views = () => network.current.tunnels.values().map((plan) => live.tunnel(plan));
  gauge(
    'tunnel_mtu_lowest_bytes',
    'Largest inner packet that every tunnel which is up carries; 0 while none is',
    () => {
      const known = [...views()].flatMap(({ state, mtu }) => (state === 'UP' && mtu !== null ? mtu : []));
      return known.length === 0 ? 0 : Math.min(...known);
    },
  );
  for (const [name, key, help] of compressionSeries) {
    gauge(`compression_${name}`, `${help}, all tunnels, since the starts of the packet paths`, () =>
      views().reduce((sum, { compression }) => sum + (compression?.[key] ?? 0), 0),
    );
  }
  collectPaths(core, registry);
  collectLoad(core, registry);
  gauge('alarms_active', 'Alarms not cleared', () => alarms.all().filter((alarm) => alarm.cleared_at === null).length);
  gauge(
    'edge_reports_dropped',
    'Reports that edges lost since their starts because the controller was away for longer than their buffers last',
    () => live.droppedReports,
  );
  gauge('live_clients', 'Open live-query sockets', liveClients);
  new Gauge({
    name: 'patronus_refusals',
    help: 'Requests refused since the start, by code',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      for (const [code, count] of core.refusals.counts) this.set({ code }, count);
    },
  });
  return registry;
}

export function serveMetrics(app: FastifyInstance, registry: Registry): void {
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', registry.contentType).send(await registry.metrics()),
  );
}
