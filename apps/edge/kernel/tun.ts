/** The TUN of the edge: opened once, kept open across forwarders, set as the configuration says. */
import { addressesEqual, hostPrefix, type IpAddress, parseAddress } from '@patronus/net';
import type { Configuration } from '@patronus/protocol';
import { LinuxError, type OpenedTun, openTun } from '@patronus/system/linux';
import type { Kernel } from './kernel.ts';
import { tunName } from './plan.ts';

const retryMs = 50;
/** A forwarder that outlived its edge may hold the interface a moment longer. */
const patienceMs = 3_000;

/** Opens it, waiting for a predecessor to let go. Throws a LinuxError that says what is missing. */
export async function claimTun(): Promise<OpenedTun> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return openTun(tunName, { virtioHeader: true });
    } catch (error) {
      if (!(error instanceof LinuxError) || error.code !== 'EBUSY' || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** Address, size and state; what is right already is left alone. */
export function settleTun(kernel: Kernel, tun: OpenedTun, { edge, mtu }: Configuration): void {
  const { interfaceIndex } = tun;
  const wanted = parseAddress(edge.overlayAddress) as IpAddress;
  const link = kernel.links.find(interfaceIndex);
  if (link?.mtu !== mtu || !link.isUp) kernel.links.set(interfaceIndex, { mtu, up: true });
  const present = kernel.addresses.list({ interfaceIndex }).filter(({ scope }) => scope === 'global');
  if (!present.some(({ address }) => addressesEqual(address, wanted))) {
    kernel.addresses.add({ interfaceIndex, address: wanted, prefixLength: hostPrefix(wanted).length });
  }
  for (const { address, prefixLength } of present) {
    if (!addressesEqual(address, wanted)) kernel.addresses.remove({ interfaceIndex, address, prefixLength });
  }
}
