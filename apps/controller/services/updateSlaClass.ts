import { z } from 'zod';
import { refuseStale } from './error.ts';
import { idSchema } from './input.ts';
import { type Bounds, refuseBoundless, refuseTakenSlaName, requireSlaClass, slaClassFields } from './slaClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  ...slaClassFields,
  id: idSchema,
  revision: z.int().nullish(),
  name: slaClassFields.name.nullish(),
});

/** Changes what is given of an SLA class; a bound that is null is not asked for any more. */
export const updateSlaClass: Verb<z.infer<typeof input>, { slaClassId: string }> = {
  action: 'sla.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id, revision, roundTripMs, jitterMs, lossPercent, mos, ...change }) {
    const row = await requireSlaClass(work, id);
    work.about(row.name);
    refuseStale(row, revision);
    const name = change.name ?? row.name;
    const bounds: Bounds = {
      round_trip_ms: roundTripMs === undefined ? row.round_trip_ms : roundTripMs,
      jitter_ms: jitterMs === undefined ? row.jitter_ms : jitterMs,
      loss: lossPercent === undefined ? row.loss : lossPercent === null ? null : lossPercent / 100,
      mos: mos === undefined ? row.mos : mos,
    };
    refuseBoundless(name, bounds);
    await refuseTakenSlaName(work, name, id);
    await work.trx
      .updateTable('sla_class')
      .set({ name, ...bounds, revision: row.revision + 1 })
      .where('id', '=', id)
      .execute();
    return { slaClassId: id };
  },
};
