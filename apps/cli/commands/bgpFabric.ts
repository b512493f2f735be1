/** `patronus bgp fabric …`: the fabric's own AS number, and sites that reflect. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { idsOf } from './findByName.ts';

const fields = 'as reflectors { id name }';
const bgpSchema = z.object({ as: z.number(), reflectors: z.array(z.object({ id: z.string(), name: z.string() })) });
const showDocument = `query BgpFabric { bgp { ${fields} } }`;
const setDocument = `mutation BgpFabricSet($input: UpdateBgpInput!) { updateBgp(input: $input) { bgp { ${fields} } } }`;

export function bgpFabric(): Command {
  return new Command('fabric')
    .description("the fabric's AS number, and which sites pass routes on to all others")
    .addCommand(show())
    .addCommand(set());
}

function show(): Command {
  return new Command('show')
    .description('show both')
    .option('--json', 'one JSON object for programs')
    .action(async ({ json }: { json?: boolean }) => {
      const { bgp } = await query(showDocument, {}, z.object({ bgp: bgpSchema }));
      if (json === true) return printJson(bgp);
      printWords(bgp);
    });
}

function set(): Command {
  return new Command('set')
    .description('change one or both; sessions that this concerns begin anew')
    .option('--as <number>')
    .option('--reflectors <sites>', 'sites whose gateways reflect (RFC 4456), such as berlin,london; none: a full mesh')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExample:\n  $ patronus bgp fabric set --reflectors berlin,london')
    .action(async ({ as, reflectors, json }: { as?: string; reflectors?: string; json?: boolean }) => {
      if (as === undefined && reflectors === undefined) {
        throw new CliError('nothing is to be changed; say --as or --reflectors', 1, 'USAGE');
      }
      const names = reflectors === undefined || reflectors === 'none' ? [] : reflectors.split(',');
      const input = {
        ...(as === undefined ? {} : { as: Number(as) }),
        ...(reflectors === undefined ? {} : { reflectorSiteIds: await idsOf('site', names) }),
      };
      const schema = z.object({ updateBgp: z.object({ bgp: bgpSchema }) });
      const { bgp } = (await query(setDocument, { input }, schema)).updateBgp;
      if (json === true) printJson(bgp);
      else printWords(bgp);
    });
}

function printWords({ as, reflectors }: z.infer<typeof bgpSchema>): void {
  const who = reflectors.map(({ name }) => name).join(', ');
  printLine(`The fabric is AS ${as}; ${who === '' ? 'every gateway speaks with every other' : `${who} reflect`}.`);
}
