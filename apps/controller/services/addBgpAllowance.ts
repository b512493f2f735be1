import { compact } from '@patronus/fabric';
import { z } from 'zod';
import { rangeInputSchema } from './bgp.ts';
import { newId } from './identifiers.ts';
import { idSchema } from './input.ts';
import { requireSite } from './sites.ts';
import type { Verb } from './verb.ts';

const input = z.intersection(
  z.object({ siteId: idSchema, preference: z.int('a whole number').min(0).max(65_535).nullish() }),
  rangeInputSchema,
);

/** Lets the routers of a site bring a prefix, and what lies inside of it, into the fabric. */
export const addBgpAllowance: Verb<z.infer<typeof input>, { allowanceId: string }> = {
  action: 'bgp.allowance.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: compact,
  async run(work, { siteId, prefix, longest, preference }) {
    const site = await requireSite(work, siteId);
    work.about(`${compact({ prefix, longest })} from ${site.name}`);
    const { trx, organisation, now } = work;
    const id = newId('allowance');
    const row = {
      id,
      organisation,
      site_id: site.id,
      prefix,
      longest,
      preference: preference ?? null,
      created_at: now,
    };
    await trx.insertInto('bgp_allowance').values(row).execute();
    return { allowanceId: id };
  },
};
