import { z } from 'zod';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

export const removePeer: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'peer.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { trx, organisation } = work;
    const peer = await trx
      .selectFrom('peer')
      .select('name')
      .where('organisation', '=', organisation)
      .where('id', '=', id)
      .executeTakeFirst();
    if (peer === undefined) throw new ServiceError('NOT_FOUND', `there is no peer ${id}`);
    work.about(peer.name);
    await trx.deleteFrom('peer').where('id', '=', id).execute();
    return { removedId: id };
  },
};
