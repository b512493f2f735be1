/** Adds shards to shards, in the packet memory: a shard is segment, length and the packet, as if filled up with zeros. */
import type { Kernels } from '../kernels/index.ts';
import { Layout, type PacketMemory } from '../memory.ts';
import { multiply, tableOffset, writeTables } from './galois.ts';
import { SHARD_PREFIX_LENGTH } from './numberedFrame.ts';

export class Shards {
  readonly memory: PacketMemory;
  readonly #kernels: Kernels['unchecked'];

  constructor(memory: PacketMemory, kernels: Kernels) {
    this.memory = memory;
    this.#kernels = kernels.unchecked;
    writeTables(memory.bytes, Layout.galoisTables);
  }

  /** Makes `length` bytes at `target` the shard of nothing. */
  clear(target: number, length: number): void {
    this.memory.bytes.fill(0, target, target + length);
  }

  /** Adds `factor` times the shard of a packet of `length` bytes at `offset` to the shard at `target`, which has room for it. */
  addPacket(target: number, factor: number, segment: number, offset: number, length: number): void {
    const { bytes } = this.memory;
    bytes[target]! ^= multiply(factor, segment >>> 8);
    bytes[target + 1]! ^= multiply(factor, segment & 0xff);
    bytes[target + 2]! ^= multiply(factor, length >>> 8);
    bytes[target + 3]! ^= multiply(factor, length & 0xff);
    this.add(target + SHARD_PREFIX_LENGTH, factor, offset, length);
  }

  /** Adds `factor` times `length` bytes at `offset` to those at `target`. */
  add(target: number, factor: number, offset: number, length: number): void {
    this.#kernels.multiplyAdd(tableOffset(Layout.galoisTables, factor), target, offset, length);
  }
}
