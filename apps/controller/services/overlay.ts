/** Addresses of edges inside the fabric (decision 0011). */
import type { Queries } from '../store/tables.ts';
import { ServiceError } from './error.ts';

/** 100.127.0.0/16, the top of the shared address space (RFC 6598). */
const RANGE = [100, 127] as const;

/** The lowest address that no edge holds, revoked ones included: a revoked edge's address rests. */
export async function freeOverlayAddress(db: Queries, organisation: string): Promise<string> {
  const rows = await db.selectFrom('edge').select('overlay_address').where('organisation', '=', organisation).execute();
  const taken = new Set(rows.map((row) => row.overlay_address));
  for (let number = 1; number < 0xffff; number++) {
    const address = `${RANGE[0]}.${RANGE[1]}.${number >> 8}.${number & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new ServiceError('CONFLICT', 'all 65,534 addresses for edges are in use');
}
