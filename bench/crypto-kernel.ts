/**
 * How long does one packet's sealing and opening take in the AssemblyScript kernel, and in node:crypto? Rounds of the two
 * alternate within one run, so that whatever else the machine does meets both. Prints one line of JSON: medians over
 * the rounds, in microseconds a packet.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import '../packages/forwarder/kernels/build.mjs';
import { loadKernels } from '../packages/forwarder/host/loadKernels.ts';
import { KERNEL_RESERVED } from '../packages/forwarder/kernels/index.ts';

const ROUNDS = 41;
const ROUND_MS = 8;
const SIZES = [64, 512, 1420];
const KEY = KERNEL_RESERVED;
const MESSAGE = KEY + 64;

const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
const bytes = Buffer.from(memory.buffer);
const { unchecked: kernels } = loadKernels(memory);
const key = randomBytes(32);
/** The fast way to use node:crypto: given the bare bytes, it imports them anew for each packet, 20 µs and more. */
const keyObject = createSecretKey(key);
const nonce = Buffer.alloc(12);
bytes.set(key, KEY);

type Work = (length: number) => void;

const contenders: Record<'kernel' | 'node', Record<'seal' | 'open', Work>> = {
  kernel: {
    seal: (length) => kernels.seal(KEY, 1, 0, MESSAGE, length),
    open: (length) => {
      // Opening in place eats its input: put the ciphertext back, which only makes the kernel look slower.
      bytes.copyWithin(MESSAGE, MESSAGE + 4096, MESSAGE + 4096 + length + 16);
      if (kernels.open(KEY, 1, 0, MESSAGE, length) !== 1) throw new Error('bench: the kernel refused its own message');
    },
  },
  node: {
    seal: (length) => {
      const cipher = createCipheriv('chacha20-poly1305', keyObject, nonce, { authTagLength: 16 });
      cipher.update(bytes.subarray(MESSAGE, MESSAGE + length)).copy(bytes, MESSAGE);
      cipher.final();
      cipher.getAuthTag().copy(bytes, MESSAGE + length);
    },
    open: (length) => {
      const decipher = createDecipheriv('chacha20-poly1305', keyObject, nonce, { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(MESSAGE + 4096 + length, MESSAGE + 4096 + length + 16));
      decipher.update(bytes.subarray(MESSAGE + 4096, MESSAGE + 4096 + length)).copy(bytes, MESSAGE);
      decipher.final();
    },
  },
};

/** Microseconds a call, over about ROUND_MS. */
function timeRound(work: Work, length: number): number {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    for (let repeat = 0; repeat < 100; repeat++) work(length);
    calls += 100;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1000) / calls;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function compare(direction: 'seal' | 'open', length: number) {
  const times = { kernel: [] as number[], node: [] as number[] };
  for (let turn = 0; turn < ROUNDS; turn++) {
    times.kernel.push(timeRound(contenders.kernel[direction], length));
    times.node.push(timeRound(contenders.node[direction], length));
  }
  const kernelUs = median(times.kernel);
  const nodeUs = median(times.node);
  return { kernelUs: round(kernelUs), nodeUs: round(nodeUs), ratio: round(nodeUs / kernelUs) };
}

/** A sealed message for opening, made by the kernel under node:crypto's nonce, so that both open the same bytes. */
function prepareSealed(length: number): void {
  nonce.writeUInt32LE(1, 4);
  bytes.set(randomBytes(length), MESSAGE);
  kernels.seal(KEY, 1, 0, MESSAGE, length);
  bytes.copyWithin(MESSAGE + 4096, MESSAGE, MESSAGE + length + 16);
}

const results = SIZES.map((size) => {
  prepareSealed(size);
  const open = compare('open', size);
  return { size, seal: compare('seal', size), open };
});
console.log(JSON.stringify({ bench: 'crypto-kernel', node: process.version, rounds: ROUNDS, results }));
