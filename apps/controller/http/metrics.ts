/** /metrics for Prometheus: sums only, no names of sites. */
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Core } from '../core.ts';

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
