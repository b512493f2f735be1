/** The part of the WebAssembly JavaScript interface that we use. TypeScript has it only among the types of browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    /** Detached, and so of length 0, once the memory has grown: ours never grows. */
    readonly buffer: ArrayBuffer;
  }

  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
