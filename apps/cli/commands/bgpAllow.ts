/** `patronus bgp allow …`: what the routers of a site may bring into the fabric. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { range } from './bgpRange.ts';
import { everyPage } from './everyPage.ts';
import { idOf } from './findByName.ts';

const listDocument = `query BgpAllowances($after: String, $filter: BgpFilter) {
  bgpAllowances(first: 200, after: $after, filter: $filter) {
    edges { node { id text preference site { id name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const allowanceSchema = z.object({
  ...{ id: z.string(), text: z.string(), preference: z.number().nullable() },
  site: z.object({ id: z.string(), name: z.string() }),
});
const addDocument = `mutation BgpAllow($input: AddBgpAllowanceInput!) {
  addBgpAllowance(input: $input) { bgpAllowance { id text } }
}`;
const addSchema = z.object({
  addBgpAllowance: z.object({ bgpAllowance: z.object({ id: z.string(), text: z.string() }) }),
});
const setDocument = `mutation BgpAllowanceSet($input: UpdateBgpAllowanceInput!) {
  updateBgpAllowance(input: $input) { bgpAllowance { id text preference } }
}`;
const setSchema = z.object({
  updateBgpAllowance: z.object({ bgpAllowance: allowanceSchema.omit({ site: true }) }),
});
const removeDocument =
  'mutation BgpDisallow($input: RemoveBgpInput!) { removeBgpAllowance(input: $input) { removedId } }';
const removeSchema = z.object({ removeBgpAllowance: z.object({ removedId: z.string() }) });

export function bgpAllow(): Command {
  return new Command('allow')
    .description('what the routers of a site may bring into the fabric: other gateways take nothing else')
    .addCommand(list())
    .addCommand(add())
    .addCommand(set())
    .addCommand(remove());
}

async function allowancesOf(site: string | undefined) {
  const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
  return everyPage(listDocument, 'bgpAllowances', allowanceSchema, { filter });
}

function list(): Command {
  return new Command('list')
    .description('list what is allowed')
    .option('--site <name>', 'that of this site')
    .option('--json', 'one JSON array for programs')
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const allowances = await allowancesOf(site);
      if (json === true) return printJson(allowances);
      printTable(
        allowances,
        [
          { header: 'Site', cell: (one) => one.site.name },
          { header: 'Prefix', cell: ({ text }) => text },
          { header: 'Preference', cell: ({ preference }) => String(preference ?? 'alone'), align: 'right' },
        ],
        'Nothing is allowed: `patronus bgp allow add SITE PREFIX` names a prefix.',
      );
    });
}

function add(): Command {
  return new Command('add')
    .argument('<site>')
    .argument('<prefix>', 'such as 172.16.0.0/16, or 172.16.0.0/16-24 with what lies inside of it')
    .description('let the routers of a site bring a prefix into the fabric')
    .option('--preference <number>', 'where several sites may bring it, the lowest is preferred')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExample:\n  $ patronus bgp allow add berlin 172.16.0.0/16-24')
    .action(async (site: string, prefix: string, options: { preference?: string; json?: boolean }) => {
      const preference = options.preference === undefined ? null : Number(options.preference);
      const input = { siteId: await idOf('site', site), ...range(prefix), preference };
      const { bgpAllowance } = (await query(addDocument, { input }, addSchema)).addBgpAllowance;
      if (options.json === true) printJson(bgpAllowance);
      else printLine(`${site} may bring ${bgpAllowance.text} into the fabric.`);
    });
}

interface SetOptions {
  readonly prefix?: string;
  readonly preference?: string;
  readonly json?: boolean;
}

function set(): Command {
  return new Command('set')
    .argument('<site>')
    .argument('<prefix>', 'as `patronus bgp allow list` shows it')
    .description('change what is given; routes that stay allowed are withdrawn nowhere')
    .option('--prefix <prefix>', 'what it may bring instead, such as 172.16.0.0/16-24')
    .option('--preference <number>', 'where several sites may bring it, the lowest is preferred; none: this site alone')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus bgp allow set berlin 172.16.0.0/16 --prefix 172.16.0.0/16-24\n  $ patronus bgp allow set berlin 172.16.0.0/16-24 --preference 10',
    )
    .action(async (site: string, prefix: string, options: SetOptions) => {
      const { preference } = options;
      if (options.prefix === undefined && preference === undefined) {
        throw new CliError('nothing is to be changed; `--help` shows what can be', 1, 'USAGE');
      }
      const { id, text } = await allowanceOf(site, prefix);
      const input = {
        ...{ id, ...range(options.prefix ?? text) },
        ...(preference !== undefined && { preference: preference === 'none' ? null : Number(preference) }),
      };
      const { bgpAllowance } = (await query(setDocument, { input }, setSchema)).updateBgpAllowance;
      if (options.json === true) printJson(bgpAllowance);
      else printLine(`${site} may bring ${bgpAllowance.text} into the fabric now.`);
    });
}

async function allowanceOf(site: string, prefix: string) {
  const found = (await allowancesOf(site)).find(({ id, text }) => id === prefix || text === prefix);
  if (found !== undefined) return found;
  const advice = `\`patronus bgp allow list --site ${site}\` shows what is`;
  throw new CliError(`${site} is not allowed ${prefix}; ${advice}`, 1, 'NOT_FOUND');
}

function remove(): Command {
  return new Command('remove')
    .argument('<site>')
    .argument('<prefix>', 'as `patronus bgp allow list` shows it')
    .description('let it no longer; other gateways let its routes go')
    .option('--json', 'one JSON object for programs')
    .action(async (site: string, prefix: string, options: { json?: boolean }) => {
      const found = await allowanceOf(site, prefix);
      const { removeBgpAllowance } = await query(removeDocument, { input: { id: found.id } }, removeSchema);
      if (options.json === true) printJson(removeBgpAllowance);
      else printLine(`${site} may bring ${found.text} no longer.`);
    });
}
