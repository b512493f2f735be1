/** `patronus class list`: every traffic class in the order in which they are asked. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printTable } from '../output.ts';

const document = `query ClassList($after: String) {
  trafficClasses(first: 100, after: $after) {
    edges { node {
      id name position revision match { sources destinations protocol ports dscp }
      compression { level acknowledgedBy acknowledgedAt }
      sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const classSchema = z.object({
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
  }),
  compression: z.object({ level: z.number(), acknowledgedBy: z.string(), acknowledgedAt: z.string() }).nullable(),
  sentPackets: z.number(),
  sentBytes: z.number(),
  compressedBytesBefore: z.number(),
  compressedBytesAfter: z.number(),
  skippedPackets: z.number(),
});
export type TrafficClass = z.infer<typeof classSchema>;
const schema = z.object({
  trafficClasses: z.object({
    edges: z.array(z.object({ node: classSchema })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

export function classList(): Command {
  return new Command('list')
    .description('list every traffic class, the one that is asked first on top')
    .option('--json', 'one JSON array for programs')
    .addHelpText('after', "\nExamples:\n  $ patronus class list\n  $ patronus class list --json | jq '.[].name'")
    .action(async (options: { json?: boolean }) => {
      const classes = await allClasses();
      if (options.json === true) return printJson(classes);
      printTable(
        classes,
        [
          { header: '#', cell: ({ position }) => String(position), align: 'right' },
          { header: 'Class', cell: ({ name }) => name },
          { header: 'Packets', cell: ({ match }) => describeMatch(match) },
          { header: 'LZ4', cell: ({ compression }) => (compression === null ? 'off' : `level ${compression.level}`) },
          { header: 'Acknowledged by', cell: ({ compression }) => compression?.acknowledgedBy ?? '' },
          { header: 'Sent', cell: ({ sentBytes }) => bytes(sentBytes), align: 'right' },
          { header: 'Ratio', cell: ratio, align: 'right' },
        ],
        'No traffic classes: nothing is compressed. Add one with `patronus class add NAME --port 873 --protocol tcp`.',
      );
    });
}

export async function allClasses(): Promise<TrafficClass[]> {
  const classes: TrafficClass[] = [];
  let after: string | null = null;
  do {
    const page: z.infer<typeof schema> = await query(document, { after }, schema);
    classes.push(...page.trafficClasses.edges.map((edge) => edge.node));
    after = page.trafficClasses.pageInfo.hasNextPage ? page.trafficClasses.pageInfo.endCursor : null;
  } while (after !== null);
  return classes;
}

/** The class by the name a person typed, or by its id. */
export async function findClass(name: string): Promise<TrafficClass> {
  const wanted = name.toLowerCase();
  const found = (await allClasses()).find((one) => one.name.toLowerCase() === wanted || one.id === name);
  if (found === undefined)
    throw new CliError(`there is no traffic class "${name}"; \`patronus class list\` shows them`, 1, 'NOT_FOUND');
  return found;
}

export function describeMatch({ sources, destinations, protocol, ports, dscp }: TrafficClass['match']): string {
  const parts = [
    protocol ?? '',
    ports.length === 0 ? '' : `port ${ports.join(', ')}`,
    sources.length === 0 ? '' : `from ${sources.join(', ')}`,
    destinations.length === 0 ? '' : `to ${destinations.join(', ')}`,
    dscp.length === 0 ? '' : `DSCP ${dscp.join(', ')}`,
  ];
  return parts.filter((part) => part !== '').join(' ') || 'all';
}

function ratio({ compressedBytesBefore, compressedBytesAfter }: TrafficClass): string {
  if (compressedBytesBefore === 0) return '–';
  return `${((compressedBytesAfter / compressedBytesBefore) * 100).toFixed(0)} %`;
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
