import { z } from 'zod';
import { requireApplication } from './applications.ts';
import { idSchema } from './input.ts';
import { matchOfRow, refuseWhileNamed } from './policies.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Takes an application of the organisation's own out that no policy names. */
export const removeApplication: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'application.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { name } = await requireApplication(work, id);
    work.about(name);
    const isNaming = (row: Parameters<typeof matchOfRow>[0]) => matchOfRow(row).applications?.includes(id) === true;
    await refuseWhileNamed(work, `the application ${name}`, isNaming);
    await work.trx.deleteFrom('application').where('id', '=', id).execute();
    return { removedId: id };
  },
};
