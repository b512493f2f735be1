/** `patronus status`: the network in a glance. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { bitrate, printJson, printLine, printTable, state } from '../output.ts';

const document = `query Status {
  overview {
    sites { up degraded down pending total } edges { online total } tunnels { up total }
    throughputBitsPerSecond activeAlarms controllerVersion
  }
  alarms(first: 20, filter: { active: true }) { edges { node { code severity message raisedAt } } }
}`;

const count = z.number();
const schema = z.object({
  overview: z.object({
    sites: z.object({ up: count, degraded: count, down: count, pending: count, total: count }),
    edges: z.object({ online: count, total: count }),
    tunnels: z.object({ up: count, total: count }),
    throughputBitsPerSecond: count,
    activeAlarms: count,
    controllerVersion: z.string(),
  }),
  alarms: z.object({
    edges: z.array(
      z.object({
        node: z.object({ code: z.string(), severity: z.string(), message: z.string(), raisedAt: z.string() }),
      }),
    ),
  }),
});

export function status(): Command {
  return new Command('status')
    .description('show how the network is')
    .option('--json', 'one JSON value for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus status\n  $ patronus status --json')
    .action(async (options: { json?: boolean }) => {
      const { overview, alarms } = await query(document, {}, schema);
      const active = alarms.edges.map((edge) => edge.node);
      if (options.json === true) return printJson({ ...overview, alarms: active });
      const { sites, edges, tunnels } = overview;
      const kinds = (['up', 'degraded', 'down', 'pending'] as const).filter((kind) => sites[kind] > 0);
      printLine(
        `Sites       ${sites.total} (${kinds.map((kind) => `${sites[kind]} ${state(kind.toUpperCase())}`).join(', ') || 'none yet'})`,
      );
      printLine(`Gateways    ${edges.online} of ${edges.total} online`);
      printLine(`Tunnels     ${tunnels.up} of ${tunnels.total} up`);
      printLine(`Throughput  ${bitrate(overview.throughputBitsPerSecond)}`);
      printLine(`Controller  ${overview.controllerVersion}`);
      printLine('');
      printTable(
        active,
        [
          { header: 'Severity', cell: (alarm) => alarm.severity.toLowerCase() },
          { header: 'Since', cell: (alarm) => alarm.raisedAt },
          { header: 'Alarm', cell: (alarm) => alarm.message },
        ],
        'No active alarms.',
      );
    });
}
