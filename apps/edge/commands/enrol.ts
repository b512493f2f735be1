/** `patronus edge enrol`: tries the controller by the main routes, then from each uplink. */
import { parseEnrolmentToken } from '@patronus/protocol';
import { systemClock } from '@patronus/system/linux';
import { enrol } from '../identity/enrol.ts';
import type { Identity } from '../identity/identity.ts';
import { bootstrapConfiguration } from '../kernel/bootstrap.ts';
import { openKernel } from '../kernel/kernel.ts';
import { Reconciler } from '../kernel/reconcile.ts';
import { removeEverything } from '../kernel/uninstall.ts';
import { localAddresses } from '../kernel/uplinks.ts';
import type { StatePaths } from '../state/paths.ts';
import { requireNetworkRight } from './rights.ts';

/** Enrols; while it lasts, each uplink has a routing table of its own, so that any of them can be tried. */
export async function enrolHere(paths: StatePaths, token: string): Promise<Identity> {
  // A mistyped token is told before the kernel is touched; `enrol` finds the words.
  if (parseEnrolmentToken(token) === undefined) return enrol(paths, token);
  requireNetworkRight();
  const kernel = openKernel();
  const isUntouched = kernel.present().routes.length === 0;
  try {
    const reconciler = new Reconciler(kernel);
    const uplinks = bootstrapConfiguration(kernel.view());
    const numbers = Object.fromEntries(uplinks.uplinks.map(({ id }, number) => [id, number]));
    if (isUntouched) {
      reconciler.desire(uplinks, numbers, undefined);
      reconciler.reconcile(systemClock.monotonicMs());
    }
    return await enrol(paths, token, [null, ...localAddresses(reconciler.uplinks).map(({ address }) => address)]);
  } finally {
    if (isUntouched) removeEverything(kernel);
    kernel.close();
  }
}
