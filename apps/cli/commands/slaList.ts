/** `patronus sla list`: every SLA class with its bounds and the policies that ask for it. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printTable } from '../output.ts';
import { everyPage } from './everyPage.ts';

const document = `query SlaList($after: String) {
  slaClasses(first: 100, after: $after) {
    edges { node { id name roundTripMs jitterMs lossPercent mos bounds revision policies { name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const bound = z.number().nullable();
const classSchema = z.object({
  ...{ id: z.string(), name: z.string(), roundTripMs: bound, jitterMs: bound, lossPercent: bound, mos: bound },
  ...{ bounds: z.string(), revision: z.number(), policies: z.array(z.object({ name: z.string() })) },
});
const presetsDocument = '{ slaPresets { name description roundTripMs jitterMs lossPercent mos } }';
const presetSchema = z.object({
  ...{ name: z.string(), description: z.string(), roundTripMs: bound, jitterMs: bound, lossPercent: bound, mos: bound },
});
const presetsSchema = z.object({ slaPresets: z.array(presetSchema) });
export type SlaClass = z.infer<typeof classSchema>;

export function slaList(): Command {
  return new Command('list')
    .description('list every SLA class, with the policies that ask for it')
    .option('--presets', 'list the suggestions that Patronus comes with instead')
    .option('--json', 'one JSON array for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus sla list\n  $ patronus sla list --presets')
    .action(async (options: { presets?: boolean; json?: boolean }) => {
      if (options.presets === true) {
        const { slaPresets } = await query(presetsDocument, {}, presetsSchema);
        if (options.json === true) return printJson(slaPresets);
        return printTable(
          slaPresets,
          [
            { header: 'Suggestion', cell: ({ name }) => name },
            ...columns,
            { header: 'For', cell: ({ description }) => description },
          ],
          'No suggestions.',
        );
      }
      const classes = await everyPage(document, 'slaClasses', classSchema);
      if (options.json === true) return printJson(classes);
      printTable(
        classes,
        [
          { header: 'SLA class', cell: ({ name }) => name },
          ...columns,
          { header: 'Policies', cell: ({ policies }) => policies.map(({ name }) => name).join(', ') },
        ],
        'No SLA classes. Add one with `patronus sla add Voice --preset Voice`; `patronus sla list --presets` shows more.',
      );
    });
}

type Bounds = Pick<SlaClass, 'roundTripMs' | 'jitterMs' | 'lossPercent' | 'mos'>;
const shown = (value: number | null, unit: string) => (value === null ? '–' : `${value}${unit}`);
const columns = [
  { header: 'Round trip', cell: ({ roundTripMs }: Bounds) => shown(roundTripMs, ' ms'), align: 'right' as const },
  { header: 'Jitter', cell: ({ jitterMs }: Bounds) => shown(jitterMs, ' ms'), align: 'right' as const },
  { header: 'Loss', cell: ({ lossPercent }: Bounds) => shown(lossPercent, ' %'), align: 'right' as const },
  { header: 'MOS', cell: ({ mos }: Bounds) => shown(mos, ''), align: 'right' as const },
];

/** The class by the name a person typed, or by its id. */
export async function findSlaClass(name: string): Promise<SlaClass> {
  const classes = await everyPage(document, 'slaClasses', classSchema);
  const found = classes.find((one) => one.id === name || one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new CliError(`there is no SLA class "${name}"; \`patronus sla list\` shows them`, 1, 'NOT_FOUND');
}

/** The bounds of a suggestion. */
export async function presetBounds(name: string): Promise<Bounds> {
  const { slaPresets } = await query(presetsDocument, {}, presetsSchema);
  const found = slaPresets.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    const names = slaPresets.map((one) => one.name).join(', ');
    throw new CliError(`there is no suggestion "${name}"; there are ${names}`, 1, 'NOT_FOUND');
  }
  const { roundTripMs, jitterMs, lossPercent, mos } = found;
  return { roundTripMs, jitterMs, lossPercent, mos };
}
