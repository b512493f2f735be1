/**
 * Memory whose address system calls may be given.
 *
 * A backing store (ArrayBuffer, WebAssembly.Memory that cannot grow) stays where it is for as long as it lives, so an
 * address is good while the array is referenced. Keep that reference: an address alone keeps nothing alive.
 */

import koffi from 'koffi';

export interface NativeMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly address: number;
}

/** Zeroed memory of `size` bytes. */
export function nativeMemory(size: number): NativeMemory {
  const buffer = new ArrayBuffer(size);
  const bytes = new Uint8Array(buffer);
  return { bytes, view: new DataView(buffer), address: addressOf(bytes) };
}

/** Where the first byte of this view lies. Also for a view over a WebAssembly memory with initial = maximum. */
export function addressOf(bytes: Uint8Array): number {
  const address = Number(koffi.address(bytes));
  // Linux user space ends far below 2^53, so a number holds every address exactly; zero would be a null pointer.
  if (!Number.isSafeInteger(address) || address <= 0) throw new Error(`no usable address for ${bytes.length} bytes`);
  return address;
}

/** A WebAssembly memory that never moves, with the address of its first byte. A page is 65,536 bytes. */
export function fixedMemory(pages: number): {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: number;
} {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
  return { memory, bytes, address: addressOf(bytes) };
}
