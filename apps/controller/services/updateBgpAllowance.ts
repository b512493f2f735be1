import { compact } from '@patronus/fabric';
import { z } from 'zod';
import { rangeInputSchema } from './bgp.ts';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.intersection(
  z.object({
    id: idSchema,
    /** null: this site alone. */
    preference: z.int('a whole number').min(0).max(65_535).nullable().optional(),
  }),
  rangeInputSchema,
);

/** Widens or narrows what a site may bring, or prefers another site: routes that stay allowed are withdrawn nowhere. */
export const updateBgpAllowance: Verb<z.infer<typeof input>, { allowanceId: string }> = {
  action: 'bgp.allowance.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: compact,
  async run(work, { id, prefix, longest, preference }) {
    const { trx, organisation } = work;
    const row = await trx
      .selectFrom('bgp_allowance')
      .innerJoin('site', 'site.id', 'bgp_allowance.site_id')
      .select(['bgp_allowance.prefix', 'bgp_allowance.longest', 'bgp_allowance.preference', 'site.name'])
      .where('bgp_allowance.organisation', '=', organisation)
      .where('bgp_allowance.id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no allowance ${id}`);
    work.about(`${compact(row)} from ${row.name}, now ${compact({ prefix, longest })}`);
    const next = { prefix, longest, preference: preference === undefined ? row.preference : preference };
    await trx.updateTable('bgp_allowance').set(next).where('id', '=', id).execute();
    return { allowanceId: id };
  },
};
