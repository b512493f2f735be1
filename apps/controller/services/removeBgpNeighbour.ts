import type { z } from 'zod';
import { byIdSchema } from './bgp.ts';
import { ServiceError } from './error.ts';
import type { Verb } from './verb.ts';

/** Ends BGP with a router; it is told that it was removed (RFC 4486 §4). */
export const removeBgpNeighbour: Verb<z.infer<typeof byIdSchema>, { removedId: string }> = {
  action: 'bgp.neighbour.remove',
  input: byIdSchema,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const row = await work.trx
      .selectFrom('bgp_neighbour')
      .select(['name', 'address'])
      .where('organisation', '=', work.organisation)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no BGP neighbour ${id}`);
    work.about(`${row.name} (${row.address})`);
    await work.trx.deleteFrom('bgp_neighbour').where('id', '=', id).execute();
    return { removedId: id };
  },
};
