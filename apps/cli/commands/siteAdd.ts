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
      '--uplink <label:interface[:domain[:cost[:mbit]]]>',
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
Bursts are cut to what a line of so many Mbit/s sends in 2 ms, where you say how many it carries.

Examples:
  $ patronus site add paris --prefix 10.4.0.0/24 --uplink internet:eth0 --uplink lte:wwan0:internet:20:30
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

interface UplinkInput {
  readonly label: string;
  readonly interface: string;
  readonly domain?: string;
  readonly cost?: number;
  readonly bitsPerSecond?: number;
}

/** `label:interface[:domain[:cost[:mbit]]]`; what is empty is left to the controller. */
export function parseUplink(text: string): UplinkInput {
  const [label, name, domain, cost, megabits, ...rest] = text.split(':');
  if (label === undefined || label === '' || name === undefined || name === '' || rest.length > 0) {
    throw usage(`--uplink ${text}: write it as label:interface[:domain[:cost[:mbit]]], e.g. internet:eth0`);
  }
  if (megabits !== undefined && !/^\d{1,6}(\.\d{1,3})?$/.test(megabits))
    throw usage(`--uplink ${text}: what the line carries is a number of Mbit/s, e.g. 20 or 0.512`);
  if (cost !== undefined && cost !== '' && !/^\d{1,6}$/.test(cost))
    throw usage(`--uplink ${text}: the cost is a whole number, e.g. 20`);
  return {
    label,
    interface: name,
    ...(domain === undefined || domain === '' ? {} : { domain }),
    ...(cost === undefined || cost === '' ? {} : { cost: Number(cost) }),
    ...(megabits === undefined ? {} : { bitsPerSecond: Math.round(Number(megabits) * 1e6) }),
  };
}

function usage(message: string): CliError {
  return new CliError(message, ExitCode.usage, 'USAGE');
}
