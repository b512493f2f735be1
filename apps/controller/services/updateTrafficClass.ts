import { z } from 'zod';
import { ServiceError } from './error.ts';
import { idSchema, nameSchema } from './input.ts';
import {
  acknowledged,
  compressionSchema,
  listClasses,
  matchSchema,
  placed,
  positionSchema,
  refuseTakenClassName,
  requireClass,
  uncompressed,
  writeOrder,
} from './trafficClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  id: idSchema,
  revision: z.int().nullish(),
  name: nameSchema.nullish(),
  position: positionSchema.nullish(),
  match: matchSchema.nullish(),
  compression: compressionSchema.nullish(),
});

/** Changes what is given of a traffic class; `compression: null` switches compression off, left out leaves it. */
export const updateTrafficClass: Verb<z.infer<typeof input>, { classId: string }> = {
  action: 'class.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, change) {
    const classes = await listClasses(work);
    const row = requireClass(classes, change.id);
    work.about(row.name);
    if (change.revision != null && change.revision !== row.revision) {
      throw new ServiceError(
        'STALE_REVISION',
        `${row.name} was changed by someone else meanwhile; look at it again, then repeat your change`,
      );
    }
    const name = change.name ?? row.name;
    refuseTakenClassName(classes, name, row.id);
    await work.trx
      .updateTable('traffic_class')
      .set({
        name,
        match: change.match == null ? row.match : JSON.stringify(change.match),
        ...(change.compression == null ? {} : acknowledged(work, name, change.compression)),
        ...(change.compression === null ? uncompressed : {}),
        revision: row.revision + 1,
      })
      .where('id', '=', row.id)
      .execute();
    if (change.position != null) {
      const others = classes.filter((one) => one !== row);
      await writeOrder(work, placed(others, row, change.position));
    }
    return { classId: row.id };
  },
};
