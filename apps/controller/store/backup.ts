/** Copies of the configuration database: before every migration and once a day; the newest ten are kept. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';

const KEPT = 10;
const DAY_MS = 24 * 3_600_000;

/** A consistent copy made by SQLite itself while others read and write. Returns the new file's path. */
export function backUp(database: Database.Database, directory: string, now: number): string {
  const folder = join(directory, 'backups');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = freshName(folder, `config-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`);
  database.prepare('vacuum into ?').run(file);
  chmodSync(file, 0o600);
  // The controller's clock says which backup is newest, not the file system's.
  utimesSync(file, now / 1000, now / 1000);
  for (const old of backupsOf(directory).slice(KEPT)) rmSync(old, { force: true });
  return file;
}

/** A backup, unless the newest is less than a day old. */
export function backUpDaily(database: Database.Database, directory: string, now: number): void {
  const newest = backupsOf(directory)[0];
  if (newest === undefined || now - statSync(newest).mtimeMs > DAY_MS) backUp(database, directory, now);
}

function freshName(folder: string, stem: string): string {
  for (let count = 0; ; count++) {
    const file = join(folder, count === 0 ? `${stem}.db` : `${stem}-${count}.db`);
    if (!existsSync(file)) return file;
  }
}

/** All backups, newest first. */
export function backupsOf(directory: string): string[] {
  const folder = join(directory, 'backups');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith('config-') && name.endsWith('.db'))
    .map((name) => join(folder, name))
    .map((file) => ({ file, at: statSync(file).mtimeMs }))
    .sort((one, other) => other.at - one.at || (other.file < one.file ? -1 : 1))
    .map(({ file }) => file);
}
