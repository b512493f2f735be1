import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * Runs `work` in a transaction and throws what went wrong in it. SQLite rolls back by itself when the disk is full;
 * Kysely's own rollback then fails, and its error would hide the one that says why.
 */
export async function transact<T>(db: Kysely<Tables>, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  let first: { readonly cause: unknown } | undefined;
  try {
    return await db.transaction().execute(async (trx) => {
      try {
        return await work(trx);
      } catch (cause) {
        first = { cause };
        throw cause;
      }
    });
  } catch (cause) {
    throw first === undefined ? cause : first.cause;
  }
}
