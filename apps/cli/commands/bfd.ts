/** `patronus bfd`: the BFD session at each end of each tunnel, and those with routers. */
import { Command } from 'commander';
import { z } from 'zod';
import { milliseconds, printJson, printLine, printTable, state } from '../output.ts';
import { bfdPeer, bfdPeers, printPeers } from './bfdPeer.ts';
import { bfdTimers } from './bfdTimers.ts';
import { everyPage } from './everyPage.ts';
import { idOf } from './findByName.ts';

const document = `query Bfd($after: String, $filter: BfdSessionFilter) {
  bfdSessions(first: 200, after: $after, filter: $filter) {
    edges { node {
      id state remoteState transmitIntervalMs detectionTimeMs downs diagnosticText remoteDiagnosticText
      localDiscriminator remoteDiscriminator edge { name } remoteEdge { name }
      tunnel { id a { edge { name } uplink { label } } b { uplink { label } } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const named = z.object({ name: z.string() });
const labelled = z.object({ label: z.string() });
const sessionSchema = z.object({
  ...{ id: z.string(), state: z.string(), remoteState: z.string(), transmitIntervalMs: z.number() },
  ...{ detectionTimeMs: z.number(), downs: z.number(), diagnosticText: z.string(), remoteDiagnosticText: z.string() },
  ...{ localDiscriminator: z.number(), remoteDiscriminator: z.number(), edge: named, remoteEdge: named },
  tunnel: z.object({
    id: z.string(),
    a: z.object({ edge: named, uplink: labelled }),
    b: z.object({ uplink: labelled }),
  }),
});
type Session = z.infer<typeof sessionSchema>;

export function bfd(): Command {
  return new Command('bfd')
    .description('list the BFD sessions (RFC 5880) inside the tunnels, with their timers')
    .option('--site <name>', 'those that gateways of this site keep')
    .option('--json', 'one JSON array for programs')
    .addCommand(bfdPeer())
    .addCommand(bfdTimers())
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus bfd --site berlin\n  $ patronus bfd peer list\n  $ patronus bfd timers',
    )
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
      const sessions = await everyPage(document, 'bfdSessions', sessionSchema, { filter });
      if (json === true) return printJson(sessions);
      printTable(
        sessions,
        [
          { header: 'Gateway', cell: ({ edge }) => edge.name },
          { header: 'To', cell: ({ remoteEdge }) => remoteEdge.name },
          { header: 'Over', cell: over },
          { header: 'State', cell: (one) => state(one.state) },
          { header: 'Other end', cell: (one) => state(one.remoteState) },
          { header: 'Sends every', cell: (one) => milliseconds(one.transmitIntervalMs), align: 'right' },
          { header: 'Down after', cell: (one) => milliseconds(one.detectionTimeMs), align: 'right' },
          { header: 'Downs', cell: ({ downs }) => String(downs), align: 'right' },
          { header: 'Diagnostic', cell: ({ diagnosticText }) => diagnosticText },
        ],
        'No BFD sessions: no gateway told of one.',
      );
      const peers = await bfdPeers(site);
      if (peers.length === 0) return;
      printLine('\nRouters');
      printPeers(peers);
    });
}

/** From the end that keeps the session. */
function over({ tunnel: { a, b }, edge }: Session): string {
  const labels = [a.uplink.label, b.uplink.label];
  return (a.edge.name === edge.name ? labels : labels.toReversed()).join(' → ');
}
