// Stand-in until the real one lands.
import type { PacketView } from '@patronus/net';
import type { LinkTable } from '../links.ts';
import type { Groups } from '../tables/groups.ts';
export function clampMss(_bytes: Uint8Array, _packet: PacketView, _mtu: number): boolean {
  return false;
}
export function smallestMtu(_targets: Int32Array, _groups: Groups, _links: LinkTable): number {
  return Number.POSITIVE_INFINITY;
}
