/** `patronus sla set NAME`: changes what is given of an SLA class. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { payloadSchema } from './slaAdd.ts';
import { findSlaClass } from './slaList.ts';
import { addBoundOptions, type BoundOptions, boundsOf } from './slaOptions.ts';

const document = `mutation SlaSet($input: UpdateSlaClassInput!) {
  updateSlaClass(input: $input) { slaClass { id name bounds } }
}`;
const schema = z.object({ updateSlaClass: payloadSchema });

export function slaSet(): Command {
  const command = new Command('set')
    .argument('<name>', 'its name, or its id')
    .description('change what is given of an SLA class; `none` takes a bound away')
    .option('--name <name>', 'call it otherwise');
  return addBoundOptions(command)
    .addHelpText('after', '\nExamples:\n  $ patronus sla set voice --round-trip 120 --mos none')
    .action(async (typed: string, { name, ...options }: BoundOptions & { name?: string }) => {
      const { id, revision } = await findSlaClass(typed);
      const changes = { ...(name === undefined ? {} : { name }), ...boundsOf(options) };
      if (Object.keys(changes).length === 0)
        throw new CliError('say what to change; --help shows what there is', ExitCode.usage, 'USAGE');
      const { updateSlaClass } = await query(document, { input: { id, revision, ...changes } }, schema);
      if (options.json === true) return printJson(updateSlaClass.slaClass);
      printLine(`SLA class ${updateSlaClass.slaClass.name} changed: ${updateSlaClass.slaClass.bounds}.`);
    });
}
