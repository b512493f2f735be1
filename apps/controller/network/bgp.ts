/** What the database says of BGP. */
import { type BgpAllowance, type BgpIntent, type BgpNeighbour, DEFAULT_FABRIC_AS } from '@patronus/fabric';
import type { BgpAllowanceRow, BgpNeighbourRow, Queries } from '../store/tables.ts';

/** The fabric's AS number, as JSON, once somebody changed it. */
export const BGP_SETTING = 'bgp';

export async function readBgp(db: Queries, organisation: string): Promise<BgpIntent> {
  const neighbours = await db
    .selectFrom('bgp_neighbour')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('id')
    .execute();
  const allowances = await db
    .selectFrom('bgp_allowance')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('id')
    .execute();
  const reflectors = await db
    .selectFrom('site')
    .select('id')
    .where('organisation', '=', organisation)
    .where('is_reflector', '=', 1)
    .orderBy('id')
    .execute();
  const setting = await db
    .selectFrom('setting')
    .select('value')
    .where('organisation', '=', organisation)
    .where('key', '=', BGP_SETTING)
    .executeTakeFirst();
  return {
    as: JSON.parse(setting?.value ?? '{}').as ?? DEFAULT_FABRIC_AS,
    reflectors: reflectors.map(({ id }) => id),
    neighbours: neighbours.map(toNeighbour),
    allowances: allowances.map(toAllowance),
  };
}

function toNeighbour(row: BgpNeighbourRow): BgpNeighbour {
  return {
    ...{ id: row.id, edgeId: row.edge_id, name: row.name, address: row.address, remoteAs: Number(row.remote_as) },
    ...{ interface: row.interface, key: row.key, passive: row.is_passive === 1, holdSeconds: row.hold_seconds },
    ...{ keepaliveSeconds: row.keepalive_seconds, maxPrefixes: row.max_prefixes },
    restartAfterSeconds: row.restart_after_seconds,
    ...{ gtsm: row.has_gtsm === 1, bfd: row.has_bfd === 1 },
    import: row.import_policy === null ? null : JSON.parse(row.import_policy),
    export: row.export_policy === null ? null : JSON.parse(row.export_policy),
  };
}

function toAllowance({ id, site_id: siteId, prefix, longest, preference }: BgpAllowanceRow): BgpAllowance {
  return { id, siteId, prefix, longest, preference };
}
