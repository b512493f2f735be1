import { DEFAULT_HOLD_SECONDS, DEFAULT_MAX_PREFIXES, DEFAULT_RESTART_AFTER_SECONDS } from '@patronus/fabric';
import { bgpNeighbourSchema } from '@patronus/protocol';
import { z } from 'zod';
import { policyInputSchema, requireEdge } from './bgp.ts';
import { newId } from './identifiers.ts';
import { addressInputSchema, idSchema, nameSchema } from './input.ts';
import type { Verb } from './verb.ts';

const { shape } = bgpNeighbourSchema;
const input = z.object({
  edgeId: idSchema,
  name: nameSchema,
  address: addressInputSchema,
  /** Whether somebody can have it, the check says, with the reason. */
  remoteAs: z.int().min(0).max(0xffff_ffff),
  /** Left out: it is several hops away. */
  interface: shape.interface.nullish(),
  key: z.string().min(1).max(200).nullish(),
  passive: z.boolean().nullish(),
  holdSeconds: shape.holdSeconds.nullish(),
  keepaliveSeconds: shape.keepaliveSeconds.nullish(),
  maxPrefixes: shape.maxPrefixes.nullish(),
  restartAfterSeconds: shape.restartAfterSeconds.unwrap().nullish(),
  gtsm: z.boolean().nullish(),
  bfd: z.boolean().nullish(),
  import: policyInputSchema,
  export: policyInputSchema,
});

/** Lets an edge speak BGP with a router. The key is told to nobody else. */
export const addBgpNeighbour: Verb<z.infer<typeof input>, { bgpNeighbourId: string }> = {
  action: 'bgp.neighbour.add',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: ({ name, address }) => `${name} (${address})`,
  async run(work, neighbour) {
    const { trx, organisation, now } = work;
    const edge = await requireEdge(work, neighbour.edgeId);
    const { name, address, remoteAs, passive, gtsm, bfd } = neighbour;
    work.about(`${name} (${address}) at ${edge.name}`);
    const id = newId('bgp');
    await trx
      .insertInto('bgp_neighbour')
      .values({
        ...{ id, organisation, edge_id: edge.id, name, address, remote_as: remoteAs },
        ...{ interface: neighbour.interface ?? null, key: neighbour.key ?? null, is_passive: passive === true ? 1 : 0 },
        hold_seconds: neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS,
        keepalive_seconds: neighbour.keepaliveSeconds ?? null,
        max_prefixes: neighbour.maxPrefixes ?? DEFAULT_MAX_PREFIXES,
        restart_after_seconds: neighbour.restartAfterSeconds ?? DEFAULT_RESTART_AFTER_SECONDS,
        ...{ has_gtsm: gtsm === true ? 1 : 0, has_bfd: bfd === true ? 1 : 0 },
        import_policy: neighbour.import == null ? null : JSON.stringify(neighbour.import),
        export_policy: neighbour.export == null ? null : JSON.stringify(neighbour.export),
        created_at: now,
      })
      .execute();
    return { bgpNeighbourId: id };
  },
};
