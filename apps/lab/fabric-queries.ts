/** What the lab asks of the controller and tells it: sites, enrolment tokens, tunnels. */
import { z } from 'zod';
import type { ControllerClient } from './controller-client.ts';
import type { SiteLayout } from './layout.ts';

const siteSchema = z.object({
  id: z.string(),
  name: z.string(),
  uplinks: z.array(z.object({ label: z.string(), interface: z.string() })),
  edges: z.array(z.object({ id: z.string(), state: z.string() })),
});
export type FabricSite = z.infer<typeof siteSchema>;

const siteFields = 'id name uplinks { label interface } edges { id state }';

/** The controller knows no slower lines; 0 is a line that nobody shapes. */
const LEAST_RATE_MBIT = 0.064;

/** The site of that name; added, with the lab's uplinks and LANs, if the controller does not know it yet. */
export async function ensureSite(client: ControllerClient, site: SiteLayout): Promise<FabricSite> {
  const { siteByName } = await client.request(
    `query LabSite($name: String!) { siteByName(name: $name) { ${siteFields} } }`,
    { name: site.name },
    z.object({ siteByName: siteSchema.nullable() }),
  );
  if (siteByName !== null) return siteByName;
  const { addSite } = await client.request(
    `mutation LabAddSite($input: AddSiteInput!) { addSite(input: $input) { site { ${siteFields} } } }`,
    {
      input: {
        name: site.name,
        description: 'A site of the lab',
        location: site.location,
        prefixes: [site.lan, site.lan6],
        uplinks: site.uplinks.map(({ label, domain, interface: name, cost, impairment: { rateMbit } }) => ({
          label,
          domain,
          interface: name,
          cost,
          // A line that the topology shapes is told as such: its edge cuts bursts to what it carries.
          ...(rateMbit < LEAST_RATE_MBIT ? {} : { bitsPerSecond: Math.round(rateMbit * 1e6) }),
        })),
      },
    },
    z.object({ addSite: z.object({ site: siteSchema }) }),
  );
  return addSite.site;
}

/** A one-time token for the site's gateway. */
export async function enrolmentToken(client: ControllerClient, siteId: string): Promise<string> {
  const { createEnrolmentToken } = await client.request(
    'mutation LabToken($input: CreateEnrolmentTokenInput!) { createEnrolmentToken(input: $input) { token } }',
    { input: { siteId } },
    z.object({ createEnrolmentToken: z.object({ token: z.string() }) }),
  );
  return createEnrolmentToken.token;
}

export async function revokeEdge(client: ControllerClient, edgeId: string): Promise<void> {
  const document = 'mutation LabRevoke($input: RevokeEdgeInput!) { revokeEdge(input: $input) { edge { id } } }';
  await client.request(document, { input: { edgeId } }, z.unknown());
}

const endSchema = z.object({
  site: z.object({ name: z.string() }),
  uplink: z.object({ label: z.string() }),
  /** Whether this end sends through it now. */
  active: z.boolean(),
});
const tunnelSchema = z.object({
  id: z.string(),
  state: z.string(),
  roundTripMs: z.number().nullable(),
  a: endSchema,
  b: endSchema,
});
export type FabricTunnel = z.infer<typeof tunnelSchema>;

const pageSchema = z.object({
  tunnels: z.object({
    edges: z.array(z.object({ node: tunnelSchema })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

/** All tunnels between sites of the lab, page by page. */
export async function labTunnels(client: ControllerClient, sites: readonly SiteLayout[]): Promise<FabricTunnel[]> {
  const names = new Set(sites.map((site) => site.name));
  const found: FabricTunnel[] = [];
  for (let after: string | null = null; ; ) {
    const page: z.infer<typeof pageSchema> = await client.request(
      `query LabTunnels($after: String) {
        tunnels(first: 100, after: $after) {
          edges { node { id state roundTripMs a { ...End } b { ...End } } }
          pageInfo { hasNextPage endCursor }
        }
      }
      fragment End on TunnelEnd { active site { name } uplink { label } }`,
      { after },
      pageSchema,
    );
    found.push(...page.tunnels.edges.map((edge) => edge.node));
    if (!page.tunnels.pageInfo.hasNextPage) break;
    after = page.tunnels.pageInfo.endCursor;
  }
  return found.filter((tunnel) => names.has(tunnel.a.site.name) && names.has(tunnel.b.site.name));
}

/** How many there ought to be: a pair of uplinks of different sites and one domain is a tunnel. */
export function expectedTunnels(sites: readonly SiteLayout[]): number {
  const uplinks = sites.flatMap((site) => site.uplinks);
  return uplinks.reduce(
    (sum, a, i) => sum + uplinks.slice(i + 1).filter((b) => a.site !== b.site && a.domain === b.domain).length,
    0,
  );
}
