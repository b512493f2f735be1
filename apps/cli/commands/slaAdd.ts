/** `patronus sla add NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { presetBounds } from './slaList.ts';
import { addBoundOptions, type BoundOptions, boundsOf } from './slaOptions.ts';

const document = `mutation SlaAdd($input: AddSlaClassInput!) {
  addSlaClass(input: $input) { slaClass { id name bounds } }
}`;
export const payloadSchema = z.object({
  slaClass: z.object({ id: z.string(), name: z.string(), bounds: z.string() }),
});
const schema = z.object({ addSlaClass: payloadSchema });

export function slaAdd(): Command {
  const command = new Command('add')
    .argument('<name>')
    .description('add an SLA class with at least one bound')
    .option('--preset <name>', 'begin with the bounds of this suggestion (`patronus sla list --presets`)');
  return addBoundOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus sla add Voice --preset voice\n  $ patronus sla add Terminals --round-trip 80 --loss 0.5',
    )
    .action(async (name: string, { preset, ...options }: BoundOptions & { preset?: string }) => {
      const start = preset === undefined ? {} : await presetBounds(preset);
      const { addSlaClass } = await query(document, { input: { name, ...start, ...boundsOf(options) } }, schema);
      if (options.json === true) return printJson(addSlaClass.slaClass);
      printLine(`SLA class ${addSlaClass.slaClass.name} added: ${addSlaClass.slaClass.bounds}.`);
    });
}
