/** How the forwarder ended, in one sentence for a person. Pure. */
import type { ForwarderExit } from '@patronus/forwarder/process';

/** An end of the forwarder that nobody asked for. */
export interface Crash {
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  /** A signal's name or an exit code. */
  readonly cause: string;
  /** The end of what it wrote to its standard error, one line; may be empty. */
  readonly lastWords: string;
}

const LONGEST = 300;

export function crashOf({ code, signal, lastWords }: Omit<ForwarderExit, 'restartInMs'>, wallMs: number): Crash {
  const words = lastWords.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return {
    atMs: wallMs,
    cause: signal ?? `code ${code}`,
    lastWords: words.length > LONGEST ? `…${words.slice(-LONGEST)}` : words,
  };
}

export function tellCrash({ cause, lastWords }: Crash): string {
  const words = lastWords === '' ? 'it said nothing' : `its last words: ${lastWords}`;
  return `the forwarder ended (${cause}) and is replaced; ${words}`;
}
