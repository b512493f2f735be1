import type { BfdPeerRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import type { Work } from './verb.ts';

export async function requireBfdPeer({ trx, organisation }: Work<unknown>, id: string): Promise<BfdPeerRow> {
  const row = await trx
    .selectFrom('bfd_peer')
    .selectAll()
    .where('organisation', '=', organisation)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no BFD peer ${id}`);
  return row;
}
