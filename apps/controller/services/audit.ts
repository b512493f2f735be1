/** The audit log: a hash chain, each row's hash signed, so that a row changed or taken out later shows. */
import type { Authority } from '../authority/authority.ts';
import { sha256Hex } from '../authority/keys.ts';
import type { AuditRow, Queries } from '../store/tables.ts';

export type { AuditRow };
export type AuditEntry = Omit<AuditRow, 'number' | 'previous_hash' | 'hash' | 'signature'>;

const GENESIS = '0'.repeat(64);

export async function appendAudit(db: Queries, authority: Authority, entry: AuditEntry): Promise<void> {
  const last = await db
    .selectFrom('audit')
    .select(['number', 'hash'])
    .where('organisation', '=', entry.organisation)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  const row = { ...entry, number: (last?.number ?? 0) + 1, previous_hash: last?.hash ?? GENESIS };
  const hash = hashOf(row);
  await db
    .insertInto('audit')
    .values({ ...row, hash, signature: authority.signAudit(hash) })
    .execute();
}

function hashOf(row: Omit<AuditRow, 'hash' | 'signature'>): string {
  const { organisation, number, at, actor, action, subject, outcome, source_address, previous_hash } = row;
  return sha256Hex(
    JSON.stringify([previous_hash, organisation, number, at, actor, action, subject, outcome, source_address]),
  );
}

/** Number of the first row that does not follow from those before it; undefined when the chain is whole. */
export function firstBrokenLink(rows: readonly AuditRow[]): number | undefined {
  let previous = GENESIS;
  for (const [index, row] of rows.entries()) {
    if (row.number !== index + 1 || row.previous_hash !== previous || row.hash !== hashOf(row)) return index + 1;
    previous = row.hash;
  }
  return undefined;
}
