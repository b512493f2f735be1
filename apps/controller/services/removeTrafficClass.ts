import { z } from 'zod';
import { idSchema } from './input.ts';
import { listClasses, requireClass, writeOrder } from './trafficClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Takes a traffic class out; those behind it move up, and its flows go to the first of them that matches. */
export const removeTrafficClass: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'class.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const classes = await listClasses(work);
    const row = requireClass(classes, id);
    work.about(row.name);
    await work.trx.deleteFrom('traffic_class').where('id', '=', id).execute();
    await writeOrder(
      work,
      classes.filter((one) => one !== row),
    );
    return { removedId: id };
  },
};
