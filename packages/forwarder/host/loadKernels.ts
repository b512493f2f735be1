import { readFileSync } from 'node:fs';
import { createKernels, type Kernels } from '../kernels/index.ts';

const compiled = new URL('../kernels/build/kernels.wasm', import.meta.url);

/** Starts the kernels on `memory` from the module that packages/forwarder/kernels/build.mjs compiled. */
export function loadKernels(memory: WebAssembly.Memory, path: URL | string = compiled): Kernels {
  return createKernels(memory, readModule(path));
}

function readModule(path: URL | string): Uint8Array<ArrayBuffer> {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`kernels: ${path} cannot be read; run node packages/forwarder/kernels/build.mjs`, { cause });
  }
}
