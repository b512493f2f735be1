/** `patronus class remove NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { findClass } from './classList.ts';

const document = `mutation ClassRemove($input: RemoveTrafficClassInput!) {
  removeTrafficClass(input: $input) { removedId }
}`;
const schema = z.object({ removeTrafficClass: z.object({ removedId: z.string() }) });

export function classRemove(): Command {
  return new Command('remove')
    .argument('<name>', 'its name, or its id')
    .description('remove a traffic class; its packets go to the next class that matches')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus class remove backups')
    .action(async (typed: string, options: { json?: boolean }) => {
      const { id, name } = await findClass(typed);
      const { removeTrafficClass } = await query(document, { input: { id } }, schema);
      if (options.json === true) return printJson(removeTrafficClass);
      printLine(`Traffic class ${name} removed.`);
    });
}
