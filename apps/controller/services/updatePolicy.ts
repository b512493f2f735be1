import { z } from 'zod';
import { refuseStale } from './error.ts';
import { idSchema, nameSchema } from './input.ts';
import {
  acknowledged,
  compressionSchema,
  listPolicies,
  matchSchema,
  placed,
  positionSchema,
  refuseTakenPolicyName,
  requirePolicy,
  uncompressed,
  writeOrder,
} from './policies.ts';
import type { Verb } from './verb.ts';
import { wishColumns, wishFields } from './wishes.ts';

const input = z.object({
  id: idSchema,
  revision: z.int().nullish(),
  name: nameSchema.nullish(),
  position: positionSchema.nullish(),
  match: matchSchema.nullish(),
  compression: compressionSchema.nullish(),
  ...wishFields,
});

/** Changes what is given of a policy; null takes a wish back (`compression: null` switches it off), left out leaves it. */
export const updatePolicy: Verb<z.infer<typeof input>, { policyId: string }> = {
  action: 'policy.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, change) {
    const policies = await listPolicies(work);
    const row = requirePolicy(policies, change.id);
    work.about(row.name);
    refuseStale(row, change.revision);
    const name = change.name ?? row.name;
    refuseTakenPolicyName(policies, name, row.id);
    await work.trx
      .updateTable('policy')
      .set({
        name,
        match: change.match == null ? row.match : JSON.stringify(change.match),
        ...wishColumns(change),
        ...(change.compression == null ? {} : acknowledged(work, name, change.compression)),
        ...(change.compression === null ? uncompressed : {}),
        revision: row.revision + 1,
      })
      .where('id', '=', row.id)
      .execute();
    if (change.position != null) {
      const others = policies.filter((one) => one !== row);
      await writeOrder(work, placed(others, row, change.position));
    }
    return { policyId: row.id };
  },
};
