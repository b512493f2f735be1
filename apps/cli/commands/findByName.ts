/** What a person names, and the API knows by an id: SLA classes, applications, sites, uplinks. */
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { everyPage } from './everyPage.ts';

const kinds = {
  site: { field: 'sites', what: 'site', list: 'patronus site list' },
  sla: { field: 'slaClasses', what: 'SLA class', list: 'patronus sla list' },
  application: { field: 'applications', what: 'application', list: 'patronus application list' },
} as const;

const nodeSchema = z.object({ id: z.string(), name: z.string() });
export type Named = z.infer<typeof nodeSchema>;

/** The ids behind names (or ids), in their order; fails with a sentence that says how to see those that there are. */
export async function idsOf(kind: keyof typeof kinds, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const { field, what, list } = kinds[kind];
  const document = `query Names($after: String) {
    ${field}(first: 500, after: $after) { edges { node { id name } } pageInfo { hasNextPage endCursor } }
  }`;
  const known = await everyPage(document, field, nodeSchema);
  return names.map((name) => {
    const found = known.find((one) => one.id === name || one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found.id;
    throw new CliError(`there is no ${what} "${name}"; \`${list}\` shows them`, 1, 'NOT_FOUND');
  });
}

export async function idOf(kind: keyof typeof kinds, name: string): Promise<string> {
  return (await idsOf(kind, [name]))[0]!;
}

const edgesDocument = 'query SiteEdges($name: String!) { siteByName(name: $name) { edges { id name } } }';

/** The id of a site's gateway. */
export async function gatewayOf(siteName: string): Promise<string> {
  const schema = z.object({
    siteByName: z.object({ edges: z.array(z.object({ id: z.string(), name: z.string() })) }).nullable(),
  });
  const { siteByName } = await query(edgesDocument, { name: siteName }, schema);
  if (siteByName === null)
    throw new CliError(`there is no site "${siteName}"; \`patronus site list\` shows them`, 1, 'NOT_FOUND');
  const [gateway] = siteByName.edges;
  if (gateway === undefined) throw new CliError(`${siteName} has no gateway yet`, 1, 'NOT_FOUND');
  return gateway.id;
}
