/**
 * Running a lab until told to stop: in the foreground for a terminal or `npm start`, or as the detached daemon behind
 * plain `lab up`, which hears of progress over the channel it was started with.
 */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorReport, type ExitCode, errorReport, LabError } from './errors.ts';
import { type Report, startLab, type UpOptions } from './lab.ts';
import { labPaths, makeFolders } from './state.ts';

/** What the daemon tells the command that started it. */
export type DaemonMessage = { readonly progress: string } | { readonly ready: true } | { readonly failed: ErrorReport };

/** Resolves when the lab has been taken down again; a signal while it comes up ends it there and then. */
export async function runUntilStopped(options: UpOptions, report: Report, onReady: () => void): Promise<void> {
  const abort = new AbortController();
  const asked = new Promise<unknown>((resolve) => abort.signal.addEventListener('abort', resolve));
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => abort.abort());
  const lab = await startLab(options, report, abort.signal).catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
    report('stopped before it was up');
    return undefined;
  });
  if (lab === undefined) return;
  onReady();
  await Promise.race([asked, lab.stopAsked]);
  report('taking the lab down');
  await lab.stop();
}

/** In the foreground the lab also ends when a program that started it with a pipe for standard input goes away. */
export function watchStdin(onEnd: () => void): void {
  const kind = fstatSync(0);
  if (!kind.isFIFO() && !kind.isSocket()) return;
  process.stdin.on('end', onEnd).on('error', onEnd).resume();
}

/** Starts the daemon and waits until its lab is up or has failed. */
export function startDaemon(options: UpOptions, report: Report): Promise<void> {
  const paths = labPaths(options.lab, options.stateDir);
  makeFolders(paths);
  const log = openSync(join(paths.logs, 'lab.log'), 'a', 0o600);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'daemon-main.ts'), JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.on('message', (message: DaemonMessage) => {
      if ('progress' in message) return report(message.progress);
      child.disconnect();
      child.unref();
      if ('ready' in message) return resolve();
      const { code, message: text, exitCode } = message.failed;
      reject(new LabError(code, text, exitCode as ExitCode));
    });
    child.once('error', (error) => reject(error));
    child.once('exit', () =>
      reject(
        new LabError(
          'lab.daemon_ended',
          `the lab's daemon ended before the lab was up; its log is ${paths.logs}/lab.log`,
        ),
      ),
    );
  });
}

/** The daemon's whole life; called by daemon-main.ts. */
export async function daemonMain(options: UpOptions): Promise<void> {
  const tell = (message: DaemonMessage) => {
    if (process.connected) process.send?.(message);
  };
  try {
    await runUntilStopped(
      options,
      (progress, { isSecret } = { isSecret: false }) => {
        if (!isSecret) console.log(new Date().toISOString(), progress);
        tell({ progress });
      },
      () => tell({ ready: true }),
    );
  } catch (error) {
    console.error(error);
    tell({ failed: errorReport(error) });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}
