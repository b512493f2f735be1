import type { Core } from '../core.ts';
import type { AuditRow } from '../store/tables.ts';

export interface AuditSlice {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** Only rows older, or newer, than the one with this number. */
  readonly olderThan?: number | undefined;
  readonly newerThan?: number | undefined;
  /** `oldest`: the end of the slice that is farthest from today. */
  readonly from: 'newest' | 'oldest';
  readonly limit: number;
}

export interface AuditPage {
  /** Newest first. */
  readonly rows: AuditRow[];
  /** Of the slice, beyond `limit`. */
  readonly hasMore: boolean;
  /** Of all that the filter lets through. */
  readonly total: number;
}

/** Part of the audit log, straight from its table: the log outgrows memory. */
export async function readAudit(core: Core, slice: AuditSlice): Promise<AuditPage> {
  let all = core.store.db.selectFrom('audit').where('organisation', '=', core.organisation);
  if (slice.actor !== undefined) all = all.where('actor', '=', slice.actor);
  if (slice.action !== undefined) all = all.where('action', '=', slice.action);
  const { total } = await all.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  let window = all;
  if (slice.olderThan !== undefined) window = window.where('number', '<', slice.olderThan);
  if (slice.newerThan !== undefined) window = window.where('number', '>', slice.newerThan);
  const found = await window
    .selectAll()
    .orderBy('number', slice.from === 'newest' ? 'desc' : 'asc')
    .limit(slice.limit + 1)
    .execute();
  const rows = found.slice(0, slice.limit);
  if (slice.from === 'oldest') rows.reverse();
  return { rows, hasMore: found.length > slice.limit, total: Number(total) };
}
