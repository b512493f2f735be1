/** `patronus site list`: every site with its state; pages are fetched until all are there. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { bitrate, printJson, printTable, state } from '../output.ts';

const document = `query SiteList($after: String) {
  sites(first: 100, after: $after, sort: { field: NAME }) {
    edges { node {
      id name location state prefixes { prefix } tunnelCounts { up total } receivedBitsPerSecond sentBitsPerSecond
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const siteSchema = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  state: z.string(),
  prefixes: z.array(z.object({ prefix: z.string() })),
  tunnelCounts: z.object({ up: z.number(), total: z.number() }),
  receivedBitsPerSecond: z.number(),
  sentBitsPerSecond: z.number(),
});
type Site = z.infer<typeof siteSchema>;
const schema = z.object({
  sites: z.object({
    edges: z.array(z.object({ node: siteSchema })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

export function siteList(): Command {
  return new Command('list')
    .description('list every site with its state')
    .option('--json', 'one JSON array for programs')
    .addHelpText('after', "\nExamples:\n  $ patronus site list\n  $ patronus site list --json | jq '.[].name'")
    .action(async (options: { json?: boolean }) => {
      const sites = await allSites();
      if (options.json === true) return printJson(sites);
      printTable(
        sites,
        [
          { header: 'Site', cell: (site) => site.name },
          { header: 'Location', cell: (site) => site.location },
          { header: 'State', cell: (site) => state(site.state) },
          { header: 'Tunnels', cell: (site) => `${site.tunnelCounts.up}/${site.tunnelCounts.total}`, align: 'right' },
          { header: 'In', cell: (site) => bitrate(site.receivedBitsPerSecond), align: 'right' },
          { header: 'Out', cell: (site) => bitrate(site.sentBitsPerSecond), align: 'right' },
          { header: 'LANs', cell: (site) => site.prefixes.map((one) => one.prefix).join(' ') },
        ],
        'No sites yet. Add one with `patronus site add NAME --prefix 10.1.0.0/24 --uplink internet:eth0`.',
      );
    });
}

async function allSites(): Promise<Site[]> {
  const sites: Site[] = [];
  let after: string | null = null;
  do {
    const page: z.infer<typeof schema> = await query(document, { after }, schema);
    sites.push(...page.sites.edges.map((edge) => edge.node));
    after = page.sites.pageInfo.hasNextPage ? page.sites.pageInfo.endCursor : null;
  } while (after !== null);
  return sites;
}
