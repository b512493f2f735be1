/** `run --supervise`: a parent that does nothing but start the edge again when it dies, where no systemd does. */
import { spawn } from 'node:child_process';
import { exitCodes } from '../errors.ts';

const firstDelayMs = 100;
const mostDelayMs = 5_000;
/** One that ran this long has earned a quick restart. */
const healthyMs = 10_000;

/** What the edge ends with when trying again would change nothing. */
const final: ReadonlySet<number> = new Set([
  0,
  exitCodes.usage,
  exitCodes.refused,
  exitCodes.notPermitted,
  exitCodes.damaged,
]);

/** Runs until the edge stops on purpose or is told to by SIGTERM or SIGINT; exits with its code. */
export async function supervise(argv: readonly string[]): Promise<never> {
  const args = [...argv.slice(1).filter((arg) => arg !== '--supervise'), '--supervisor', String(process.pid)];
  let isStopping = false;
  let delayMs = firstDelayMs;
  for (;;) {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals) => {
      isStopping = true;
      child.kill(signal);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, forward);
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, forward);
    if (isStopping || (code !== null && final.has(code))) process.exit(code ?? 1);
    if (performance.now() - startedAt > healthyMs) delayMs = firstDelayMs;
    console.error(`patronus edge: it ended unexpectedly; starting it again in ${delayMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    delayMs = Math.min(mostDelayMs, delayMs * 2);
  }
}
