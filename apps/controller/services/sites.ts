import type { SiteRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import type { Work } from './verb.ts';

/** The site, or a 404 that does not tell other organisations' sites from none. */
export async function requireSite({ trx, organisation }: Work<unknown>, id: string): Promise<SiteRow> {
  const site = await trx
    .selectFrom('site')
    .selectAll()
    .where('organisation', '=', organisation)
    .where('id', '=', id)
    .executeTakeFirst();
  if (site === undefined) throw new ServiceError('NOT_FOUND', `there is no site ${id}`);
  return site;
}

/** The site's gateway that is not revoked; a revoked one when there is no other. */
export async function gatewayOf({ trx }: Work<unknown>, siteId: string) {
  const edges = await trx
    .selectFrom('edge')
    .selectAll()
    .where('site_id', '=', siteId)
    .orderBy('enrolled_at', 'desc')
    .execute();
  const edge = edges.find((one) => one.state !== 'revoked') ?? edges[0];
  if (edge === undefined) throw new Error(`site ${siteId} has no edge`);
  return edge;
}
