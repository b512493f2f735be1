/** `patronus site add NAME`: a site with its LANs and uplinks, and the command to paste on its gateway. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError, ExitCode } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { createToken } from './siteToken.ts';

const document = `mutation SiteAdd($input: AddSiteInput!) { addSite(input: $input) { site { id name } warnings } }`;
const schema = z.object({
  addSite: z.object({ site: z.object({ id: z.string(), name: z.string() }), warnings: z.array(z.string()) }),
});

interface Options {
  readonly prefix: string[];
  readonly uplink: string[];
  readonly location: string;
  readonly description: string;
  readonly json?: boolean;
}

export function siteAdd(): Command {
  return new Command('add')
    .argument('<name>', 'letters, digits, space, . _ -')
    .description('add a site and print the command that makes a machine its gateway')
    .option('--prefix <prefix>', 'a LAN behind the site; may be given several times', collect, [])
    .option(
      '--uplink <label:interface[:domain[:cost]]>',
      'an uplink of its gateway; may be given several times',
      collect,
      [],
    )
    .option('--location <place>', 'where it is, for people', '')
    .option('--description <text>', 'what it is, for people', '')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      `
Uplinks of one reachability domain (default: internet) try to reach each other; the lowest cost (default: 10) is preferred.

Examples:
  $ patronus site add paris --prefix 10.4.0.0/24 --uplink internet:eth0 --uplink lte:wwan0:internet:20
  $ patronus site add plant-7 --prefix 10.7.0.0/16 --prefix fd07::/48 --uplink mpls:eth1:mpls`,
    )
    .action(async (name: string, options: Options) => {
      if (options.prefix.length === 0) throw usage('name at least one LAN, e.g. --prefix 10.4.0.0/24');
      if (options.uplink.length === 0) throw usage('name at least one uplink, e.g. --uplink internet:eth0');
      const { prefix: prefixes, location, description } = options;
      const input = { name, location, description, prefixes, uplinks: options.uplink.map(parseUplink) };
      const { addSite } = await query(document, { input }, schema);
      const token = await createToken(addSite.site.id);
      if (options.json === true) return printJson({ ...addSite.site, warnings: addSite.warnings, enrolment: token });
      for (const warning of addSite.warnings) process.stderr.write(`patronus: ${warning}\n`);
      printLine(`Site ${addSite.site.name} added. Paste this on its gateway, as root, before ${token.expiresAt}:`);
      printLine(`\n  ${token.command}\n`);
    });
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** `label:interface[:domain[:cost]]`. */
export function parseUplink(text: string): { label: string; interface: string; domain?: string; cost?: number } {
  const [label, name, domain, cost, ...rest] = text.split(':');
  if (label === undefined || label === '' || name === undefined || name === '' || rest.length > 0) {
    throw usage(`--uplink ${text}: write it as label:interface[:domain[:cost]], e.g. internet:eth0`);
  }
  if (cost !== undefined && !/^\d{1,6}$/.test(cost))
    throw usage(`--uplink ${text}: the cost is a whole number, e.g. 20`);
  return {
    label,
    interface: name,
    ...(domain === undefined || domain === '' ? {} : { domain }),
    ...(cost === undefined ? {} : { cost: Number(cost) }),
  };
}

function usage(message: string): CliError {
  return new CliError(message, ExitCode.usage, 'USAGE');
}
