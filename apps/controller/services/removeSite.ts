import { z } from 'zod';
import { idSchema } from './input.ts';
import { matchOfRow, refuseWhileNamed } from './policies.ts';
import { requireSite } from './sites.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Takes a site out, with its gateways, peers and unused tokens; its certificates are refused from now on. */
export const removeSite: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'site.remove',
  input,
  changes: ['network', 'alarms'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { trx, now } = work;
    const site = await requireSite(work, id);
    work.about(site.name);
    await refuseWhileNamed(work, `the site ${site.name}`, (policy) => {
      const { sourceSites = [], destinationSites = [] } = matchOfRow(policy);
      return sourceSites.includes(id) || destinationSites.includes(id);
    });
    const edges = await trx.selectFrom('edge').select('id').where('site_id', '=', id).execute();
    await trx.deleteFrom('peer').where('site_id', '=', id).execute();
    for (const edge of edges) await trx.deleteFrom('configuration_version').where('edge_id', '=', edge.id).execute();
    await trx
      .updateTable('alarm')
      .set({ cleared_at: now })
      .where('site_id', '=', id)
      .where('cleared_at', 'is', null)
      .execute();
    await trx.deleteFrom('site').where('id', '=', id).execute();
    return { removedId: id };
  },
};
