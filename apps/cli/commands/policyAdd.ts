/** `patronus policy add NAME`: a policy behind the others, or in its place. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import {
  addPolicyOptions,
  anyPacket,
  compressionOf,
  matchOf,
  type PolicyOptions,
  positionOf,
  RISK,
} from './policyOptions.ts';
import { pathWords, WISHES, wishesOf } from './policyWishes.ts';

const document = `mutation PolicyAdd($input: AddPolicyInput!) {
  addPolicy(input: $input) { policy { id name position action path { mode labels weights { label weight } } compression { level acknowledgedBy } } warnings }
}`;
export const pathSchema = z.object({
  mode: z.string(),
  labels: z.array(z.string()),
  weights: z.array(z.object({ label: z.string(), weight: z.number() })),
});
export const payloadSchema = z.object({
  policy: z.object({
    id: z.string(),
    name: z.string(),
    position: z.number(),
    action: z.string(),
    path: pathSchema,
    compression: z.object({ level: z.number(), acknowledgedBy: z.string() }).nullable(),
  }),
  warnings: z.array(z.string()),
});
const schema = z.object({ addPolicy: payloadSchema });

export function policyAdd(): Command {
  const command = new Command('add')
    .argument('<name>', 'letters, digits, space, . _ -')
    .description('add a policy: all that is given has to hold for a packet; nothing given holds for every one');
  return addPolicyOptions(command)
    .addHelpText(
      'after',
      `${WISHES}
${RISK}

Examples:
  $ patronus policy add voice --dscp 46 --sla Voice --path best --priority realtime --position 1
  $ patronus policy add guests --source 10.1.9.0/24 --action breakout --breakout-uplink internet
  $ patronus policy add no-telnet --protocol tcp --port 23 --action deny
  $ patronus policy add backups --protocol tcp --port 873 --destination 10.9.0.0/16 --compress 9 --acknowledge-length-leak`,
    )
    .action(async (name: string, options: PolicyOptions) => {
      const match = await matchOf(options, anyPacket);
      const wishes = await wishesOf(options);
      const input = { name, match, ...wishes, ...positionOf(options), ...compressionOf(options) };
      const { addPolicy } = await query(document, { input }, schema);
      tellPolicy('added', addPolicy, options.json === true);
    });
}

export function tellPolicy(what: string, { policy, warnings }: z.infer<typeof payloadSchema>, isJson: boolean): void {
  if (isJson) {
    printJson({ ...policy, warnings });
    return;
  }
  for (const warning of warnings) process.stderr.write(`patronus: ${warning}\n`);
  const { name, position, action, path, compression } = policy;
  const compressed = compression === null ? 'not compressed' : `compressed at level ${compression.level}`;
  const does = action === 'ALLOW' ? `by ${pathWords(path)}, ${compressed}` : action.toLowerCase();
  printLine(`Policy ${name} ${what}, at position ${position}: ${does}.`);
}
