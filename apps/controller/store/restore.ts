/** Puts a backup in the database's place and raises the epoch, so that edges take its configurations for newer ones. */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { StoreError } from './error.ts';
import { readMarker, writeMarker } from './marker.ts';
import { ORGANISATION, openFile, refuseNewer } from './open.ts';

export interface Restored {
  readonly epoch: number;
  /** Where the replaced database went, if there was one. */
  readonly setAside: string | undefined;
}

/** The controller of this folder must not run. Sessions end; unused enrolment tokens become void by the new epoch. */
export function restoreBackup(directory: string, file: string, now: number): Restored {
  if (!existsSync(file))
    throw new StoreError('BACKUP_MISSING', `there is no file ${file}; backups are in ${join(directory, 'backups')}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const target = join(directory, 'config.db');
  const incoming = `${target}.restoring`;
  copyFileSync(file, incoming);
  const raised = raiseEpoch(incoming, directory, readMarker(directory)?.epoch ?? 1);
  const setAside = moveAside(directory, target, now);
  renameSync(incoming, target);
  writeMarker(directory, { createdAt: readMarker(directory)?.createdAt ?? new Date(now).toISOString(), epoch: raised });
  return { epoch: raised, setAside };
}

function raiseEpoch(file: string, directory: string, seen: number): number {
  let raw: Database.Database;
  try {
    raw = openFile(file, directory);
  } catch (cause) {
    rmSync(file, { force: true });
    throw cause instanceof StoreError
      ? new StoreError('BACKUP_DAMAGED', 'this backup is damaged; take another one')
      : cause;
  }
  try {
    refuseNewer(raw, file);
    const row = raw.prepare("select value from setting where organisation = ? and key = 'epoch'").get(ORGANISATION);
    const epoch = Math.max(seen, Number((row as { value: string } | undefined)?.value ?? 1)) + 1;
    raw.transaction(() => {
      raw
        .prepare(
          "insert into setting values (?, 'epoch', ?) on conflict (organisation, key) do update set value = excluded.value",
        )
        .run(ORGANISATION, String(epoch));
      raw.prepare('delete from session').run();
      // Edges have moved on since the backup: each may connect once with whatever continuation it holds.
      raw.prepare('update edge set continuation_accepted = null, continuation_offered = null').run();
    })();
    raw.pragma('journal_mode = DELETE');
    return epoch;
  } finally {
    raw.close();
  }
}

function moveAside(directory: string, target: string, now: number): string | undefined {
  if (!existsSync(target)) return undefined;
  const folder = join(directory, 'backups');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const aside = join(folder, `replaced-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}.db`);
  renameSync(target, aside);
  for (const tail of ['-wal', '-shm']) {
    if (existsSync(target + tail)) renameSync(target + tail, aside + tail);
  }
  return aside;
}
