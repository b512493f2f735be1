/**
 * Opens the configuration database: checks it, copies it before migrating, migrates. Refuses, with one message that
 * says what to do, a damaged file, a missing one that should be there, and one made by a newer Patronus.
 */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { backUp, backupsOf } from './backup.ts';
import { StoreError } from './error.ts';
import { readMarker, writeMarker } from './marker.ts';
import { migrationProvider, migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

export interface Store {
  readonly directory: string;
  readonly db: Kysely<Tables>;
  /** The same file without Kysely: the write probe, backups. */
  readonly raw: Database.Database;
  /** Counts restored backups, from 1. */
  readonly epoch: number;
  close(): Promise<void>;
}

/** The one organisation there is so far; every row names it already. */
export const ORGANISATION = 'default';

export async function openStore(directory: string, now: () => number): Promise<Store> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'config.db');
  const existed = existsSync(file);
  const marker = readMarker(directory);
  if (!existed && marker !== undefined) {
    throw new StoreError(
      'DATABASE_MISSING',
      `${file} is missing, but this folder held one. ${restoreAdvice(directory)}`,
    );
  }
  const raw = openFile(file, directory);
  try {
    refuseNewer(raw, file);
    if (existed && hasPendingMigrations(raw)) backUp(raw, directory, now());
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: raw }) });
    const { error } = await new Migrator({ db, provider: migrationProvider }).migrateToLatest();
    if (error !== undefined) throw error;
    const epoch = await readEpoch(db);
    return { directory, db, raw, epoch, close: () => db.destroy() };
  } catch (cause) {
    raw.close();
    throw isDamage(cause) ? damaged(file, directory) : cause;
  }
}

/** SQLite with the settings every open needs: some bindings come back at synchronous=NORMAL on a WAL file. */
export function openFile(file: string, directory: string): Database.Database {
  let raw: Database.Database | undefined;
  try {
    raw = new Database(file);
    chmodSync(file, 0o600);
    const verdict = raw.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw damaged(file, directory);
    raw.pragma('journal_mode = WAL');
    raw.pragma('synchronous = FULL');
    raw.pragma('foreign_keys = ON');
    raw.pragma('busy_timeout = 5000');
    return raw;
  } catch (cause) {
    raw?.close();
    throw isDamage(cause) ? damaged(file, directory) : cause;
  }
}

/** Says that this folder holds a database and keys from now on: neither may be replaced in silence. */
export function markStore({ directory, epoch }: Store, now: number): void {
  writeMarker(directory, { createdAt: readMarker(directory)?.createdAt ?? new Date(now).toISOString(), epoch });
}

function isDamage(cause: unknown): boolean {
  const code = (cause as { code?: unknown }).code;
  return typeof code === 'string' && /^SQLITE_(NOTADB|CORRUPT)/.test(code);
}

function damaged(file: string, directory: string): StoreError {
  return new StoreError('DATABASE_DAMAGED', `${file} is damaged and was left as it is. ${restoreAdvice(directory)}`);
}

function restoreAdvice(directory: string): string {
  const newest = backupsOf(directory)[0];
  return newest === undefined
    ? 'There is no backup in this folder; copy one of yours here and run: ' +
        `patronus controller restore FILE --data ${directory}`
    : `The newest backup is ${newest}. To go back to it, run: patronus controller restore ${newest} --data ${directory}`;
}

function appliedMigrations(raw: Database.Database): string[] {
  const table = raw.prepare("select 1 from sqlite_master where name = 'kysely_migration'").get();
  if (table === undefined) return [];
  return (raw.prepare('select name from kysely_migration').all() as { name: string }[]).map((row) => row.name);
}

export function refuseNewer(raw: Database.Database, file: string): void {
  const unknown = appliedMigrations(raw).find((name) => !(name in migrations));
  if (unknown === undefined) return;
  throw new StoreError(
    'DATABASE_NEWER',
    `${file} was written by a newer Patronus (step ${unknown}); start that version, or restore a backup of this one`,
  );
}

function hasPendingMigrations(raw: Database.Database): boolean {
  return appliedMigrations(raw).length < Object.keys(migrations).length;
}

async function readEpoch(db: Kysely<Tables>): Promise<number> {
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('organisation', '=', ORGANISATION)
    .where('key', '=', 'epoch')
    .executeTakeFirst();
  if (row !== undefined) return Number(row.value);
  await db.insertInto('setting').values({ organisation: ORGANISATION, key: 'epoch', value: '1' }).execute();
  return 1;
}
