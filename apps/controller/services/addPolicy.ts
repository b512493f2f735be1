import { MAX_POLICIES } from '@patronus/fabric';
import { z } from 'zod';
import type { PolicyRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { nameSchema } from './input.ts';
import {
  acknowledged,
  compressionSchema,
  listPolicies,
  matchSchema,
  placed,
  positionSchema,
  refuseTakenPolicyName,
  uncompressed,
  writeOrder,
} from './policies.ts';
import type { Verb } from './verb.ts';
import { noWishes, wishColumns, wishFields } from './wishes.ts';

const input = z.object({
  name: nameSchema,
  position: positionSchema.nullish(),
  match: matchSchema,
  compression: compressionSchema.nullish(),
  ...wishFields,
});

/** Adds a policy behind the others, or in front of the one that now has `position`. */
export const addPolicy: Verb<z.infer<typeof input>, { policyId: string }> = {
  action: 'policy.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, { name, position, match, compression, ...wishes }) {
    const others = await listPolicies(work);
    if (others.length >= MAX_POLICIES) {
      const message = `there are ${MAX_POLICIES} policies, the most there can be; remove one, or widen another's match`;
      throw new ServiceError('TOO_MANY_POLICIES', message);
    }
    refuseTakenPolicyName(others, name);
    const row: PolicyRow = {
      id: newId('policy'),
      organisation: work.organisation,
      position: others.length + 1,
      name,
      match: JSON.stringify(match),
      ...(compression == null ? uncompressed : acknowledged(work, name, compression)),
      ...noWishes,
      ...wishColumns(wishes),
      revision: 1,
      created_at: work.now,
    };
    await work.trx.insertInto('policy').values(row).execute();
    await writeOrder(work, placed(others, row, position));
    return { policyId: row.id };
  },
};
