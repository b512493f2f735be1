/** `patronus site token NAME`: a fresh one-time token for the site's gateway. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine } from '../output.ts';
import { findSite } from './findSite.ts';

const document = `mutation SiteToken($input: CreateEnrolmentTokenInput!) {
  createEnrolmentToken(input: $input) { token expiresAt command }
}`;
const tokenSchema = z.object({ token: z.string(), expiresAt: z.string(), command: z.string() });
const schema = z.object({ createEnrolmentToken: tokenSchema });

export async function createToken(siteId: string): Promise<z.infer<typeof tokenSchema>> {
  const { createEnrolmentToken } = await query(document, { input: { siteId } }, schema);
  return createEnrolmentToken;
}

export function siteToken(): Command {
  return new Command('token')
    .argument('<name>', 'the site')
    .description('print the command that makes a machine the gateway of a site')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus site token paris')
    .action(async (name: string, options: { json?: boolean }) => {
      const token = await createToken((await findSite(name)).id);
      if (options.json === true) return printJson(token);
      printLine(`Paste this on the gateway of ${name}, as root, before ${token.expiresAt}:\n\n  ${token.command}\n`);
    });
}
