/** `patronus edge uninstall`: the only thing that takes the fail-closed routes away. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { EdgeError, exitCodes } from '../errors.ts';
import { openKernel } from '../kernel/kernel.ts';
import { removeEverything } from '../kernel/uninstall.ts';
import type { StatePaths } from '../state/paths.ts';
import { isRunning } from '../status/socket.ts';
import { requireNetworkRight } from './rights.ts';

export async function uninstall(paths: StatePaths, isWiped: boolean): Promise<void> {
  requireNetworkRight();
  if (await isRunning(paths)) {
    throw new EdgeError(
      'STILL_RUNNING',
      'the edge still runs; stop it first (`systemctl stop patronus-edge`)',
      exitCodes.usage,
    );
  }
  const kernel = openKernel();
  const { routes, rules, complaints } = removeEverything(kernel);
  kernel.close();
  if (complaints.length > 0) throw new EdgeError('NOT_REMOVED', complaints.join('; '));
  if (isWiped) wipe(paths);
  console.log(`Removed ${routes} routes and ${rules} rules${isWiped ? ', identity, keys and configuration' : ''}.`);
}

/** Names each file: a mistyped directory must not cost its owner anything else. */
function wipe(paths: StatePaths): void {
  const { identity, continuation, configuration, rejected, uplinkNumbers, decisions, socket } = paths;
  for (const path of [identity, continuation, configuration, rejected, uplinkNumbers, decisions, socket]) {
    rmSync(path, { force: true });
    rmSync(`${path}.damaged`, { force: true });
  }
  for (const folder of [dirname(paths.uplinkKey('any')), paths.compileCache])
    rmSync(folder, { recursive: true, force: true });
}
