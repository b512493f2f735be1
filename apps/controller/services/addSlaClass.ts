import { z } from 'zod';
import { newId } from './identifiers.ts';
import { refuseBoundless, refuseTakenSlaName, slaClassFields } from './slaClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object(slaClassFields);

/** Adds an SLA class, for policies to ask for. */
export const addSlaClass: Verb<z.infer<typeof input>, { slaClassId: string }> = {
  action: 'sla.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, { name, roundTripMs, jitterMs, lossPercent, mos }) {
    const bounds = {
      round_trip_ms: roundTripMs ?? null,
      jitter_ms: jitterMs ?? null,
      loss: lossPercent == null ? null : lossPercent / 100,
      mos: mos ?? null,
    };
    refuseBoundless(name, bounds);
    await refuseTakenSlaName(work, name);
    const id = newId('sla');
    const { organisation, now } = work;
    await work.trx
      .insertInto('sla_class')
      .values({ id, organisation, name, ...bounds, revision: 1, created_at: now })
      .execute();
    return { slaClassId: id };
  },
};
