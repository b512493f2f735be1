/** The secret that tells this edge from a copy of its disk: handed out on each connection, given back on the next. */
import { z } from 'zod';
import { readJsonOrNone, writeJson } from './files.ts';
import type { StatePaths } from './paths.ts';

const schema = z.object({ continuation: z.string() });

export function readContinuation(paths: StatePaths): string | null {
  return readJsonOrNone(paths.continuation, schema)?.continuation ?? null;
}

/** On disk when it returns. */
export function keepContinuation(paths: StatePaths, continuation: string): void {
  writeJson(paths.continuation, { continuation });
}
