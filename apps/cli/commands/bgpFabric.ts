/** `patronus bgp fabric …`: the fabric's own AS number, and sites that reflect. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine, printTable, state } from '../output.ts';
import { duration } from './bgpTimes.ts';
import { everyPage } from './everyPage.ts';
import { idOf, idsOf } from './findByName.ts';

const fields = 'as reflectors { id name }';
const bgpSchema = z.object({ as: z.number(), reflectors: z.array(z.object({ id: z.string(), name: z.string() })) });
const showDocument = `query BgpFabric { bgp { ${fields} } }`;
const sessionsDocument = `query BgpFabricSessions($after: String, $filter: BgpFilter) {
  bgpFabricSessions(first: 200, after: $after, filter: $filter) {
    edges { node {
      edge { id name } remoteEdge { id name }
      session { state since received accepted advertised flaps lastError refusal }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const named = z.object({ id: z.string(), name: z.string() });
const sessionSchema = z.object({
  ...{ edge: named, remoteEdge: named },
  session: z.object({
    ...{ state: z.string(), since: z.string(), received: z.number(), accepted: z.number(), advertised: z.number() },
    ...{ flaps: z.number(), lastError: z.string().nullable(), refusal: z.string().nullable() },
  }),
});
type FabricSession = z.infer<typeof sessionSchema>;
const setDocument = `mutation BgpFabricSet($input: UpdateBgpInput!) { updateBgp(input: $input) { bgp { ${fields} } } }`;

export function bgpFabric(): Command {
  return new Command('fabric')
    .description("the fabric's AS number, which sites pass routes on to all others, and sessions between gateways")
    .addCommand(show())
    .addCommand(sessions())
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

function sessions(): Command {
  return new Command('sessions')
    .description('list the sessions between gateways, as each end has them')
    .option('--site <name>', 'those of the gateways of this site')
    .option('--json', 'one JSON array for programs')
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
      const all = await everyPage(sessionsDocument, 'bgpFabricSessions', sessionSchema, { filter });
      if (json === true) return printJson(all);
      const count = (name: 'accepted' | 'received' | 'advertised' | 'flaps') => (one: FabricSession) =>
        String(one.session[name]);
      printTable(
        all,
        [
          { header: 'Gateway', cell: ({ edge }) => edge.name },
          { header: 'With', cell: ({ remoteEdge }) => remoteEdge.name },
          { header: 'State', cell: ({ session }) => state(session.state) },
          { header: 'For', cell: ({ session }) => duration(Date.now() - Date.parse(session.since)), align: 'right' },
          { header: 'Received', cell: count('received'), align: 'right' },
          { header: 'Accepted', cell: count('accepted'), align: 'right' },
          { header: 'Advertised', cell: count('advertised'), align: 'right' },
          { header: 'Flaps', cell: count('flaps'), align: 'right' },
          { header: 'Last error', cell: ({ session }) => session.refusal ?? session.lastError ?? '' },
        ],
        'No sessions: gateways speak with each other once a site has a neighbor or may bring a prefix.',
      );
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
