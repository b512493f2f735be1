import { bgpNeighbourSchema } from '@patronus/protocol';
import { z } from 'zod';
import { policyInputSchema } from './bgp.ts';
import { ServiceError } from './error.ts';
import { addressInputSchema, idSchema, nameSchema } from './input.ts';
import type { Verb } from './verb.ts';

const { shape } = bgpNeighbourSchema;
const input = z.object({
  id: idSchema,
  name: nameSchema.nullish(),
  address: addressInputSchema.nullish(),
  remoteAs: z.int().min(0).max(0xffff_ffff).nullish(),
  /** null: it is several hops away. */
  interface: shape.interface.optional(),
  /** null: without one. */
  key: z.string().min(1).max(200).nullable().optional(),
  passive: z.boolean().nullish(),
  holdSeconds: shape.holdSeconds.nullish(),
  /** null: a third of the hold time. */
  keepaliveSeconds: shape.keepaliveSeconds.optional(),
  maxPrefixes: shape.maxPrefixes.nullish(),
  restartAfterSeconds: shape.restartAfterSeconds.unwrap().nullish(),
  gtsm: z.boolean().nullish(),
  bfd: z.boolean().nullish(),
  /** null: nothing passes. */
  import: policyInputSchema,
  export: policyInputSchema,
});

/** Changes what is given of a neighbour and leaves the rest. Its session begins anew only where it has to. */
export const updateBgpNeighbour: Verb<z.infer<typeof input>, { bgpNeighbourId: string }> = {
  action: 'bgp.neighbour.update',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ id }) => id,
  async run(work, { id, ...change }) {
    const { trx, organisation } = work;
    const row = await trx
      .selectFrom('bgp_neighbour')
      .selectAll()
      .where('organisation', '=', organisation)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no BGP neighbour ${id}`);
    const flag = (told: boolean | null | undefined, before: number) => (told == null ? before : told ? 1 : 0);
    const policy = (told: object | null | undefined, before: string | null) =>
      told === undefined ? before : told === null ? null : JSON.stringify(told);
    const next = {
      name: change.name ?? row.name,
      address: change.address ?? row.address,
      remote_as: change.remoteAs ?? row.remote_as,
      interface: change.interface === undefined ? row.interface : change.interface,
      key: change.key === undefined ? row.key : change.key,
      is_passive: flag(change.passive, row.is_passive),
      hold_seconds: change.holdSeconds ?? row.hold_seconds,
      keepalive_seconds: change.keepaliveSeconds === undefined ? row.keepalive_seconds : change.keepaliveSeconds,
      max_prefixes: change.maxPrefixes ?? row.max_prefixes,
      restart_after_seconds: change.restartAfterSeconds ?? row.restart_after_seconds,
      has_gtsm: flag(change.gtsm, row.has_gtsm),
      has_bfd: flag(change.bfd, row.has_bfd),
      import_policy: policy(change.import, row.import_policy),
      export_policy: policy(change.export, row.export_policy),
    };
    work.about(`${next.name} (${next.address})`);
    await trx.updateTable('bgp_neighbour').set(next).where('id', '=', id).execute();
    return { bgpNeighbourId: id };
  },
};
