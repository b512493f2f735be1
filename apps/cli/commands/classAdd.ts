/** `patronus class add NAME`: a traffic class behind the others, or in its place. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import {
  addClassOptions,
  anyPacket,
  type ClassOptions,
  compressionOf,
  matchOf,
  positionOf,
  RISK,
} from './classOptions.ts';

const document = `mutation ClassAdd($input: AddTrafficClassInput!) {
  addTrafficClass(input: $input) { trafficClass { id name position compression { level acknowledgedBy } } warnings }
}`;
export const payloadSchema = z.object({
  trafficClass: z.object({
    id: z.string(),
    name: z.string(),
    position: z.number(),
    compression: z.object({ level: z.number(), acknowledgedBy: z.string() }).nullable(),
  }),
  warnings: z.array(z.string()),
});
const schema = z.object({ addTrafficClass: payloadSchema });

export function classAdd(): Command {
  const command = new Command('add')
    .argument('<name>', 'letters, digits, space, . _ -')
    .description('add a traffic class: all that is given has to hold for a packet; nothing given holds for every one');
  return addClassOptions(command)
    .addHelpText(
      'after',
      `${RISK}

Examples:
  $ patronus class add voice --dscp 46 --position 1
  $ patronus class add backups --protocol tcp --port 873 --destination 10.9.0.0/16 --compress 9 --acknowledge-length-leak`,
    )
    .action(async (name: string, options: ClassOptions) => {
      const input = { name, match: matchOf(options, anyPacket), ...positionOf(options), ...compressionOf(options) };
      const { addTrafficClass } = await query(document, { input }, schema);
      tellClass('added', addTrafficClass, options.json === true);
    });
}

export function tellClass(
  what: string,
  { trafficClass, warnings }: z.infer<typeof payloadSchema>,
  isJson: boolean,
): void {
  if (isJson) {
    printJson({ ...trafficClass, warnings });
    return;
  }
  for (const warning of warnings) process.stderr.write(`patronus: ${warning}\n`);
  const { name, position, compression } = trafficClass;
  const compressed = compression === null ? 'not compressed' : `compressed at level ${compression.level}`;
  printLine(`Traffic class ${name} ${what}, at position ${position}, ${compressed}.`);
}
