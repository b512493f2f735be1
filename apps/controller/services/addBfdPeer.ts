import { bfdAuthenticationSchema, bfdPeerSchema } from '@patronus/protocol';
import { z } from 'zod';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { addressInputSchema, idSchema } from './input.ts';
import type { Verb } from './verb.ts';

const { shape } = bfdPeerSchema;
const input = z.object({
  edgeId: idSchema,
  address: addressInputSchema,
  /** Left out: it is several hops away. */
  interface: shape.interface.nullish(),
  intervalMs: shape.intervalMs.nullish(),
  multiplier: shape.multiplier.nullish(),
  passive: z.boolean().nullish(),
  authentication: bfdAuthenticationSchema.nullish(),
});

const DEFAULT_INTERVAL_MS = 300;
const DEFAULT_MULTIPLIER = 3;

/** Lets an edge run BFD with a router on its LAN or beyond an uplink (RFC 5881, 5883). The key is told to nobody else. */
export const addBfdPeer: Verb<z.infer<typeof input>, { bfdPeerId: string }> = {
  action: 'bfd.peer.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ address }) => address,
  async run(work, peer) {
    const { trx, organisation, now } = work;
    const edge = await trx
      .selectFrom('edge')
      .select(['id', 'name'])
      .where('organisation', '=', organisation)
      .where('id', '=', peer.edgeId)
      .executeTakeFirst();
    if (edge === undefined) throw new ServiceError('NOT_FOUND', `there is no gateway ${peer.edgeId}`);
    work.about(`${peer.address} at ${edge.name}`);
    const id = newId('bfd');
    await trx
      .insertInto('bfd_peer')
      .values({
        ...{ id, organisation, edge_id: edge.id, address: peer.address, interface: peer.interface ?? null },
        interval_ms: peer.intervalMs ?? DEFAULT_INTERVAL_MS,
        multiplier: peer.multiplier ?? DEFAULT_MULTIPLIER,
        is_passive: peer.passive === true ? 1 : 0,
        authentication_type: peer.authentication?.type ?? null,
        authentication_key_id: peer.authentication?.keyId ?? null,
        authentication_key: peer.authentication?.key ?? null,
        created_at: now,
      })
      .execute();
    return { bfdPeerId: id };
  },
};
