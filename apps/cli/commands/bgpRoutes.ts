/** `patronus bgp routes`: what BGP brought to gateways, and from where. */
import { Command } from 'commander';
import { z } from 'zod';
import { printJson, printTable } from '../output.ts';
import { everyPage } from './everyPage.ts';
import { idOf } from './findByName.ts';

const document = `query BgpRoutes($after: String, $filter: BgpFilter) {
  bgpRoutes(first: 200, after: $after, filter: $filter) {
    edges { node {
      prefix nextHop asPath localPreference communities edge { id name } origin { id name } neighbour { id name }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const named = z.object({ id: z.string(), name: z.string() });
const routeSchema = z.object({
  ...{ prefix: z.string(), nextHop: z.string(), asPath: z.string(), localPreference: z.number() },
  ...{ communities: z.array(z.string()), edge: named, origin: named.nullable(), neighbour: named.nullable() },
});

export function bgpRoutes(): Command {
  return new Command('routes')
    .description('best routes that BGP brought to gateways; each tells of its first 256')
    .option('--site <name>', 'those of the gateways of this site')
    .option('--json', 'one JSON array for programs')
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
      const routes = await everyPage(document, 'bgpRoutes', routeSchema, { filter });
      if (json === true) return printJson(routes);
      printTable(
        routes,
        [
          { header: 'Gateway', cell: ({ edge }) => edge.name },
          { header: 'Prefix', cell: ({ prefix }) => prefix },
          {
            header: 'From',
            cell: ({ neighbour, origin }) => neighbour?.name ?? `gateway ${origin?.name ?? 'unknown'}`,
          },
          { header: 'Next hop', cell: ({ nextHop }) => nextHop },
          { header: 'AS path', cell: ({ asPath }) => asPath },
          { header: 'Communities', cell: ({ communities }) => communities.join(' ') },
        ],
        'No routes: `patronus bgp neighbor list` shows who brings what, and why not.',
      );
    });
}
