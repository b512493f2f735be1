/** `patronus uplink drain SITE LABEL` and `undrain`. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine } from '../output.ts';

const findDocument = `query UplinkFind($name: String!) {
  siteByName(name: $name) { name uplinks { id label isDrained } }
}`;
const uplinkSchema = z.object({ id: z.string(), label: z.string(), isDrained: z.boolean() });
const findSchema = z.object({
  siteByName: z.object({ name: z.string(), uplinks: z.array(uplinkSchema) }).nullable(),
});
const payload = '{ uplink { id label isDrained } warnings }';
const payloadSchema = z.object({ uplink: uplinkSchema, warnings: z.array(z.string()) });

export function uplinkDrain(): Command {
  return verb('drain', 'drainUplink', 'take an uplink out of service: flows move away without loss').addHelpText(
    'after',
    '\nTunnels over it stay up, and carry what has no other way; unplug it when its traffic has gone\n(`patronus site show SITE`).\n\nExamples:\n  $ patronus uplink drain berlin lte',
  );
}

export function uplinkUndrain(): Command {
  return verb('undrain', 'undrainUplink', 'put an uplink back into service').addHelpText(
    'after',
    '\nExamples:\n  $ patronus uplink undrain berlin lte',
  );
}

function verb(name: string, field: 'drainUplink' | 'undrainUplink', description: string): Command {
  const input = field === 'drainUplink' ? 'DrainUplinkInput' : 'UndrainUplinkInput';
  const document = `mutation UplinkDrain($input: ${input}!) { ${field}(input: $input) ${payload} }`;
  const schema = z.object({ [field]: payloadSchema }) as z.ZodType<Record<string, z.infer<typeof payloadSchema>>>;
  return new Command(name)
    .argument('<site>')
    .argument('<label>')
    .description(description)
    .option('--json', 'one JSON object for programs')
    .action(async (site: string, label: string, options: { json?: boolean }) => {
      const uplinkId = await findUplink(site, label);
      const answer = (await query(document, { input: { uplinkId } }, schema))[field]!;
      if (options.json === true) return printJson({ ...answer.uplink, warnings: answer.warnings });
      for (const warning of answer.warnings) process.stderr.write(`patronus: ${warning}\n`);
      printLine(`Uplink ${answer.uplink.label} of ${site} is ${answer.uplink.isDrained ? 'drained' : 'in service'}.`);
    });
}

async function findUplink(siteName: string, label: string): Promise<string> {
  const { siteByName } = await query(findDocument, { name: siteName }, findSchema);
  if (siteByName === null)
    throw new CliError(`there is no site "${siteName}"; \`patronus site list\` shows them`, 1, 'NOT_FOUND');
  const found = siteByName.uplinks.find((one) => one.id === label || one.label.toLowerCase() === label.toLowerCase());
  if (found !== undefined) return found.id;
  const labels = siteByName.uplinks.map((one) => one.label).join(', ');
  throw new CliError(`${siteByName.name} has no uplink "${label}"; it has ${labels}`, 1, 'NOT_FOUND');
}
