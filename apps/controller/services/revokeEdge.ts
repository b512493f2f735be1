import { z } from 'zod';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.object({ edgeId: idSchema });

/** Ends trust in an edge: its certificate is refused, its tunnels leave every configuration. */
export const revokeEdge: Verb<z.infer<typeof input>, { edgeId: string }> = {
  action: 'edge.revoke',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ edgeId }) => edgeId,
  async run(work, { edgeId }) {
    const { trx, organisation } = work;
    const edge = await trx
      .selectFrom('edge')
      .selectAll()
      .where('organisation', '=', organisation)
      .where('id', '=', edgeId)
      .executeTakeFirst();
    if (edge === undefined) throw new ServiceError('NOT_FOUND', `there is no edge ${edgeId}`);
    work.about(edge.name);
    await trx.updateTable('edge').set({ state: 'revoked' }).where('id', '=', edgeId).execute();
    await trx.deleteFrom('configuration_version').where('edge_id', '=', edgeId).execute();
    await trx.deleteFrom('enrolment_token').where('site_id', '=', edge.site_id).where('used_at', 'is', null).execute();
    return { edgeId };
  },
};
