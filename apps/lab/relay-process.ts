/** The lab's one relay process, started when the first wire needs it and ended when the last one no longer does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LabError } from './errors.ts';
import type { RelayCommand } from './relay.ts';
import { endChild } from './supervisor.ts';

interface Answer {
  readonly done?: string;
  readonly failed?: string;
  readonly wire: string;
  readonly message?: string;
}

export interface RelayProcess {
  readonly pid: number | undefined;
  tell(command: RelayCommand): Promise<void>;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, 'relay.ts');

/** Resolves once the relay listens. `onEnd` is called if it ends unasked later. */
export async function startRelay(namespace: string, logFile: string, onEnd: () => void): Promise<RelayProcess> {
  const log = openSync(logFile, 'a', 0o600);
  const child: ChildProcess = spawn('ip', ['netns', 'exec', namespace, process.execPath, program], {
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  const waiting: ((answer: Answer) => void)[] = [];
  let isWanted = true;
  let isReady = false;
  const gone: Answer = { failed: 'relay', wire: '', message: `the relay has ended; its log is ${logFile}` };
  const answer = () => new Promise<Answer>((resolve) => waiting.push(resolve));
  child.stdin?.on('error', () => {});
  child.once('error', () => {});
  child.once('close', () => {
    for (const resolve of waiting.splice(0)) resolve(gone);
    if (isWanted && isReady) onEnd();
    isWanted = false;
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  }
  check(await answer());
  isReady = true;
  return {
    pid: child.pid,
    async tell(command) {
      if (!isWanted) check(gone);
      const answered = answer();
      child.stdin?.write(`${JSON.stringify(command)}\n`);
      check(await answered);
    },
    async stop() {
      isWanted = false;
      await endChild(child);
    },
  };
}

function check(answer: Answer): void {
  if (answer.failed === undefined) return;
  throw new LabError(
    'lab.relay_failed',
    `${answer.message ?? 'the relay failed'}${answer.wire ? ` (${answer.wire})` : ''}`,
  );
}
