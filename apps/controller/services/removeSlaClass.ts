import { z } from 'zod';
import { idSchema } from './input.ts';
import { refuseWhileNamed } from './policies.ts';
import { requireSlaClass } from './slaClasses.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Takes an SLA class out that no policy asks for. */
export const removeSlaClass: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'sla.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { name } = await requireSlaClass(work, id);
    work.about(name);
    await refuseWhileNamed(work, `the SLA class ${name}`, (policy) => policy.sla_class_id === id);
    await work.trx.deleteFrom('sla_class').where('id', '=', id).execute();
    return { removedId: id };
  },
};
