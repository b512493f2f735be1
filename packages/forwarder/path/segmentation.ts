// Stand-in until the real one lands.
import type { PacketView } from '@patronus/net';
import { Drop, PASSED } from '../drops.ts';
import type { Kernels } from '../kernels/index.ts';
import type { PacketMemory } from '../memory.ts';
import type { OffloadHeader } from './offloadHeader.ts';
export class Segmenter {
  count = 0;
  length = 0;
  lastLength = 0;
  constructor(_memory: PacketMemory, _kernels: Kernels) {}
  plan(_packet: PacketView, _offload: OffloadHeader, _mtu: number): number {
    return Drop.malformed;
  }
  completeChecksum(_packet: PacketView, _offload: OffloadHeader): number {
    return PASSED;
  }
  write(_at: number, _target: number): void {}
}
