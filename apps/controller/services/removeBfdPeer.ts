import { z } from 'zod';
import { requireBfdPeer } from './bfdPeers.ts';
import { idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const input = z.object({ id: idSchema });

/** Ends BFD with a router; it is told that the session is switched off, and takes that for no failure (RFC 5882 §3.2). */
export const removeBfdPeer: Verb<z.infer<typeof input>, { removedId: string }> = {
  action: 'bfd.peer.remove',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id }) {
    const { address } = await requireBfdPeer(work, id);
    work.about(address);
    await work.trx.deleteFrom('bfd_peer').where('id', '=', id).execute();
    return { removedId: id };
  },
};
