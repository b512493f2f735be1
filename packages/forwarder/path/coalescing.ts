// Stand-in until the real one lands.
import type { PacketView } from '@patronus/net';
import type { PacketIo } from '../io.ts';
import type { Kernels } from '../kernels/index.ts';
import type { PacketMemory } from '../memory.ts';
export class Coalescer {
  readonly #io: Pick<PacketIo, 'writeTun' | 'writeTunPieces' | 'tunOffloads'>;
  readonly #onFailed: (packets: number) => void;
  constructor(
    _memory: PacketMemory,
    _kernels: Kernels,
    io: Pick<PacketIo, 'writeTun' | 'writeTunPieces' | 'tunOffloads'>,
    onFailed: (packets: number) => void,
  ) {
    this.#io = io;
    this.#onFailed = onFailed;
  }
  add(packet: PacketView): void {
    if (!this.#io.writeTun(packet.offset, packet.totalLength)) this.#onFailed(1);
  }
  flush(): void {}
}
