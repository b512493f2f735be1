/** `patronus policy set NAME`: changes what is given of a policy. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { payloadSchema, tellPolicy } from './policyAdd.ts';
import { findPolicy, idsIn } from './policyList.ts';
import {
  addPolicyOptions,
  compressionOf,
  isMatchGiven,
  matchOf,
  type PolicyOptions,
  positionOf,
  RISK,
} from './policyOptions.ts';
import { WISHES, wishesOf } from './policyWishes.ts';

const document = `mutation PolicySet($input: UpdatePolicyInput!) {
  updatePolicy(input: $input) { policy { id name position action path { mode labels weights { label weight } } compression { level acknowledgedBy } } warnings }
}`;
const schema = z.object({ updatePolicy: payloadSchema });

interface SetOptions extends PolicyOptions {
  readonly name?: string;
}

export function policySet(): Command {
  const command = new Command('set')
    .argument('<name>', 'its name, or its id')
    .description('change what is given of a policy and leave the rest; `any` takes a part of its match away')
    .option('--name <name>', 'call it otherwise');
  return addPolicyOptions(command)
    .option('--no-compress', 'switch its compression off')
    .addHelpText(
      'after',
      `${WISHES}
${RISK}

Examples:
  $ patronus policy set backups --port 873 --port 22000
  $ patronus policy set backups --destination any --position 1
  $ patronus policy set voice --path ordered:mpls,internet --limit 30
  $ patronus policy set voice --sla none --mark none
  $ patronus policy set backups --compress 12 --acknowledge-length-leak
  $ patronus policy set backups --no-compress`,
    )
    .action(async (name: string, options: SetOptions) => {
      const { id, revision, match } = await findPolicy(name);
      const changes = {
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(isMatchGiven(options) ? { match: await matchOf(options, idsIn(match)) } : {}),
        ...(await wishesOf(options)),
        ...positionOf(options),
        ...compressionOf(options),
      };
      if (Object.keys(changes).length === 0)
        throw new CliError('say what to change; --help shows what there is', ExitCode.usage, 'USAGE');
      // The revision makes sure that nobody changed meanwhile what was read here.
      const { updatePolicy } = await query(document, { input: { id, revision, ...changes } }, schema);
      tellPolicy('changed', updatePolicy, options.json === true);
    });
}
