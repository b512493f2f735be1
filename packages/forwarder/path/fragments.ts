// Stand-in until the real one lands.
import type { PacketView } from '@patronus/net';
import { Drop } from '../drops.ts';
import type { PacketMemory } from '../memory.ts';
export function mayFragment(_packet: PacketView): boolean {
  return false;
}
export function fragmentIpv4(
  _memory: PacketMemory,
  _packet: PacketView,
  _mtu: number,
  _take: (length: number) => number,
  _each: (offset: number, length: number) => number,
): number {
  return Drop.tooBig;
}
