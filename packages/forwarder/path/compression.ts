// Stand-in until the real one lands.
import type { Kernels } from '../kernels/index.ts';
import type { Link } from '../links.ts';
import type { PacketMemory } from '../memory.ts';
export const COMPRESSION_CAPABILITY = 2;
export const COMPRESSED_FRAME = 6;
export const NOT_SMALLER = -1;
export interface CompressorParts {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly take: (length: number) => number;
  readonly send: (link: Link, offset: number, length: number, now: number) => number;
}
export class Compressor {
  constructor(_parts: CompressorParts) {}
  add(_link: Link, _segment: number, _offset: number, _length: number, _level: number, _now: number): number {
    return NOT_SMALLER;
  }
  flush(_now: number): void {}
}
export interface Expansion {
  readonly memory: PacketMemory;
  readonly kernels: Kernels;
  readonly take: (length: number) => number;
  readonly deliver: (segment: number, offset: number, length: number) => void;
}
export function expandFrame(_expansion: Expansion, _link: Link, _offset: number, _length: number): number {
  return 0;
}
