import { z } from 'zod';
import { applicationFields, refuseTakenApplicationName, refuseUnknowable } from './applications.ts';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import type { Verb } from './verb.ts';

const input = z.object(applicationFields);
/** A configuration carries those that policies name; more than this nobody can keep an eye on. */
const MOST = 256;

/** Adds an application of the organisation's own, for policies to name. */
export const addApplication: Verb<z.infer<typeof input>, { applicationId: string }> = {
  action: 'application.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name }) => name,
  async run(work, { name, ports, prefixes, names }) {
    const { trx, organisation, now } = work;
    const known = { ports: ports ?? [], prefixes: prefixes ?? [], names: names ?? [] };
    refuseUnknowable(name, known);
    await refuseTakenApplicationName(work, name);
    const { count } = await trx
      .selectFrom('application')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('organisation', '=', organisation)
      .executeTakeFirstOrThrow();
    if (Number(count) >= MOST)
      throw new ServiceError('TOO_MANY_APPLICATIONS', `there are ${MOST} applications, the most there can be`);
    const id = newId('application');
    await trx
      .insertInto('application')
      .values({
        ...{ id, organisation, name, revision: 1, created_at: now },
        ports: JSON.stringify(known.ports),
        prefixes: JSON.stringify(known.prefixes),
        names: JSON.stringify(known.names),
      })
      .execute();
    return { applicationId: id };
  },
};
