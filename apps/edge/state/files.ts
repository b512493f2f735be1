/** Files that are whole or absent: whatever is written here survives a crash in the old or in the new version. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { EdgeError, exitCodes, messageOf } from '../errors.ts';

/** Writes beside the file, syncs, renames over it and syncs the folder. Readable by the owner alone. */
export function writeWhole(path: string, content: string): void {
  const folder = dirname(path);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = openSync(beside, 'w', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new EdgeError(
      'STATE_NOT_WRITABLE',
      `${path} cannot be written (${messageOf(error)}); check space and rights`,
    );
  }
}

/** Throws an EdgeError when it is neither there nor can be made. */
export function makeStateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new EdgeError(
      'STATE_NOT_WRITABLE',
      `the state directory ${path} cannot be made (${messageOf(error)}); name another with --state`,
      exitCodes.damaged,
    );
  }
}

/** The rename itself is lost by a power cut unless the folder is synced too. */
function syncFolder(folder: string): void {
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The file's text; undefined when there is none. */
export function readWhole(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const message = `${path} cannot be read (${messageOf(error)}); check what it is, and its rights`;
    throw new EdgeError('STATE_NOT_READABLE', message, exitCodes.damaged);
  }
}

export function writeJson(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Undefined when there is no file; an error that names it when what it holds is not what was written. */
export function readJson<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | undefined {
  const text = readWhole(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new EdgeError(
      'STATE_DAMAGED',
      `${path} is damaged; restore it from a backup, or remove it to let the edge do without`,
      exitCodes.damaged,
    );
  }
}

/**
 * As `readJson`, for what the edge can do without: a damaged file is set aside beside its place, told on stderr, and
 * counts as none, so that the edge still starts and hears from its controller.
 */
export function readJsonOrNone<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | undefined {
  try {
    return readJson(path, schema);
  } catch (error) {
    if (!(error instanceof EdgeError) || error.code !== 'STATE_DAMAGED') throw error;
    renameSync(path, `${path}.damaged`);
    process.emitWarning(`${path} was damaged and set aside as ${path}.damaged; the edge goes on without`);
    return undefined;
  }
}
