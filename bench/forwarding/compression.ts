/** Over a slow line: how long do transfers take with compression, of the time they take without? */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKernels } from '../../packages/forwarder/host/loadKernels.ts';
import { KERNEL_RESERVED } from '../../packages/forwarder/kernels/index.ts';
import { compressAtLevel } from '../../packages/forwarder/kernels/lz4Level.ts';
import { median, round } from './rounds.ts';
import { type Kind, kinds, samples } from './samples.ts';
import { World } from './world.ts';

const UPLINK_MEGABITS = 20;
const LEVEL = 16;
const ROUNDS = 3;
const PACKET_BYTES = 1_400;
const PORT = 5_300;

const compressing = [{ id: 'all', match: {}, compression: LEVEL }];
const plain = [{ id: 'all', match: {}, compression: null }];

const program = fileURLToPath(new URL('./transfer.ts', import.meta.url));

/** For each kind of content: its ratio, what a packet costs, and the time of a transfer against the time without. */
export async function compression(say: (text: string) => void): Promise<object> {
  const contents = samples();
  const times = await transfers(contents, say);
  const answers = kinds.map((kind) => [kind, { ...packetCost(contents[kind]), timeRatio: times[kind] }]);
  return { uplinkMbit: UPLINK_MEGABITS, level: LEVEL, ...Object.fromEntries(answers) };
}

async function transfers(contents: Record<Kind, Buffer>, say: (text: string) => void): Promise<Record<Kind, number>> {
  const world = new World();
  const folder = mkdtempSync(join(tmpdir(), 'pt-bench-'));
  try {
    for (const kind of kinds) writeFileSync(join(folder, kind), contents[kind]);
    const { address } = await world.patronus(plain);
    world.limit(UPLINK_MEGABITS);
    const ratios: Record<Kind, number[]> = { json: [], text: [], html: [], random: [] };
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (const kind of kinds) {
        say(`round ${turn + 1} of ${ROUNDS}: ${kind} over ${UPLINK_MEGABITS} Mbit/s`);
        world.configure(plain);
        const without = await transfer(world, address, join(folder, kind));
        world.configure(compressing);
        const withIt = await transfer(world, address, join(folder, kind));
        ratios[kind].push(withIt / without);
      }
    }
    return Object.fromEntries(kinds.map((kind) => [kind, round(median(ratios[kind]))])) as Record<Kind, number>;
  } finally {
    await world.close();
    rmSync(folder, { recursive: true });
  }
}

/** Seconds from left to right. */
async function transfer({ left, right }: World, address: string, file: string): Promise<number> {
  const node = (namespace: string, ...args: string[]) =>
    spawn('ip', ['netns', 'exec', namespace, process.execPath, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const receiver = node(right.namespace, 'receive', `${PORT}`);
  const ended = once(receiver, 'close');
  try {
    await once(receiver.stdout, 'data');
    const sender = node(left.namespace, 'send', address, `${PORT}`, file);
    let told = '';
    sender.stdout.on('data', (chunk) => {
      told += chunk;
    });
    await once(sender, 'close');
    const { seconds, isIntact } = JSON.parse(told) as { seconds: number; isIntact: boolean };
    if (!isIntact) throw new Error(`bench: ${file} arrived damaged`);
    return seconds;
  } finally {
    if (receiver.exitCode === null) receiver.kill();
    await ended;
  }
}

/** Ratio, and µs to compress and to expand a packet, over the whole content cut into packets. */
function packetCost(content: Buffer) {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
  const bytes = new Uint8Array(memory.buffer);
  const { unchecked: kernels } = loadKernels(memory);
  const [packet, block, expanded] = [KERNEL_RESERVED, KERNEL_RESERVED + 65_536, KERNEL_RESERVED + 131_072];
  const most = PACKET_BYTES - 10;
  let [to, compressMs, expandMs, shrunk] = [0, 0, 0, 0];
  const packets = Math.floor(content.length / PACKET_BYTES);
  // The first pass is for the compiler of the engine.
  for (let pass = 0; pass < 2; pass++) [to, compressMs, expandMs, shrunk] = measure();
  return {
    ratio: round(to / (packets * PACKET_BYTES)),
    compressUs: round((compressMs * 1_000) / packets),
    expandUs: shrunk === 0 ? null : round((expandMs * 1_000) / shrunk),
  };

  function measure(): [number, number, number, number] {
    let [to, compressMs, expandMs, shrunk] = [0, 0, 0, 0];
    for (let at = 0; at < packets; at++) {
      bytes.set(content.subarray(at * PACKET_BYTES, (at + 1) * PACKET_BYTES), packet);
      const start = performance.now();
      const length = compressAtLevel(kernels, LEVEL, packet, PACKET_BYTES, block, most);
      compressMs += performance.now() - start;
      to += length === 0 ? PACKET_BYTES : length;
      if (length === 0) continue;
      shrunk += 1;
      const again = performance.now();
      kernels.lz4Expand(block, length, expanded, PACKET_BYTES);
      expandMs += performance.now() - again;
    }
    return [to, compressMs, expandMs, shrunk];
  }
}
