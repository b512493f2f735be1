import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { endLeftController, hasRemains, removeNetwork, signal } from '../cleanup.ts';
import { tryAsk } from '../control.ts';
import { requireLinux, requireRoot } from '../rights.ts';
import { type LabPaths, livingProcess, removeState } from '../state.ts';
import { type CommonOptions, pathsOf, printJson, withCommonOptions, withJson } from './shared.ts';

/** How long the daemon may take to end its edges before it is ended itself. */
const daemonGraceMs = 15_000;

export function register(program: Command): void {
  const command = program
    .command('down')
    .description('take the lab away: processes, namespaces, routes; does nothing when there is none')
    .option('--wipe', "forget the lab's folder too: the edges' identities and the logs");
  withJson(withCommonOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  patronus lab down
  patronus lab down --wipe        the next \`up\` starts with new edges`,
    )
    .action(down);
}

async function down(options: CommonOptions & { readonly wipe?: boolean }): Promise<void> {
  requireLinux();
  requireRoot('down');
  const wasUp = await takeDown(options.name, pathsOf(options), options.wipe ?? false);
  if (options.json) printJson({ ok: true, lab: options.name, wasUp });
  else console.log(wasUp ? `lab ${options.name} is down` : `lab ${options.name} was not up`);
}

/** Asks the daemon, and cleans up itself what a daemon that died has left. Returns whether there was anything. */
export async function takeDown(lab: string, paths: LabPaths, wipe: boolean): Promise<boolean> {
  const pid = livingProcess(paths.pid);
  const wasUp = pid !== undefined || (await hasRemains(lab));
  if (pid !== undefined) {
    const answered = await tryAsk(paths.socket, { verb: 'stop' }).catch(() => undefined);
    if (answered === undefined) signal(pid, 'SIGTERM');
    const deadline = Date.now() + daemonGraceMs;
    while (livingProcess(paths.pid) === pid && Date.now() < deadline) await sleep(20);
    if (livingProcess(paths.pid) === pid) signal(pid, 'SIGKILL');
  }
  if (await hasRemains(lab)) await removeNetwork(lab);
  await endLeftController(paths);
  removeState(paths, wipe);
  return wasUp;
}
