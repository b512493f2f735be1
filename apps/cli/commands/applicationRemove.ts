/** `patronus application remove NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { idOf } from './findByName.ts';

const document = `mutation ApplicationRemove($input: RemoveApplicationInput!) {
  removeApplication(input: $input) { removedId }
}`;
const schema = z.object({ removeApplication: z.object({ removedId: z.string() }) });

export function applicationRemove(): Command {
  return new Command('remove')
    .argument('<name>', 'its name, or its id')
    .description('remove an application of your own that no policy names')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus application remove till')
    .action(async (name: string, options: { json?: boolean }) => {
      const { removeApplication } = await query(document, { input: { id: await idOf('application', name) } }, schema);
      if (options.json === true) return printJson(removeApplication);
      printLine(`Application ${name} removed.`);
    });
}
