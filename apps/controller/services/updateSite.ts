import { z } from 'zod';
import { refuseTakenName, writePrefixes } from './addSite.ts';
import { refuseStale } from './error.ts';
import { addressInputSchema, idSchema, nameSchema, prefixesSchema, textSchema, uplinksSchema } from './input.ts';
import { requireSite } from './sites.ts';
import { writeUplinks } from './uplinks.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  id: idSchema,
  revision: z.int().nullish(),
  name: nameSchema.nullish(),
  description: textSchema.nullish(),
  location: textSchema.nullish(),
  reachProbe: addressInputSchema.nullish(),
  prefixes: prefixesSchema.nullish(),
  uplinks: uplinksSchema.nullish(),
});

/** Changes what is given of a site and leaves the rest. */
export const updateSite: Verb<z.infer<typeof input>, { siteId: string }> = {
  action: 'site.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, change) {
    const site = await requireSite(work, change.id);
    work.about(site.name);
    refuseStale(site, change.revision);
    const name = change.name ?? site.name;
    await refuseTakenName(work, name, site.id);
    await work.trx
      .updateTable('site')
      .set({
        name,
        description: change.description ?? site.description,
        location: change.location ?? site.location,
        reach_probe: change.reachProbe === undefined ? site.reach_probe : change.reachProbe,
        revision: site.revision + 1,
      })
      .where('id', '=', site.id)
      .execute();
    if (change.prefixes) {
      await writePrefixes(work, site.id, change.prefixes);
    }
    const edges = await work.trx
      .selectFrom('edge')
      .select(['id', 'state', 'name'])
      .where('site_id', '=', site.id)
      .execute();
    for (const edge of edges.filter((one) => one.name === site.name)) {
      await work.trx.updateTable('edge').set({ name }).where('id', '=', edge.id).execute();
    }
    if (change.uplinks) {
      const owner = edges.find((edge) => edge.state !== 'revoked') ?? edges[0];
      if (owner !== undefined) await writeUplinks(work, owner.id, change.uplinks);
    }
    return { siteId: site.id };
  },
};
