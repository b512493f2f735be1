import { z } from 'zod';
import type { Verb } from './verb.ts';

const input = z.object({});

export const signOut: Verb<z.infer<typeof input>, true> = {
  action: 'session.end',
  input,
  changes: ['sessions'],
  subject: () => '',
  async run(work) {
    work.about(work.actor.name);
    const { sessionHash } = work.actor;
    if (sessionHash !== undefined)
      await work.trx.deleteFrom('session').where('secret_hash', '=', sessionHash).execute();
    return true;
  },
};
