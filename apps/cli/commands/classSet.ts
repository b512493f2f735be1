/** `patronus class set NAME`: changes what is given of a traffic class. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { payloadSchema, tellClass } from './classAdd.ts';
import { findClass } from './classList.ts';
import { addClassOptions, type ClassOptions, compressionOf, matchOf, positionOf, RISK } from './classOptions.ts';

const document = `mutation ClassSet($input: UpdateTrafficClassInput!) {
  updateTrafficClass(input: $input) { trafficClass { id name position compression { level acknowledgedBy } } warnings }
}`;
const schema = z.object({ updateTrafficClass: payloadSchema });

interface SetOptions extends ClassOptions {
  readonly name?: string;
}

export function classSet(): Command {
  const command = new Command('set')
    .argument('<name>', 'its name, or its id')
    .description('change what is given of a traffic class and leave the rest; `any` takes a part of its match away')
    .option('--name <name>', 'call it otherwise');
  return addClassOptions(command)
    .option('--no-compress', 'switch its compression off')
    .addHelpText(
      'after',
      `${RISK}

Examples:
  $ patronus class set backups --port 873 --port 22000
  $ patronus class set backups --destination any --position 1
  $ patronus class set backups --compress 12 --acknowledge-length-leak
  $ patronus class set backups --no-compress`,
    )
    .action(async (name: string, options: SetOptions) => {
      const { id, revision, match } = await findClass(name);
      const isMatchGiven = [options.source, options.destination, options.port, options.dscp, options.protocol ?? []];
      const changes = {
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(isMatchGiven.some(({ length }) => length > 0) ? { match: matchOf(options, match) } : {}),
        ...positionOf(options),
        ...compressionOf(options),
      };
      if (Object.keys(changes).length === 0)
        throw new CliError('say what to change; --help shows what there is', ExitCode.usage, 'USAGE');
      // The revision makes sure that nobody changed meanwhile what was read here.
      const { updateTrafficClass } = await query(document, { input: { id, revision, ...changes } }, schema);
      tellClass('changed', updateTrafficClass, options.json === true);
    });
}
