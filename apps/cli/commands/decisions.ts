/** `patronus decisions`: the changes of path, newest first, each with why. */
import { Command } from 'commander';
import { z } from 'zod';
import { milliseconds, percent, printJson, printLine, printTable } from '../output.ts';
import { everyPage } from './everyPage.ts';
import { idOf } from './findByName.ts';
import { wholeNumber } from './policyWishes.ts';
import { clock, timeOf } from './times.ts';

const CANDIDATES = `candidates {
  label rank state meetsSla roundTripMs lossPercent jitterMs mos cost why
}`;
const document = `query Decisions($after: String, $filter: DecisionFilter) {
  decisions(first: 200, after: $after, filter: $filter) {
    edges { node {
      id at rule reason treatmentId chosenLabel previousLabel edge { name } remoteEdge { name } ${CANDIDATES}
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const figure = z.number().nullable();
export const candidateSchema = z.object({
  ...{ label: z.string(), rank: figure, state: z.string(), meetsSla: z.boolean().nullable(), roundTripMs: figure },
  ...{ lossPercent: figure, jitterMs: figure, mos: figure, cost: z.number(), why: z.string() },
});
export type Candidate = z.infer<typeof candidateSchema>;
const named = z.object({ name: z.string() }).nullable();
const decisionSchema = z.object({
  ...{ id: z.string(), at: z.string(), rule: z.string(), reason: z.string(), treatmentId: z.string() },
  ...{ chosenLabel: z.string().nullable(), previousLabel: z.string().nullable(), edge: named, remoteEdge: named },
  candidates: z.array(candidateSchema),
});

interface Options {
  readonly site?: string;
  readonly since?: string;
  readonly rule?: string;
  readonly most: string;
  readonly table?: boolean;
  readonly json?: boolean;
}

export function decisions(): Command {
  return new Command('decisions')
    .description('list the changes of path, the newest first, and why each was made')
    .option('--site <name>', 'made by the gateways of this site')
    .option('--since <time>', 'not older: 30m, 2h, 7d, or a time such as 2026-01-31T12:00')
    .option('--rule <word>', 'made by this rule: down, silent, sla-violated, failback, better, drained, …')
    .option('--most <number>', 'so many at most', '50')
    .option('--table', 'each with its table of candidates')
    .option('--json', 'one JSON array for programs, candidates included')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus decisions --site berlin --since 2h\n  $ patronus decisions --rule sla-violated --since 7d --table',
    )
    .action(async ({ site, since, rule, most, table, json }: Options) => {
      const filter = {
        ...(site === undefined ? {} : { siteId: await idOf('site', site) }),
        ...(since === undefined ? {} : { since: timeOf(since, '--since', Date.now()) }),
        ...(rule === undefined ? {} : { rule }),
      };
      const count = wholeNumber(most, '--most');
      const found = await everyPage(document, 'decisions', decisionSchema, { filter }, count);
      if (json === true) return printJson(found);
      if (table === true && found.length > 0) {
        for (const one of found) {
          printLine(`${clock(one.at)}  ${one.edge?.name ?? '?'} to ${one.remoteEdge?.name ?? '?'}: ${one.reason}`);
          printCandidates(one.candidates);
        }
        return;
      }
      printTable(
        found,
        [
          { header: 'When', cell: ({ at }) => clock(at) },
          { header: 'Gateway', cell: ({ edge }) => edge?.name ?? '?' },
          { header: 'To', cell: ({ remoteEdge }) => remoteEdge?.name ?? '?' },
          { header: 'From path', cell: ({ previousLabel }) => previousLabel ?? 'none' },
          { header: 'To path', cell: ({ chosenLabel }) => chosenLabel ?? 'none' },
          { header: 'Rule', cell: ({ rule: word }) => word },
          { header: 'Why', cell: ({ reason }) => reason },
        ],
        'No decisions: no gateway told of a change of path.',
      );
    });
}

/** The paths that there were, as they measured then. */
export function printCandidates(candidates: readonly Candidate[]): void {
  printTable(
    candidates,
    [
      { header: '#', cell: ({ rank }) => (rank === null ? '–' : String(rank)), align: 'right' },
      { header: 'Path', cell: ({ label }) => label },
      { header: 'State', cell: ({ state }) => state.toLowerCase() },
      { header: 'SLA', cell: ({ meetsSla }) => (meetsSla === null ? '–' : meetsSla ? 'met' : 'missed') },
      { header: 'Round trip', cell: ({ roundTripMs }) => milliseconds(roundTripMs), align: 'right' },
      { header: 'Loss', cell: ({ lossPercent }) => percent(lossPercent), align: 'right' },
      { header: 'Jitter', cell: ({ jitterMs }) => milliseconds(jitterMs), align: 'right' },
      { header: 'Cost', cell: ({ cost }) => String(cost), align: 'right' },
      { header: 'Why', cell: ({ why }) => why },
    ],
    'No candidates.',
  );
}
