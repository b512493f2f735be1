import { z } from 'zod';
import { applicationFields, refuseTakenApplicationName, refuseUnknowable, requireApplication } from './applications.ts';
import { refuseStale } from './error.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.object({
  ...applicationFields,
  id: idSchema,
  revision: z.int().nullish(),
  name: applicationFields.name.nullish(),
});

/** Changes what is given of an application of the organisation's own. */
export const updateApplication: Verb<z.infer<typeof input>, { applicationId: string }> = {
  action: 'application.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id, revision, ports, prefixes, names, ...change }) {
    const row = await requireApplication(work, id);
    work.about(row.name);
    refuseStale(row, revision);
    const name = change.name ?? row.name;
    const known = {
      ports: ports ?? JSON.parse(row.ports),
      prefixes: prefixes ?? JSON.parse(row.prefixes),
      names: names ?? JSON.parse(row.names),
    };
    refuseUnknowable(name, known);
    await refuseTakenApplicationName(work, name, id);
    await work.trx
      .updateTable('application')
      .set({
        ...{ name, revision: row.revision + 1 },
        ports: JSON.stringify(known.ports),
        prefixes: JSON.stringify(known.prefixes),
        names: JSON.stringify(known.names),
      })
      .where('id', '=', id)
      .execute();
    return { applicationId: id };
  },
};
