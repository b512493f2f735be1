/** `patronus sla remove NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { findSlaClass } from './slaList.ts';

const document = `mutation SlaRemove($input: RemoveSlaClassInput!) {
  removeSlaClass(input: $input) { removedId }
}`;
const schema = z.object({ removeSlaClass: z.object({ removedId: z.string() }) });

export function slaRemove(): Command {
  return new Command('remove')
    .argument('<name>', 'its name, or its id')
    .description('remove an SLA class that no policy asks for')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus sla remove terminals')
    .action(async (typed: string, options: { json?: boolean }) => {
      const { id, name } = await findSlaClass(typed);
      const { removeSlaClass } = await query(document, { input: { id } }, schema);
      if (options.json === true) return printJson(removeSlaClass);
      printLine(`SLA class ${name} removed.`);
    });
}
