/** `patronus site remove NAME`: takes a site, its gateway's trust and its tunnels out of the network. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { findSite } from './findSite.ts';

const document = 'mutation SiteRemove($input: RemoveSiteInput!) { removeSite(input: $input) { removedId } }';
const schema = z.object({ removeSite: z.object({ removedId: z.string() }) });

export function siteRemove(): Command {
  return new Command('remove')
    .argument('<name>', 'the site')
    .description('remove a site; its gateway is no longer trusted')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object for programs (implies --yes)')
    .addHelpText('after', '\nExamples:\n  $ patronus site remove paris\n  $ patronus site remove paris --yes')
    .action(async (name: string, options: { yes?: boolean; json?: boolean }) => {
      const found = await findSite(name);
      if (options.yes !== true && options.json !== true) await confirm(found.name);
      const { removeSite } = await query(document, { input: { id: found.id } }, schema);
      if (options.json === true) return printJson({ id: removeSite.removedId, name: found.name });
      printLine(`Site ${found.name} removed.`);
    });
}

async function confirm(name: string): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw new CliError('add --yes to remove a site without being asked', ExitCode.usage, 'USAGE');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `Remove site ${name}? Its gateway loses its tunnels at once. Type the name to confirm: `,
  );
  terminal.close();
  if (answer.trim() !== name) throw new CliError('nothing was removed', ExitCode.failed, 'NOT_CONFIRMED');
}
