/**
 * What seals and opens transport messages: ChaCha20-Poly1305 with an empty additional data, in place, in the packet
 * memory. The kernels are one; what the machine has may be faster (host/openssl.ts).
 */
import type { KernelFunctions } from './kernels/index.ts';

export interface Cipher extends Pick<KernelFunctions, 'seal' | 'open'> {
  /** For people: `wasm-simd`, `openssl`. */
  readonly name: string;
}
