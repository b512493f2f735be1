/**
 * Levels of LZ4 as people expect them, 0 to 16: higher compresses more and costs more. Up to 12 a level is the format's
 * "acceleration" turned round, halved every four; above, more and more earlier places are looked at for each match.
 */
import type { KernelFunctions } from './index.ts';

export const LZ4_HIGHEST_LEVEL = 16;
const HARD_FROM = 13;

/** As `KernelFunctions.lz4Compress`, at a level. */
export function compressAtLevel(
  kernels: KernelFunctions,
  level: number,
  offset: number,
  length: number,
  targetOffset: number,
  capacity: number,
): number {
  if (level < HARD_FROM) {
    return kernels.lz4Compress(offset, length, targetOffset, capacity, Math.round(2 ** ((HARD_FROM - 1 - level) / 4)));
  }
  return kernels.lz4CompressHard(offset, length, targetOffset, capacity, 4 << (level - HARD_FROM));
}
