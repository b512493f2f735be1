/** Runs steps and other programs: argument lists only, never a shell. */
import { execFile } from 'node:child_process';
import { LabError } from './errors.ts';
import { commandOf, type Step } from './step.ts';

/** Long enough for any `ip`, `nft` or `tc` on a busy machine; one that hangs longer never returns. */
const timeoutMs = 20_000;

/** The program's output; its own words are in the error when it fails. */
export function run(program: string, args: readonly string[], stdin?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const because = missing
        ? `${program} is not installed; install iproute2, nftables, ethtool and procps`
        : stderr.trim();
      reject(new LabError('lab.command_failed', `${program} ${args.join(' ')}: ${because || error.message}`));
    });
    // A program that ends before it has read its input is reported by its exit code, not by a broken pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin ?? '');
  });
}

/** In order; stops at the first that fails, or between two when aborted. */
export async function runSteps(steps: readonly Step[], signal?: AbortSignal): Promise<void> {
  for (const step of steps) {
    signal?.throwIfAborted();
    const [program, args] = commandOf(step);
    await run(program, args, step.stdin);
  }
}
