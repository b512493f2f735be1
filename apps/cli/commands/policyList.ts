/** `patronus policy list`: every policy in the order in which they are asked. */
import { Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { printJson, printTable } from '../output.ts';
import { everyPage } from './everyPage.ts';
import { pathSchema } from './policyAdd.ts';
import type { Match } from './policyOptions.ts';
import { pathWords } from './policyWishes.ts';

const document = `query PolicyList($after: String) {
  policies(first: 100, after: $after) {
    edges { node {
      id name position revision match {
        sources destinations protocol ports dscp segment
        sourceSites { id name } destinationSites { id name } applications { id name }
      }
      action breakoutLabels slaClass { id name } path { mode labels weights { label weight } }
      priority limitPercent mark flows deniedPackets
      compression { level acknowledgedBy acknowledgedAt }
      sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const namedSchema = z.object({ id: z.string(), name: z.string() });
const policySchema = z.object({
  id: z.string(),
  name: z.string(),
  position: z.number(),
  revision: z.number(),
  match: z.object({
    sources: z.array(z.string()),
    destinations: z.array(z.string()),
    protocol: z.string().nullable(),
    ports: z.array(z.string()),
    dscp: z.array(z.number()),
    segment: z.number().nullable(),
    sourceSites: z.array(namedSchema),
    destinationSites: z.array(namedSchema),
    applications: z.array(namedSchema),
  }),
  action: z.string(),
  breakoutLabels: z.array(z.string()),
  slaClass: namedSchema.nullable(),
  path: pathSchema,
  priority: z.string(),
  limitPercent: z.number().nullable(),
  mark: z.number().nullable(),
  flows: z.number(),
  deniedPackets: z.number(),
  compression: z.object({ level: z.number(), acknowledgedBy: z.string(), acknowledgedAt: z.string() }).nullable(),
  sentPackets: z.number(),
  sentBytes: z.number(),
  compressedBytesBefore: z.number(),
  compressedBytesAfter: z.number(),
  skippedPackets: z.number(),
});
export type Policy = z.infer<typeof policySchema>;
export function policyList(): Command {
  return new Command('list')
    .description('list every policy, the one that is asked first on top')
    .option('--json', 'one JSON array for programs')
    .addHelpText('after', "\nExamples:\n  $ patronus policy list\n  $ patronus policy list --json | jq '.[].name'")
    .action(async (options: { json?: boolean }) => {
      const policies = await allPolicies();
      if (options.json === true) return printJson(policies);
      printTable(
        policies,
        [
          { header: '#', cell: ({ position }) => String(position), align: 'right' },
          { header: 'Policy', cell: ({ name }) => name },
          { header: 'Packets', cell: ({ match }) => describeMatch(match) },
          { header: 'Action', cell: actionWords },
          { header: 'SLA class', cell: ({ slaClass }) => slaClass?.name ?? '' },
          { header: 'Path', cell: ({ path, action }) => (action === 'ALLOW' ? pathWords(path) : '') },
          { header: 'Priority', cell: ({ priority }) => priority.toLowerCase() },
          { header: 'Flows', cell: ({ flows }) => String(flows), align: 'right' },
          { header: 'Denied', cell: ({ deniedPackets }) => String(deniedPackets), align: 'right' },
          { header: 'LZ4', cell: ({ compression }) => (compression === null ? 'off' : `level ${compression.level}`) },
          { header: 'Sent', cell: ({ sentBytes }) => bytes(sentBytes), align: 'right' },
          { header: 'Ratio', cell: ratio, align: 'right' },
        ],
        'No policies: everything takes the cheapest path. Add one with `patronus policy add NAME --port 873 --protocol tcp`.',
      );
    });
}

export async function allPolicies(): Promise<Policy[]> {
  return everyPage(document, 'policies', policySchema);
}

/** The policy by the name a person typed, or by its id. */
export async function findPolicy(name: string): Promise<Policy> {
  const wanted = name.toLowerCase();
  const found = (await allPolicies()).find((one) => one.name.toLowerCase() === wanted || one.id === name);
  if (found === undefined)
    throw new CliError(`there is no policy "${name}"; \`patronus policy list\` shows them`, 1, 'NOT_FOUND');
  return found;
}

type ShownMatch = Policy['match'];

/** As the verbs take it. */
export function idsIn({ sourceSites, destinationSites, applications, ...match }: ShownMatch): Match {
  const ids = (list: ShownMatch['sourceSites']) => list.map(({ id }) => id);
  return {
    ...match,
    ...{ sourceSites: ids(sourceSites), destinationSites: ids(destinationSites), applications: ids(applications) },
  };
}

export function describeMatch({ sources, destinations, protocol, ports, dscp, ...match }: ShownMatch): string {
  const names = (list: ShownMatch['sourceSites']) => list.map(({ name }) => name);
  const listed = (word: string, list: readonly (string | number)[]) =>
    list.length === 0 ? '' : `${word} ${list.join(', ')}`;
  const parts = [
    names(match.applications).join(', '),
    protocol ?? '',
    listed('port', ports),
    listed('from', [...names(match.sourceSites), ...sources]),
    listed('to', [...names(match.destinationSites), ...destinations]),
    listed('DSCP', dscp),
    match.segment === null ? '' : `segment ${match.segment}`,
  ];
  return parts.filter((part) => part !== '').join(' ') || 'all';
}

function actionWords({ action, breakoutLabels, mark, limitPercent }: Policy): string {
  return [
    [action.toLowerCase(), ...breakoutLabels].join(' '),
    mark === null ? '' : `mark ${mark}`,
    limitPercent === null ? '' : `at most ${limitPercent} %`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function ratio({ compressedBytesBefore, compressedBytesAfter }: Policy): string {
  if (compressedBytesBefore === 0) return '–';
  return `${((compressedBytesAfter / compressedBytesBefore) * 100).toFixed(0)} %`;
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
