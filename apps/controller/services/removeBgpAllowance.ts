import { compact } from '@patronus/fabric';
import type { z } from 'zod';
import { byIdSchema } from './bgp.ts';
import { ServiceError } from './error.ts';
import type { Verb } from './verb.ts';

/** Every other edge lets the routes go that it allowed. */
export const removeBgpAllowance: Verb<z.infer<typeof byIdSchema>, { removedId: string }> = {
  action: 'bgp.allowance.remove',
  input: byIdSchema,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const row = await work.trx
      .selectFrom('bgp_allowance')
      .select(['prefix', 'longest'])
      .where('organisation', '=', work.organisation)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no allowance ${id}`);
    work.about(compact(row));
    await work.trx.deleteFrom('bgp_allowance').where('id', '=', id).execute();
    return { removedId: id };
  },
};
