/**
 * A small file beside the database that says one existed, and how far its epoch had come: so that a lost database is
 * never replaced by an empty one in silence, and a restored backup always numbers above everything edges have seen.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const markerSchema = z.object({ createdAt: z.string(), epoch: z.int().min(1) });
export type Marker = z.infer<typeof markerSchema>;

export function readMarker(directory: string): Marker | undefined {
  try {
    return markerSchema.parse(JSON.parse(readFileSync(join(directory, 'store.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeMarker(directory: string, marker: Marker): void {
  const file = join(directory, 'store.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(marker)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
