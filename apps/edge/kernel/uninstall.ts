/** Takes everything of ours out of the kernel, the fail-closed routes too. */
import { spawnSync } from 'node:child_process';
import { difference } from './difference.ts';
import type { Kernel } from './kernel.ts';
import { filterTable } from './plan.ts';

/** How much there was. Throws nothing: what cannot be removed is named in `complaints`. */
export function removeEverything(kernel: Kernel): { routes: number; rules: number; complaints: readonly string[] } {
  const changes = difference({ routes: [], rules: [], proxies: [] }, kernel.present());
  const complaints = kernel.apply(changes);
  // Mostly there is none, and where there is no nft there cannot be one.
  spawnSync('nft', ['delete', 'table', 'inet', filterTable], { stdio: 'ignore' });
  return { routes: changes.removeRoutes.length, rules: changes.removeRules.length, complaints };
}
