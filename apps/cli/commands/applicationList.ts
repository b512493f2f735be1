/** `patronus application list`: the organisation's own applications and those of the catalogue. */
import { Command } from 'commander';
import { z } from 'zod';
import { printJson, printTable } from '../output.ts';
import { everyPage } from './everyPage.ts';

const document = `query ApplicationList($after: String, $filter: ApplicationFilter) {
  applications(first: 200, after: $after, filter: $filter) {
    edges { node { id name isBuiltIn ports prefixes names policies { name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const strings = z.array(z.string());
const applicationSchema = z.object({
  ...{ id: z.string(), name: z.string(), isBuiltIn: z.boolean(), ports: strings, prefixes: strings, names: strings },
  policies: z.array(z.object({ name: z.string() })),
});

export function applicationList(): Command {
  return new Command('list')
    .description('list every application, your own and those that Patronus knows')
    .option('--own', 'your own only')
    .option('--json', 'one JSON array for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus application list\n  $ patronus application list --own --json')
    .action(async (options: { own?: boolean; json?: boolean }) => {
      const filter = options.own === true ? { isBuiltIn: false } : {};
      const applications = await everyPage(document, 'applications', applicationSchema, { filter });
      if (options.json === true) return printJson(applications);
      printTable(
        applications,
        [
          { header: 'Application', cell: ({ name }) => name },
          { header: 'Of', cell: ({ isBuiltIn }) => (isBuiltIn ? 'catalogue' : 'your own') },
          { header: 'Known by', cell: ({ ports, prefixes, names }) => shortened([...names, ...ports, ...prefixes]) },
          { header: 'Policies', cell: ({ policies }) => policies.map(({ name }) => name).join(', ') },
        ],
        'No applications. Add one with `patronus application add till --port tcp/7000-7009`.',
      );
    });
}

const SHOWN = 4;

function shortened(parts: readonly string[]): string {
  const more = parts.length - SHOWN;
  return more <= 0 ? parts.join(', ') : `${parts.slice(0, SHOWN).join(', ')} and ${more} more`;
}
