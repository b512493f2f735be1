/** `patronus policy remove NAME`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { findPolicy } from './policyList.ts';

const document = `mutation PolicyRemove($input: RemovePolicyInput!) {
  removePolicy(input: $input) { removedId }
}`;
const schema = z.object({ removePolicy: z.object({ removedId: z.string() }) });

export function policyRemove(): Command {
  return new Command('remove')
    .argument('<name>', 'its name, or its id')
    .description('remove a policy; its packets go to the next policy that matches')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus policy remove backups')
    .action(async (typed: string, options: { json?: boolean }) => {
      const { id, name } = await findPolicy(typed);
      const { removePolicy } = await query(document, { input: { id } }, schema);
      if (options.json === true) return printJson(removePolicy);
      printLine(`Policy ${name} removed.`);
    });
}
