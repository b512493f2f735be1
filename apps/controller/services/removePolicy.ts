import { z } from 'zod';
import { idSchema } from './input.ts';
import { listPolicies, requirePolicy, writeOrder } from './policies.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Takes a policy out; those behind it move up, and its flows go to the first of them that matches. */
export const removePolicy: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'policy.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const policies = await listPolicies(work);
    const row = requirePolicy(policies, id);
    work.about(row.name);
    await work.trx.deleteFrom('policy').where('id', '=', id).execute();
    await writeOrder(
      work,
      policies.filter((one) => one !== row),
    );
    return { removedId: id };
  },
};
