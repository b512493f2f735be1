/** The routers that gateways speak BGP with, as the controller lists them. */
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { everyPage } from './everyPage.ts';
import { idOf } from './findByName.ts';

const listDocument = `query BgpNeighbours($after: String, $filter: BgpFilter) {
  bgpNeighbours(first: 200, after: $after, filter: $filter) {
    edges { node {
      id name address remoteAs interface hasKey passive bfd edge { id name }
      session { state since received accepted advertised flaps lastError refusal }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const neighbourSchema = z.object({
  ...{ id: z.string(), name: z.string(), address: z.string(), remoteAs: z.number(), interface: z.string().nullable() },
  ...{ hasKey: z.boolean(), passive: z.boolean(), bfd: z.boolean() },
  edge: z.object({ id: z.string(), name: z.string() }),
  session: z
    .object({
      ...{
        state: z.string(),
        since: z.string(),
        received: z.number(),
        accepted: z.number(),
        advertised: z.number(),
        flaps: z.number(),
      },
      ...{ lastError: z.string().nullable(), refusal: z.string().nullable() },
    })
    .nullable(),
});
export type Neighbour = z.infer<typeof neighbourSchema>;

/** Of this site; of all unless one is named. */
export async function neighboursOf(site: string | undefined): Promise<Neighbour[]> {
  const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
  return everyPage(listDocument, 'bgpNeighbours', neighbourSchema, { filter });
}

/** By name, address or id. */
export async function neighbourNamed(site: string, neighbor: string): Promise<Neighbour> {
  const all = await neighboursOf(site);
  const found = all.find(({ id, name, address }) => [id, name, address].includes(neighbor));
  if (found !== undefined) return found;
  const advice = `\`patronus bgp neighbor list --site ${site}\` shows its neighbors`;
  throw new CliError(`${site} has no BGP with ${neighbor}; ${advice}`, 1, 'NOT_FOUND');
}
