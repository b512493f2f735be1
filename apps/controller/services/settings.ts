/** Settings of the organisation: one JSON value for each key. */
import type { Queries } from '../store/tables.ts';

/** `{}` until somebody set it. */
export async function readSetting(db: Queries, organisation: string, key: string): Promise<Record<string, unknown>> {
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('organisation', '=', organisation)
    .where('key', '=', key)
    .executeTakeFirst();
  return row === undefined ? {} : JSON.parse(row.value);
}

export async function writeSetting(db: Queries, organisation: string, key: string, content: object): Promise<void> {
  const value = JSON.stringify(content);
  await db
    .insertInto('setting')
    .values({ organisation, key, value })
    .onConflict((conflict) => conflict.columns(['organisation', 'key']).doUpdateSet({ value }))
    .execute();
}

/** `intervalMs 200, multiplier as it comes`. */
export function changeWords(change: object): string {
  return Object.entries(change)
    .map(([name, value]) => `${name} ${value ?? 'as it comes'}`)
    .join(', ');
}
