/** Keeps a program running: starts it again after it ends, soon at first, then ever less eagerly; logs what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly name: string;
  readonly command: string;
  /** Asked anew before every start. */
  readonly args: () => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Its output is appended here. */
  readonly logFile: string;
  /** Takes what it says on standard output line by line, in place of the log: it may be secret. */
  readonly onLine?: (line: string) => void;
}

export interface Supervised {
  readonly name: string;
  pid(): number | undefined;
  restarts(): number;
  /** SIGTERM, and SIGKILL if that is not enough; it stays ended. */
  stop(): Promise<void>;
}

/** The first start again is at once: an edge that is killed shall be back within a second. */
const firstDelayMs = 0;
const secondDelayMs = 200;
const longestDelayMs = 10_000;
/** A program that ran this long is well again: its next end counts as its first. */
const steadyMs = 10_000;
const stopGraceMs = 5_000;

export function supervise(program: Program, onStart: (pid: number) => void = () => {}): Supervised {
  let child: ChildProcess | undefined;
  let isWanted = true;
  let restarts = 0;
  let delayMs = firstDelayMs;
  let timer: NodeJS.Timeout | undefined;

  function start(): void {
    const startedMs = Date.now();
    const log = openSync(program.logFile, 'a', 0o600);
    child = spawn(program.command, [...program.args()], {
      stdio: ['ignore', program.onLine === undefined ? log : 'pipe', log],
      env: { ...process.env, ...program.env },
    });
    closeSync(log);
    if (program.onLine !== undefined && child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', program.onLine);
    }
    if (child.pid !== undefined) onStart(child.pid);
    // Whichever comes first: a program that cannot be started has no exit.
    let hasEnded = false;
    const ended = () => {
      if (hasEnded) return;
      hasEnded = true;
      child = undefined;
      if (!isWanted) return;
      delayMs = Date.now() - startedMs >= steadyMs ? firstDelayMs : delayMs;
      timer = setTimeout(start, delayMs);
      delayMs = Math.min(longestDelayMs, Math.max(secondDelayMs, delayMs * 2));
      restarts++;
    };
    child.once('exit', ended);
    child.once('error', ended);
  }

  start();
  return {
    name: program.name,
    pid: () => child?.pid,
    restarts: () => restarts,
    async stop() {
      isWanted = false;
      clearTimeout(timer);
      if (child !== undefined) await endChild(child);
    },
  };
}

/** Asks a child to end, and makes it after a grace. */
export async function endChild(child: ChildProcess, graceMs: number = stopGraceMs): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const grace = new AbortController();
  const late = sleep(graceMs, undefined, { signal: grace.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
  await ended;
  grace.abort();
  await late;
}
