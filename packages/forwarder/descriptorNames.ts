/** What descriptors are called that an owner hands over: `tun`, `uplink:ID:4`. Imports nothing that an owner has no use for. */
import type { Family } from '@patronus/net';

export const TUN_NAME = 'tun';

export function uplinkSocketName(uplinkId: string, family: Family): string {
  return `uplink:${uplinkId}:${family}`;
}

/** The uplink that `uplink:ID:4` belongs to. */
export function uplinkOfSocket(name: string): string {
  return name.slice(name.indexOf(':') + 1, name.lastIndexOf(':'));
}
