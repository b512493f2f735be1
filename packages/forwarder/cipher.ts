/**
 * What seals and opens transport messages: ChaCha20-Poly1305 with an empty additional data, in place, in the packet
 * memory. The kernels are one; what the machine has may be faster (host/openssl.ts).
 */
import type { KernelFunctions, Kernels } from './kernels/index.ts';

/** As the kernels' functions, but `seal` may use up to 32 bytes behind the message, of which 16 become its tag. */
export interface Cipher extends Pick<KernelFunctions, 'seal' | 'open'> {
  /** For people: `wasm-simd`, `openssl`. */
  readonly name: string;
}

/** The kernels as a cipher. */
export function kernelCipher({ unchecked }: Kernels): Cipher {
  return { name: 'wasm-simd', seal: unchecked.seal, open: unchecked.open };
}
