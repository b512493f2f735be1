import { z } from 'zod';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { addressInputSchema, nameSchema, prefixesSchema, textSchema, uplinksSchema } from './input.ts';
import { freeOverlayAddress } from './overlay.ts';
import { writeUplinks } from './uplinks.ts';
import type { Verb, Work } from './verb.ts';

const input = z.object({
  name: nameSchema,
  description: textSchema.nullish(),
  location: textSchema.nullish(),
  reachProbe: addressInputSchema.nullish(),
  prefixes: prefixesSchema,
  uplinks: uplinksSchema,
});

/** Adds a site with its LANs and one gateway, still to be enrolled. */
export const addSite: Verb<z.infer<typeof input>, { siteId: string }> = {
  action: 'site.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, site) {
    const { trx, organisation, now } = work;
    await refuseTakenName(work, site.name);
    const siteId = newId('site');
    const { name, description, location } = site;
    await trx
      .insertInto('site')
      .values({
        id: siteId,
        organisation,
        name,
        description: description ?? '',
        location: location ?? '',
        created_at: now,
        revision: 1,
        reach_probe: site.reachProbe ?? null,
        is_reflector: 0,
      })
      .execute();
    await writePrefixes(work, siteId, site.prefixes);
    const edgeId = newId('edge');
    await insertEdge(work, { id: edgeId, siteId, name });
    await writeUplinks(work, edgeId, site.uplinks);
    return { siteId };
  },
};

export async function refuseTakenName(
  { trx, organisation }: Work<unknown>,
  name: string,
  except?: string,
): Promise<void> {
  const sites = await trx.selectFrom('site').select(['id', 'name']).where('organisation', '=', organisation).execute();
  const other = sites.find((site) => site.id !== except && site.name.toLowerCase() === name.toLowerCase());
  if (other === undefined) return;
  throw new ServiceError(
    'CONFLICT',
    `${name}: there is already a site called ${other.name}; give this one another name`,
    {
      fields: { name: `taken by ${other.name}` },
    },
  );
}

export async function writePrefixes(
  { trx, organisation }: Work<unknown>,
  siteId: string,
  prefixes: readonly string[],
): Promise<void> {
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
  if (twice !== undefined)
    throw new ServiceError('INVALID_INPUT', `${twice} is listed twice`, {
      fields: { prefixes: `${twice} is listed twice` },
    });
  await trx.deleteFrom('site_prefix').where('site_id', '=', siteId).execute();
  for (const [position, prefix] of prefixes.entries()) {
    await trx
      .insertInto('site_prefix')
      .values({ organisation, site_id: siteId, segment: 0, prefix, position })
      .execute();
  }
}

export async function insertEdge(
  work: Work<unknown>,
  edge: { id: string; siteId: string; name: string },
): Promise<void> {
  const { trx, organisation } = work;
  await trx
    .insertInto('edge')
    .values({
      id: edge.id,
      organisation,
      site_id: edge.siteId,
      name: edge.name,
      overlay_address: await freeOverlayAddress(trx, organisation),
      state: 'pending',
      certificate_serial: null,
      certificate_expires_at: null,
      software_version: null,
      last_seen_at: null,
      continuation_accepted: null,
      continuation_offered: null,
      confirmed_version: null,
      returned_version: null,
      returned_at: null,
      configuration_error: null,
      enrolled_at: null,
    })
    .execute();
}
