/** Where Node keeps what it compiled. Imports next to nothing, so that everything else is compiled after it. */
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { defaultStateDirectory, statePaths } from './paths.ts';

/** Begins to use the cache of the state directory that the arguments name; without the right to it, none. */
export function compileCacheFor(argv: readonly string[]): void {
  const at = argv.indexOf('--state');
  const directory = statePaths((at < 0 ? undefined : argv[at + 1]) ?? defaultStateDirectory).compileCache;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    enableCompileCache(directory);
  } catch {
    // Not root: the command itself says so, in better words.
  }
}
