import { z } from 'zod';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb, Work } from './verb.ts';

const input = z.object({ uplinkId: idSchema });
type Drain = Verb<z.infer<typeof input>, { uplinkId: string }>;

/** Takes an uplink out of service: new paths avoid it, and flows move away without loss. */
export const drainUplink: Drain = {
  action: 'uplink.drain',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ uplinkId }) => uplinkId,
  run: (work, { uplinkId }) => setDrained(work, uplinkId, true),
};

/** Puts an uplink back into service. */
export const undrainUplink: Drain = {
  ...drainUplink,
  action: 'uplink.undrain',
  run: (work, { uplinkId }) => setDrained(work, uplinkId, false),
};

async function setDrained(work: Work<unknown>, id: string, isDrained: boolean): Promise<{ uplinkId: string }> {
  const { trx, organisation } = work;
  const row = await trx
    .selectFrom('uplink')
    .innerJoin('edge', 'edge.id', 'uplink.edge_id')
    .select(['uplink.label', 'edge.name'])
    .where('uplink.organisation', '=', organisation)
    .where('uplink.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no uplink ${id}`);
  work.about(`${row.name}: ${row.label}`);
  await trx
    .updateTable('uplink')
    .set({ is_drained: isDrained ? 1 : 0 })
    .where('id', '=', id)
    .execute();
  return { uplinkId: id };
}
