import { MAX_CLASSES } from '@patronus/fabric';
import { z } from 'zod';
import type { TrafficClassRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { nameSchema } from './input.ts';
import {
  acknowledged,
  compressionSchema,
  listClasses,
  matchSchema,
  placed,
  positionSchema,
  refuseTakenClassName,
  uncompressed,
  writeOrder,
} from './trafficClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  name: nameSchema,
  position: positionSchema.nullish(),
  match: matchSchema,
  compression: compressionSchema.nullish(),
});

/** Adds a traffic class behind the others, or in front of the one that now has `position`. */
export const addTrafficClass: Verb<z.infer<typeof input>, { classId: string }> = {
  action: 'class.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, { name, position, match, compression }) {
    const others = await listClasses(work);
    if (others.length >= MAX_CLASSES) {
      const message = `there are ${MAX_CLASSES} traffic classes, the most there can be; remove one, or widen another's match`;
      throw new ServiceError('TOO_MANY_CLASSES', message);
    }
    refuseTakenClassName(others, name);
    const row: TrafficClassRow = {
      id: newId('class'),
      organisation: work.organisation,
      position: others.length + 1,
      name,
      match: JSON.stringify(match),
      ...(compression == null ? uncompressed : acknowledged(work, name, compression)),
      revision: 1,
      created_at: work.now,
    };
    await work.trx.insertInto('traffic_class').values(row).execute();
    await writeOrder(work, placed(others, row, position));
    return { classId: row.id };
  },
};
